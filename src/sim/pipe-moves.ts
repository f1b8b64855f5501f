/** What the client is told of its pipes, as marks: joined, over and why, moved which way. */
import type { ApplicationOutput } from "../core/index.ts";
import type { ConnectedCores } from "./connected-cores.ts";
import type { PipeKind } from "./pipes.ts";
import type { Play } from "./play.ts";

/** The better, the higher. */
const RANKS: Readonly<Record<PipeKind, number>> = { stream: 1, duplex: 2 };

export class PipeMoves {
  /** What the client hears by; 0: its requests. */
  private rank = 0;
  private readonly cores: ConnectedCores;
  private readonly play: Play;

  constructor(cores: ConnectedCores, play: Play) {
    this.cores = cores;
    this.play = play;
  }

  /** The client is told something. */
  note(output: ApplicationOutput): void {
    const { play } = this;
    if (output.kind === "pipe-joined") {
      play.mark("pipe joined");
      const pipe = this.cores.http.pipes.find("client", output.link);
      if (pipe !== undefined) this.move(RANKS[pipe.kind]);
    } else if (output.kind === "pipe-gone") {
      play.mark(`pipe gone: ${output.why}`);
      // What takes the place of another one has been joined before.
      if (output.wasJoined) this.move(0);
    } else if (output.kind === "ended") {
      this.rank = 0;
    }
  }

  private move(to: number): void {
    const { play, rank } = this;
    if (to === rank) play.mark("moved aside");
    else play.mark(to > rank ? "moved up" : "moved down");
    const { client, session } = this.cores;
    const isBusy = !client.isFlushed || session?.side.isFlushed === false;
    if (isBusy) play.mark("moved with messages");
    this.rank = to;
  }
}
