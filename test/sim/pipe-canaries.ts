// Known bugs of links that are changed in mid-session, each of a kind that has broken other systems.
// Random runs with pipes must find them.

import { ParkSide } from "../../src/core/park-side.ts";
import type { Pipe } from "../../src/core/pipe.ts";
import { PipedHalf } from "../../src/core/piped-half.ts";
import type { RequestSide } from "../../src/core/request-side.ts";
import type { Canary } from "./canaries.ts";
import { around } from "./planting.ts";

/** The private side of classes, as far as the bugs reach into it. */
interface Linked {
  readonly pipes: Map<number, Pipe>;
  readonly lastLink: number;
}

export const PIPE_CANARIES: readonly Canary[] = [
  {
    name: "forgets what was on a pipe that breaks",
    after: "transports that take what they have buffered along when their connection breaks",
    plantings: [
      {
        prototype: PipedHalf.prototype,
        member: "leavePipe",
        descriptor: around((_half, call, args) => {
          const [pipe] = args as unknown as [Pipe];
          pipe.takeAll();
          return call(pipe);
        }),
      },
    ],
  },
  {
    name: "writes to a pipe whatever waits",
    after: "WebSockets, whose send() never says no: bufferedAmount grows until the page dies",
    plantings: [
      { prototype: PipedHalf.prototype, member: "roomOn", descriptor: around(() => 1e9) },
    ],
  },
  {
    name: "takes the stream that was offered last for the one that was offered first",
    after: "one-time tokens that are looked up by session, and not by themselves",
    plantings: [
      {
        prototype: ParkSide.prototype,
        member: "noteOffer",
        descriptor: around<ParkSide>((side, call, args) => {
          if ((side as unknown as Linked).lastLink === 0) call(...args);
        }),
      },
    ],
  },
  {
    name: "begins to count anew what has come when there is another connection",
    after: "servers that know a client by its connection alone, so that a new one is a new client",
    plantings: [
      {
        prototype: PipedHalf.prototype,
        member: "addPipe",
        descriptor: around((half, call, args) => {
          const { received } = (half as RequestSide).receiver;
          if (received.highest > 0) received.remove(received.highest, received.highest);
          call(...args);
        }),
      },
    ],
  },
  {
    name: "leaves pipes open when the session has ended",
    after: "sockets that nobody closes, until there are no more descriptors",
    plantings: [
      {
        prototype: PipedHalf.prototype,
        member: "end",
        descriptor: around((half, call, args) => {
          const { pipes } = half as Linked;
          const kept = [...pipes];
          pipes.clear();
          call(...args);
          for (const [link, pipe] of kept) pipes.set(link, pipe);
        }),
      },
    ],
  },
];
