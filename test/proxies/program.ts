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

/** What a test chooses of a setting. */
export type Conditions = Omit<Setting, "folder" | "port" | "serverPort">;

/** How a program is started: files in its folder, and arguments. */
export interface Launch {
  readonly files: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  /** What it leaves behind outside its folder when it is killed. */
  readonly remains?: readonly string[];
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
  /**
   * It gives silent requests up after now this time and now that one, so that a client cannot learn
   * how long they may be held. Default: always after the same.
   */
  readonly cutsUnevenly?: boolean;
  /** The client must ask it for the whole URL. */
  readonly isForwardProxy?: boolean;
  prepare(setting: Setting): Launch;
}

/** What stands in between, and runs. */
export interface Standing {
  /** Where clients connect. */
  readonly port: number;
  /** What clients of a forward proxy ask it for, on 127.0.0.1. */
  readonly originPort: number;
  /** Starts it, again, on its port; done when it takes connections. */
  up(): Promise<void>;
  /** Ends it with everything that is under way in it. */
  down(): Promise<void>;
  /** Makes it read its configuration again. */
  reload(): Promise<void>;
}

/** A way of more, or of less, than one program. */
export interface Way {
  readonly name: string;
  readonly isForwardProxy?: boolean;
  /** Everything of it ends with the test. */
  stand(serverPort: number, conditions: Conditions): Promise<Standing>;
}

/** Where distributions keep such programs; a user's PATH may leave the latter two out. */
export const PROGRAM_FOLDERS: readonly string[] = [
  ...(process.env["PATH"] ?? "").split(":"),
  "/usr/sbin",
  "/usr/local/sbin",
];
