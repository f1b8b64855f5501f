/** The entry points of the package, and the page of the reference that each has. */

export interface Entry {
  readonly subpath: string;
  /** Declarations and module, within `dist`, without their endings. */
  readonly module: string;
  readonly page: string;
  /** What the page says first. */
  readonly about: string;
  /** Entries whose types this one's signatures may name without exporting them again. */
  readonly builtOn: readonly string[];
}

export const HOLDFAST: Entry = {
  subpath: "holdfast",
  module: "http/connect-node",
  page: "holdfast.md",
  about: "Sessions as an application uses them, on both sides, and clients.",
  builtOn: [],
};

/** What `holdfast` is where there is no Node; its differences stand on the same page. */
export const HOLDFAST_BY_FETCH: Entry = { ...HOLDFAST, module: "http/connect-fetch" };

export const ENTRIES: readonly Entry[] = [
  HOLDFAST,
  {
    subpath: "holdfast/server",
    module: "session/server",
    page: "server.md",
    about: "A server's sessions. Knows no HTTP: an adapter of `holdfast/http` hands requests in.",
    builtOn: ["holdfast"],
  },
  {
    subpath: "holdfast/http/node",
    module: "http/node",
    page: "http-node.md",
    about:
      "Serving sessions by `node:http`, `node:https`, `node:http2` and what is built on them: " +
      "Express, Fastify.",
    builtOn: ["holdfast/server", "holdfast"],
  },
  {
    subpath: "holdfast/http/fetch",
    module: "http/fetch-handler",
    page: "http-fetch.md",
    about: "Serving sessions by whatever speaks the web's `Request` and `Response`, such as Hono.",
    builtOn: ["holdfast/server", "holdfast"],
  },
  {
    subpath: "holdfast/tcp",
    module: "http/tcp",
    page: "tcp.md",
    about: "Serving sessions by bare TCP connections, and by TLS, to Node's clients.",
    builtOn: ["holdfast/server", "holdfast"],
  },
  {
    subpath: "holdfast/chaos",
    module: "chaos/index",
    page: "chaos.md",
    about: "A fault proxy for tests, for HTTP and for raw TCP.",
    builtOn: [],
  },
  {
    subpath: "holdfast/core",
    module: "core/index",
    page: "core.md",
    about:
      "The protocol without a clock, I/O or randomness, for those who drive it themselves. The " +
      "rules are in the [specification](../protocol.md), the rules of a driver in " +
      "[Driving the core](../driving-the-core.md).",
    builtOn: [],
  },
  {
    subpath: "holdfast/sim",
    module: "sim/index",
    page: "sim.md",
    about:
      "The simulated network that drives two cores, checks of what is promised, and an explorer " +
      "of every order of events.",
    builtOn: ["holdfast/core"],
  },
  {
    subpath: "holdfast/sim/fast-check",
    module: "sim/fast-check",
    page: "sim-fast-check.md",
    about:
      "Scenarios of the simulation under [fast-check](https://fast-check.dev), which is an " +
      "optional peer: who does not import this need not have it.",
    builtOn: ["holdfast/sim"],
  },
  {
    subpath: "holdfast/sim/session",
    module: "sim-session/index",
    page: "sim-session.md",
    about:
      "Real sessions in the simulated world, to test one's own programs in it: how is told in " +
      "[Property testing](../property-testing.md).",
    builtOn: ["holdfast/sim", "holdfast/server", "holdfast"],
  },
];

/** What is exported by a subpath that has no page of its own. */
export const ALIASES: Readonly<Record<string, string>> = {
  "holdfast/browser":
    "exports what `holdfast` does in browsers, as one minified module; its one import is `msgpackr`",
};
