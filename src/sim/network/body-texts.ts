/** Bodies in a few words, for charts: what a reader of the wire sees in them. */
import {
  type Body,
  type NumberedFrame,
  type PipeState,
  readBody,
  readHead,
} from "../../core/index.ts";

/** Answers do not name their session; it is learnt from the requests. */
export class BodyTexts {
  private sessionId: Uint8Array = new Uint8Array(0);

  /** "[seq 4-6, ack 2]"; what cannot be read is told by its size. */
  describe(bytes: Uint8Array): string {
    const body = this.read(bytes);
    if (body === undefined) return `[${bytes.length} bytes]`;
    const parts = [...events(body), ...body.numbered.map(describeFrame)];
    if (body.ack !== undefined) parts.push(`ack ${describeAck(body)}`);
    return `[${parts.join(", ")}]`;
  }

  private read(bytes: Uint8Array): Body | undefined {
    try {
      const head = readHead(bytes, bytes.length);
      if (head.address !== undefined) this.sessionId = head.address.sessionId;
      return readBody(bytes, head, this.sessionId);
    } catch {
      // A page, or an encoding that is not this library's: the size is what there is to say.
      return undefined;
    }
  }
}

function events(body: Body): string[] {
  const texts: string[] = [];
  if (body.open !== undefined) texts.push("open");
  if (body.opened !== undefined) texts.push("opened");
  if (body.refused !== undefined) texts.push("refused");
  if (body.unknown !== undefined) texts.push("unknown session");
  if (body.unreadable === true) texts.push("received nothing");
  if (body.superseded !== undefined) texts.push("superseded");
  if (body.ended !== undefined) texts.push("ended");
  if (body.pauseMs !== undefined) texts.push(`pause ${body.pauseMs} ms`);
  if (body.blocked !== undefined) texts.push("blocked");
  if (body.offer !== undefined) texts.push(`offer ${body.offer.link}`);
  if (body.hearing !== undefined) texts.push(`link ${body.hearing.link}`);
  if (body.pipe !== undefined) texts.push(describePipe(body.pipe));
  return texts;
}

function describePipe({ link, bodies, isEnding }: PipeState): string {
  return `pipe ${link} of ${bodies}${isEnding ? ", ending" : ""}`;
}

function describeFrame(frame: NumberedFrame): string {
  switch (frame.kind) {
    case "messages":
      return `seq ${range(frame.seq, frame.payloads.length)}`;
    case "part":
      return `part ${frame.seq}`;
    case "skip":
      return `skip ${range(frame.seq, frame.count)}`;
    default:
      return `${frame.kind} ${frame.seq}`;
  }
}

function range(first: number, count: number): string {
  return count === 1 ? String(first) : `${first}-${first + count - 1}`;
}

function describeAck({ ack }: Body): string {
  if (ack === undefined) return "";
  const { receivedThrough, heldThrough, ranges } = ack;
  let text = String(receivedThrough);
  for (let at = 0; at < ranges.length; at += 2) {
    text += ` ${range(ranges[at] as number, (ranges[at + 1] as number) - (ranges[at] as number) + 1)}`;
  }
  return heldThrough === receivedThrough ? text : `${text}, held ${heldThrough}`;
}
