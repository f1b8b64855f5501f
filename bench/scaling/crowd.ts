/**
 * Many `RequestSide`s and one `Endpoint` in one process, joined as in pair.ts: what a server does
 * for all of its clients at once, and what these do. A group of them has something to say at a
 * time; the others are parked, and what they cost is what the group's messages cost more.
 */
import {
  Endpoint,
  type EndpointOptions,
  RequestSide,
  type RequestOptions,
  type ServerSession,
  type SessionOptions,
} from "holdfast/core";
import type { Way } from "../pair.ts";
import type { Numbered } from "./numbered.ts";

/** Clients that open together. */
const OPENING = 256;

/** More than there are sessions: handles are made of a session's number and an exchange's. */
const HANDLES = 1 << 16;

/** What is parked stays so: idle sessions with their hold times are another measurement. */
const OPTIONS: Partial<SessionOptions> = {
  holdTimeMs: 40_000_000,
  silenceLimitMs: 80_000_000,
};

interface Member {
  readonly number: number;
  readonly client: RequestSide;
  session: ServerSession | undefined;
  /** Requests on their way. */
  readonly requests: { exchange: number; body: Uint8Array }[];
  readonly sent: Record<Way, number>;
  readonly delivered: Record<Way, number>;
  wakesAtMs: number;
}

export class Crowd {
  readonly members: readonly Member[];
  private readonly server: Endpoint;
  private readonly numbered: Numbered;
  private readonly bySession: Map<ServerSession, Member> = new Map();
  private nowMs = 1_000;
  private serverWakesAtMs = 0;
  private next = 0;

  constructor(count: number, numbered: Numbered) {
    this.numbered = numbered;
    const limits = { sessionsMax: count, sessionsPerAddressMax: count };
    const park: Partial<EndpointOptions> = { ...OPTIONS, ...limits };
    this.server = new Endpoint(this.nowMs, park);
    this.members = Array.from({ length: count }, (_, number) => this.makeMember(number));
    for (let first = 0; first < count; first += OPENING) {
      this.drive(this.members.slice(first, first + OPENING));
    }
    if (this.server.sessions.size !== count) throw new Error("not all sessions have opened");
  }

  /** The first ones have something to say next, again. */
  beginAgain(): void {
    this.next = 0;
  }

  /** The next `sessions` of all, round and round, each send as many messages; until all are held. */
  turn(way: Way, sessions: number, messagesEach: number): void {
    const group: Member[] = [];
    for (let at = 0; at < sessions; at++) {
      const member = this.members[this.next] as Member;
      this.next = (this.next + 1) % this.members.length;
      this.send(member, way, messagesEach);
      group.push(member);
    }
    this.drive(group);
  }

  /** Throws unless every message that was sent was delivered; `turn` looks at their order. */
  verify(): void {
    for (const { number, sent, delivered } of this.members) {
      if (sent.up !== delivered.up || sent.down !== delivered.down) {
        throw new Error(`session ${number}: not everything was delivered once`);
      }
    }
  }

  private makeMember(number: number): Member {
    const nonce = new Uint8Array(16);
    new DataView(nonce.buffer).setUint32(0, number);
    const request: Partial<RequestOptions> = OPTIONS;
    return {
      number,
      client: new RequestSide(this.nowMs, { nonce, secret: nonce.slice().fill(7) }, request),
      session: undefined,
      requests: [],
      sent: { up: 0, down: 0 },
      delivered: { up: 0, down: 0 },
      wakesAtMs: 0,
    };
  }

  private send(member: Member, way: Way, count: number): void {
    const session = member.session as ServerSession;
    const side = way === "up" ? member.client : session.side;
    for (let at = 0; at < count; at++) {
      side.send(this.nowMs, this.numbered.at(member.sent[way]++));
    }
    if (way === "down") this.server.touch(session);
  }

  /** Ticks of a group of clients and of the server, until all of the group have settled. */
  private drive(group: readonly Member[]): void {
    let isSettled = false;
    while (!isSettled) {
      this.drainServer();
      let nextMs = this.serverWakesAtMs;
      for (const member of group) {
        this.drainClient(member);
        nextMs = Math.min(nextMs, member.wakesAtMs);
      }
      this.nowMs = Math.max(this.nowMs, nextMs);
      for (const member of group) {
        member.client.handleTimeout(this.nowMs);
        this.drainClient(member);
        for (const { exchange, body } of member.requests) {
          const handle = exchange * HANDLES + member.number;
          this.server.handleRequest(this.nowMs, handle, body, ORIGIN);
        }
        member.requests.length = 0;
      }
      this.drainServer();
      this.server.handleTimeout(this.nowMs);
      this.drainServer();
      for (const member of group) this.drainClient(member);
      isSettled = group.every(hasSettled);
    }
  }

  private drainClient(member: Member): void {
    const { client } = member;
    let output = client.poll();
    for (; output.kind !== "timeout"; output = client.poll()) {
      if (output.kind === "request") member.requests.push(output);
      else if (output.kind === "deliver") this.take(member, "down", output.payloads);
      else if (output.kind === "ended") throw new Error(`client ended: ${output.reason}`);
    }
    member.wakesAtMs = output.atMs;
  }

  private drainServer(): void {
    const { server } = this;
    let output = server.poll();
    for (; output.kind !== "timeout"; output = server.poll()) {
      if (output.kind === "respond") {
        const member = this.members[output.handle % HANDLES] as Member;
        member.client.handleAnswer(this.nowMs, Math.floor(output.handle / HANDLES), output.body);
      } else if (output.kind === "session") {
        this.hear(output.session, output.output);
      }
    }
    this.serverWakesAtMs = output.atMs;
  }

  private hear(
    session: ServerSession,
    output: Extract<ReturnType<Endpoint["poll"]>, { kind: "session" }>["output"],
  ): void {
    if (output.kind === "ended") throw new Error(`server ended: ${output.reason}`);
    let member = this.bySession.get(session);
    if (member === undefined) {
      // The nonce is the beginning of the identifier, a character for each byte.
      const number = [0, 1, 2, 3].reduce((sum, at) => sum * 256 + session.id.charCodeAt(at), 0);
      member = this.members[number] as Member;
      member.session = session;
      this.bySession.set(session, member);
    }
    if (output.kind === "deliver") this.take(member, "up", output.payloads);
  }

  private take(member: Member, way: Way, payloads: readonly Uint8Array[]): void {
    this.numbered.check(payloads, member.delivered[way], 1);
    member.delivered[way] += payloads.length;
  }
}

const ORIGIN = { address: "192.0.2.1", principal: "" };

function hasSettled({ client, session, requests, sent, delivered }: Member): boolean {
  return (
    session !== undefined &&
    client.state === "open" &&
    requests.length === 0 &&
    sent.up === delivered.up &&
    sent.down === delivered.down &&
    client.isFlushed &&
    session.side.isFlushed
  );
}
