/** What the tests need to know of a program that stands between a client and its server. */

/** How one run of a program is set up. Times that are not stated are as the program comes. */
export interface Setting {
  /** An empty folder of its own. */
  readonly folder: string;
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
  /** Where the server listens, on 127.0.0.1. */
  readonly serverPort: number;
  /** A request that is silent for so long is given up. Whole seconds. */
  readonly silenceMs?: number;
  /** An idle connection to the server is closed after so long. Whole seconds. */
  readonly idleMs?: number;
  /** Larger requests are refused. */
  readonly requestBytesMax?: number;
}

/** How a program is started: files in its folder, and arguments. */
export interface Launch {
  readonly files: Readonly<Record<string, string>>;
  readonly args: readonly string[];
}

export interface Program {
  /** As the tests name it. */
  readonly name: string;
  readonly command: string;
  /** Debian's package of it. */
  readonly package: string;
  /** The version of HTTP in which it asks the server. */
  readonly versionToServer: "1.0" | "1.1";
  /** Whether it uses a connection to the server for more than one request. */
  readonly keepsConnections: boolean;
  /** What it answers by itself when the server closes a kept connection under a request. */
  readonly statusOfClosed?: number;
  /** Makes it read its configuration again, and what it then writes; undefined: it cannot. */
  readonly reload: { readonly signal: NodeJS.Signals; readonly mark: string } | undefined;
  /** Whether it can be told to refuse large requests. */
  readonly limitsRequests: boolean;
  /** The client must ask it for the whole URL. */
  readonly isForwardProxy?: boolean;
  prepare(setting: Setting): Launch;
}

/** Where distributions keep such programs; a user's PATH may leave the latter two out. */
export const PROGRAM_FOLDERS: readonly string[] = [
  ...(process.env["PATH"] ?? "").split(":"),
  "/usr/sbin",
  "/usr/local/sbin",
];
