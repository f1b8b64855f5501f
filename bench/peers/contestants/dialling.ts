/**
 * Clients of libraries that leave it to the application to go on after a cut: it connects anew, at
 * once, and what it is given to send meanwhile waits and goes then. What was on its way is lost,
 * as the library does not tell what has arrived.
 */
import type { ConnectOptions, Connection, Message } from "../contestant.ts";

/** After an attempt that has failed; the first one comes at once. */
const PAUSE_MS = 10;

/**
 * Opens one connection. Calls back in the turn in which it is open, as its first message may come
 * in the same turn.
 */
type Dial = (
  port: number,
  opened: (connection: Connection) => void,
  failed: (reason: unknown) => void,
) => void;

/** Makes a contestant's `connect` of it. */
export function dialling(dial: Dial): (options: ConnectOptions) => Promise<Connection> {
  return ({ port, reconnects = false }) =>
    new Promise((resolve, reject) => {
      if (!reconnects) return dial(port, resolve, reject);
      const redialling = new Redialling(dial, port);
      const opened = (connection: Connection): void => {
        redialling.use(connection);
        resolve(redialling);
      };
      dial(port, opened, reject);
    });
}

class Redialling implements Connection {
  onMessage: Connection["onMessage"] = () => {};
  onDrain: Connection["onDrain"] = () => {};
  onClose: Connection["onClose"] = () => {};
  readonly #dial: Dial;
  readonly #port: number;
  #current: Connection | undefined;
  #waiting: Message[] = [];
  #isClosed = false;

  constructor(dial: Dial, port: number) {
    this.#dial = dial;
    this.#port = port;
  }

  send(message: Message): boolean {
    if (this.#current !== undefined) return this.#current.send(message);
    this.#waiting.push(message);
    return false;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#current?.close();
    this.onClose();
  }

  use(connection: Connection): void {
    if (this.#isClosed) return connection.close();
    this.#current = connection;
    connection.onMessage = (message) => this.onMessage(message);
    connection.onDrain = () => this.onDrain();
    connection.onClose = () => {
      if (this.#current !== connection) return;
      this.#current = undefined;
      this.#redial();
    };
    const waiting = this.#waiting;
    this.#waiting = [];
    let hasRoom = true;
    for (const message of waiting) hasRoom = this.send(message);
    if (hasRoom && waiting.length > 0) this.onDrain();
  }

  #redial(): void {
    if (this.#isClosed) return;
    let isSettled = false;
    const opened = (connection: Connection): void => {
      isSettled = true;
      this.use(connection);
    };
    const failed = (): void => {
      if (isSettled) return;
      isSettled = true;
      setTimeout(() => this.#redial(), PAUSE_MS);
    };
    this.#dial(this.#port, opened, failed);
  }
}
