/**
 * A spool directory: the second carrier of the contract suite, without any network. A request is a
 * file that appears whole, by a rename, in one folder; its answer is a file of the same name in
 * another. Both ends watch their folder, and look into it now and then, as watching may miss things.
 */
import {
  existsSync,
  type FSWatcher,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  watch,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

export const REQUESTS = "requests";
export const ANSWERS = "answers";
/** Files in the making. */
export const DRAFTS = "drafts";

/** The end of a request's name when its sender does not wait for the answer any more. */
export const WITHDRAWN = ".withdrawn";

/** What stands first in a file of an answer. */
export const ANSWER_KINDS = {
  body: 0,
  /** The rest is the reason. */
  refusal: 1,
  /** Something between the two ends took the request or its answer away. */
  severed: 2,
} as const;

const LOOK_AGAIN_MS = 50;

/** Puts a file into a folder: it appears there whole. */
export function post(root: string, folder: string, name: string, content: Uint8Array): void {
  const draft = join(root, DRAFTS, `${folder}-${name}`);
  writeFileSync(draft, content);
  renameSync(draft, join(root, folder, name));
}

/** Takes a file out of a folder; undefined if it is not there. */
export function takeFile(root: string, folder: string, name: string): Uint8Array | undefined {
  const path = join(root, folder, name);
  try {
    const content = readFileSync(path);
    unlinkSync(path);
    return new Uint8Array(content);
  } catch {
    return undefined;
  }
}

/** The names in a folder; none when it is not there. */
export function namesIn(root: string, folder: string): string[] {
  try {
    return readdirSync(join(root, folder));
  } catch {
    return [];
  }
}

/** Tells of each name that may be new in a folder, perhaps more than once. */
export class FolderWatch {
  #watcher: FSWatcher | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(
    root: string,
    folder: string,
    onName: (name: string) => void,
    onAway = (): void => {},
  ) {
    const look = (): void => {
      if (!existsSync(join(root, folder))) onAway();
      this.#watcher ??= watchFolder(join(root, folder), onName);
      for (const name of namesIn(root, folder)) onName(name);
    };
    this.#timer = setInterval(look, LOOK_AGAIN_MS);
    look();
  }

  close(): void {
    this.#watcher?.close();
    clearInterval(this.#timer);
  }
}

/** Undefined while the folder is not there. */
function watchFolder(path: string, onName: (name: string) => void): FSWatcher | undefined {
  try {
    const watcher = watch(path, (_event, name) => {
      if (name !== null) onName(name);
    });
    // A folder that is moved away is no error of the watcher's owner.
    watcher.on("error", () => {});
    return watcher;
  } catch {
    return undefined;
  }
}
