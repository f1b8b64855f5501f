// Collects the tests of one or more files: what takes the place of vitest's `describe` and `test`
// where the runner of mutants evaluates them in its own process.

import { format } from "node:util";

const AsyncFunction = (async () => undefined).constructor as new () => unknown;

/** A test as it was registered; what it throws is its failure. */
export interface Collected {
  /** The file and the full name; unique. */
  readonly id: string;
  readonly run: () => unknown;
}

type Body = (...args: never[]) => unknown;

/** The part of vitest's interface that pure tests use. */
export interface Registering {
  (name: string, body: () => unknown, timeoutMs?: number): void;
  each(rows: readonly unknown[]): (name: string, body: Body, timeoutMs?: number) => void;
}

export class Collector {
  readonly tests: Collected[] = [];
  /** The file whose tests are registered; its bundle sets it. */
  file = "";
  readonly describe: Registering;
  readonly test: Registering;
  private readonly ids = new Map<string, number>();
  private readonly path: string[] = [];

  constructor() {
    this.describe = withEach((name, body) => {
      this.path.push(name);
      body();
      this.path.pop();
    });
    this.test = withEach((name, run) => {
      // Those of whole sessions, whose promises outlive the call; they judge nothing of the core
      // that a test which is over when it returns could not.
      if (run instanceof AsyncFunction) return;
      const id = `${this.file}#${[...this.path, name].join(" ")}`;
      const doubles = this.ids.get(id) ?? 0;
      this.ids.set(id, doubles + 1);
      this.tests.push({ id: doubles === 0 ? id : `${id} (${doubles + 1})`, run });
    });
  }
}

function withEach(register: (name: string, body: () => unknown) => void): Registering {
  const each = (rows: readonly unknown[]) => (name: string, body: Body) => {
    for (const [at, row] of rows.entries()) {
      const args = (Array.isArray(row) ? row : [row]) as never[];
      const plain = args.filter((arg) => typeof arg === "string" || typeof arg === "number");
      const run = (): unknown => body(...args);
      const isLeftOut = body instanceof AsyncFunction;
      register(`${format(name, ...plain)} [${at}]`, isLeftOut ? async () => run() : run);
    }
  };
  return Object.assign(register, { each });
}
