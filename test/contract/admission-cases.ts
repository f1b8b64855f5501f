/** Who may have a session, and how many there may be. */
import { expect, it } from "vitest";
import { END_CODES } from "../../src/core/index.ts";
import { json, raw } from "../../src/session/index.ts";
import { type Harness, Rig } from "./harness.ts";
import { soon, take, until } from "../waiting.ts";

const BY_LIMIT = { reason: "refused", by: "peer", code: END_CODES.limit };

export function admissionCases(harness: Harness): void {
  it("refuses a session above the server's limit, and leaves the others alone", async () => {
    const rig = await Rig.start<string, string>(harness, { sessionsMax: 1 });
    const [client, session] = await rig.pair();
    const second = rig.connect();
    second.send("in vain");
    const info = await soon(second.ended, "the refusal");
    expect(info).toMatchObject(BY_LIMIT);
    expect(info.neverSent.length + info.unknown.length).toBe(1);
    client.send("still here");
    expect(await take(session, 1)).toEqual(["still here"]);
    await soon(client.close(), "the close");
    const [third] = await rig.pair();
    expect(third.status.state).toBe("open");
  });

  const hasNoAddresses = harness.lacks.includes("addresses");
  it.skipIf(hasNoAddresses)(
    "counts sessions by address, and tells it to the application",
    async () => {
      const rig = await Rig.start(harness, { sessionsPerAddressMax: 1 });
      const [, session] = await rig.pair();
      expect(session.address).toBe("127.0.0.1");
      expect(await soon(rig.connect().ended, "the refusal")).toMatchObject(BY_LIMIT);
    },
  );

  it("refuses what is larger than the other side takes, where it is sent", async () => {
    const rig = await Rig.start<string, string>(harness, { messageBytesMax: 20_000 });
    const [client, session] = await rig.pair();
    const tooLarge = expect.objectContaining({ code: "message_too_large" });
    expect(() => client.send("x".repeat(20_001))).toThrow(tooLarge);
    client.send("x".repeat(19_000));
    expect((await take(session, 1))[0]).toHaveLength(19_000);
  });

  it("ends a session whose messages the other side cannot decode, and says why", async () => {
    const rig = await Rig.start<unknown, unknown>(harness, { codec: json });
    const [client, session] = await rig.pair({ codec: raw });
    session.onBundle(() => {});
    client.send(new TextEncoder().encode("{"));
    const told = { code: END_CODES.protocol, detail: "payload_undecodable" };
    const info = await soon(client.ended, "the client's end");
    expect(info).toMatchObject({ reason: "peer-ended", ...told });
    expect(await soon(session.ended, "the server's end")).toMatchObject({ reason: "aborted" });
  });

  const hasNoHeaders = harness.lacks.includes("headers");
  it.skipIf(hasNoHeaders)("asks who a client is, and waits for the answer", async () => {
    let admit: ((name: string) => void) | undefined;
    const asked: (string | undefined)[] = [];
    const rig = await Rig.start<string, string>(harness, {
      authenticate: (peer) => {
        asked.push(peer.header("authorization"));
        return new Promise((resolve) => (admit = resolve));
      },
    });
    const client = rig.connect({ headers: { authorization: "Bearer 1" } });
    client.send("early");
    await until(() => asked.length > 0, "the question");
    expect(rig.server.sessions).toEqual([]);
    expect(client.status.state).toBe("opening");
    admit?.("alice");
    const session = await rig.nextSession();
    expect(session.principal).toBe("alice");
    expect(await take(session, 1)).toEqual(["early"]);
    await soon(client.opened, "the opening");
    expect(asked).toEqual(["Bearer 1"]);
  });

  const noes = {
    "says no": () => undefined,
    "says no later": () => Promise.resolve(undefined),
  };
  for (const [what, authenticate] of Object.entries(noes)) {
    it(`refuses a client when the application's authenticate ${what}`, async () => {
      const errors: unknown[] = [];
      const onError = (error: unknown): void => void errors.push(error);
      const rig = await Rig.start<string, string>(harness, { authenticate, onError });
      const client = rig.connect();
      client.send("never read");
      const info = await soon(client.ended, "the refusal");
      expect(info).toMatchObject({ reason: "refused", by: "peer", detail: "unauthenticated" });
      await expect(client.opened).rejects.toMatchObject({ code: "session_ended" });
      expect(rig.server.sessions).toEqual([]);
      // A no is no mistake of the application's.
      expect(errors).toEqual([]);
    });
  }

  const failures = {
    throws: () => {
      throw new Error("The database of users is away");
    },
    rejects: () => Promise.reject(new Error("The database of users is away")),
  };
  for (const [what, fail] of Object.entries(failures)) {
    it(`lets a client come again when the application's authenticate ${what}`, async () => {
      const errors: unknown[] = [];
      let asked = 0;
      const rig = await Rig.start<string, string>(harness, {
        authenticate: () => (++asked === 1 ? fail() : "alice"),
        onError: (error) => void errors.push(error),
      });
      const client = rig.connect();
      client.send("read later");
      const session = await rig.nextSession();
      expect(session.principal).toBe("alice");
      expect(await take(session, 1)).toEqual(["read later"]);
      await soon(client.opened, "the opening");
      expect(errors).toEqual([new Error("The database of users is away")]);
    });
  }

  const hasNoRequests = harness.lacks.includes("requests");
  it.skipIf(hasNoRequests)(
    "asks an async provider for the credentials of each request",
    async () => {
      let tokens = 0;
      const rig = await Rig.start<string, string>(harness, {
        authenticate: (peer) => (peer.header("authorization")?.startsWith("T") ? "bob" : undefined),
      });
      const headers = async (): Promise<Record<string, string>> => {
        await Promise.resolve();
        return { authorization: `T${++tokens}` };
      };
      const [client, session] = await rig.pair({ headers });
      for (const text of ["one", "two", "three"]) {
        client.send(text);
        expect(await take(session, 1)).toEqual([text]);
      }
      const seen = rig.desk.authorizations;
      expect(seen.length).toBeGreaterThanOrEqual(4);
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen.every((token) => /^T\d+$/.test(token))).toBe(true);
    },
  );

  it.skipIf(hasNoHeaders)("lives on when the provider fails for a while", async () => {
    let isFailing = false;
    const rig = await Rig.start<string, string>(harness);
    const headers = async (): Promise<Record<string, string>> => {
      if (isFailing) throw new Error("The token service is away");
      return { authorization: "T" };
    };
    const [client, session] = await rig.pair({ headers });
    isFailing = true;
    client.send("later");
    // What had its credentials before may open once more.
    await until(() => {
      if (client.status.reason === "credentials_failed") return true;
      rig.site.cut();
      return false;
    }, "the reason");
    expect(client.status.state).toBe("interrupted");
    isFailing = false;
    expect(await take(session, 1)).toEqual(["later"]);
  });
}
