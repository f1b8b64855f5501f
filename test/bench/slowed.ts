// Contestants of `npm run bench:check`, ours at half their pace: after whatever they do, both
// processes burn as much time of a processor again.

import type { Connection, Contestant, Message } from "../../bench/peers/contestant.ts";
import { contestants as builtIn } from "../../bench/peers/contestants/built-in.ts";

let paidUs = 0;
let hasPaid = false;

function usedUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Burns as much as was used since the last time; once a turn, as asking what was used costs too. */
function payAgain(): void {
  if (hasPaid) return;
  hasPaid = true;
  setImmediate(() => (hasPaid = false));
  const untilUs = 2 * usedUs() - paidUs;
  while (usedUs() < untilUs);
  paidUs = untilUs;
}

/** What was used for a message is paid before it is passed on. */
function slowedConnection(connection: Connection): Connection {
  const send = connection.send.bind(connection);
  connection.send = (message) => {
    payAgain();
    return send(message);
  };
  let take = connection.onMessage;
  Object.defineProperty(connection, "onMessage", {
    get: () => (message: Message) => {
      payAgain();
      take(message);
    },
    set: (handler: Connection["onMessage"]) => {
      take = handler;
    },
  });
  // What it took to start is not to be paid.
  paidUs = usedUs();
  return connection;
}

function slowed(contestant: Contestant): Contestant {
  return {
    ...contestant,
    serve: ({ onConnection, ...options }) =>
      contestant.serve({
        ...options,
        onConnection: (connection) => onConnection(slowedConnection(connection)),
      }),
    connect: async (options) => slowedConnection(await contestant.connect(options)),
  };
}

export const contestants: readonly Contestant[] = builtIn.map((contestant) =>
  contestant.kind === "holdfast" ? slowed(contestant) : contestant,
);
