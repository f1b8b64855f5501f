// A client without scruples: says what it likes with the right secret or without, over one kept
// connection.

import { Bench, type Script, ScriptedClient } from "../core/scripted-client.ts";
import { Connection, requestOf } from "./wire.ts";

let numbers = 0;

/** The script of a client that no other attack has used. */
export function newScript(): ScriptedClient {
  return new ScriptedClient(new Bench(), ++numbers);
}

export class Rogue {
  readonly script: ScriptedClient = newScript();
  readonly connection: Connection;
  #headers: string;
  #exchange = 0;

  private constructor(connection: Connection, headers: string) {
    this.connection = connection;
    this.#headers = headers;
  }

  /** With a session that is open; `script` rides on the opening. */
  static async open(port: number, script: Script = {}, headers = ""): Promise<Rogue> {
    const rogue = new Rogue(await Connection.open(port), headers);
    const said = await rogue.say({ open: true, ...script });
    if (said !== "200 answer") throw new Error(`the opening was answered: ${said}`);
    return rogue;
  }

  /** The bytes of the next request. */
  next(script: Script = {}, exchange = ++this.#exchange): Uint8Array {
    return this.script.encode(exchange, { overThrough: exchange - 1, ...script });
  }

  /** What the next request is answered with; `exchange` where it is not the next. */
  say(script: Script = {}, exchange?: number): Promise<string> {
    return this.send(exchange === undefined ? this.next(script) : this.next(script, exchange));
  }

  async send(bytes: Uint8Array): Promise<string> {
    this.connection.write(requestOf(bytes, this.#headers));
    return this.connection.said(bytes);
  }

  /** Later requests carry other headers. */
  disguise(headers: string): void {
    this.#headers = headers;
  }

  destroy(): void {
    this.connection.destroy();
  }
}
