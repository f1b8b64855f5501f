/** What happened, said to a person. Pure. */
import type { EndedInfo, SessionPhase, Status } from "holdfast";
import type { ChaosCounts } from "holdfast/chaos";
import { SESSION_ENDS, type ServerView } from "../messages.ts";
import { counted } from "./figures.ts";
import type { SharedDocument } from "./shared-document.ts";

/** Of the session's end. */
export function wordsOfEnd(info: EndedInfo): string {
  return [reasonOf(info), fatesOf(info)].filter((words) => words !== "").join(" ");
}

function reasonOf({ reason, code, detail }: EndedInfo): string {
  switch (reason) {
    case "superseded":
      return "Another tab went on with this tab’s session: it was duplicated, or shown again.";
    case "lost":
      return "The server does not know this session any more: it was probably restarted.";
    case "silence":
      return "Nothing came from the server for five minutes, so the session was given up.";
    case "peer-ended":
      return `The server ended the session: ${wordsOfPeer(code, detail)}.`;
    case "aborted":
      return `What came did not fit the text (${detail}), so the session was ended.`;
    default:
      return `The session ended (${reason}${detail === "" ? "" : `: ${detail}`}).`;
  }
}

const PEER_REASONS: ReadonlyMap<number, string> = new Map([
  [SESSION_ENDS.lineTaken, "another session began on this line"],
  [SESSION_ENDS.lineClosed, "the line was not used for long, or others needed it more"],
  [SESSION_ENDS.stopping, "it goes down"],
]);

function wordsOfPeer(code: number, detail: string): string {
  if (code === SESSION_ENDS.editRefused) return `it refused a change (${detail})`;
  return PEER_REASONS.get(code) ?? detail;
}

function fatesOf({ neverSent, unknown }: EndedInfo): string {
  const parts: string[] = [];
  if (neverSent.length > 0) parts.push(`${counted(neverSent.length, "message")} never left`);
  if (unknown.length > 0) {
    parts.push(`of ${counted(unknown.length, "message")} nobody knows whether they arrived`);
  }
  return parts.length === 0 ? "" : `Of this tab’s messages, ${parts.join("; ")}.`;
}

/** The state in a word that has room in a table. */
export function wordOfState(state: SessionPhase): string {
  return state === "interrupted" ? "down" : state;
}

/** Of the state, for those who do not see the page: only when it changes. */
export function wordsOfStatus({ state }: Status): string {
  switch (state) {
    case "opening":
      return "Connecting.";
    case "open":
      return "Connected.";
    case "interrupted":
      return "The line is down. What you type waits here.";
    case "closing":
      return "The session is closing.";
    case "ended":
      return "The session has ended.";
  }
}

/** Of the two texts, in a word or three. */
export function wordsOfAgreement({ document, status, isPulled }: Circumstances): string {
  if (status.state === "ended") return "No longer followed";
  const isDown = isPulled || status.state === "interrupted";
  const changes = counted(document.underway, "change");
  switch (document.agreement) {
    case "unknown":
      return "The text is on its way";
    case "identical":
      return "Identical";
    case "underway":
      return isDown ? `Waiting: ${changes}` : `Catching up: ${changes}`;
    case "different":
      return "Different";
  }
}

export interface Circumstances {
  readonly document: SharedDocument;
  readonly status: Status;
  readonly here: ServerView["stats"];
  readonly there: ServerView["stats"] | undefined;
  readonly counts: ChaosCounts | undefined;
  readonly isPulled: boolean;
  /** How many have the text before them, this tab among them. */
  readonly people: number;
}

/** Why the texts are as they are: what the line did, and what the session did about it. */
export function wordsOfCause(now: Circumstances): string {
  const { agreement, underway } = now.document;
  if (agreement === "unknown" || now.status.state === "ended") return "";
  if (agreement === "different") return "This must never happen: please report it.";
  if (agreement === "underway" && (now.isPulled || now.status.state === "interrupted")) {
    const what = underway === 1 ? "Your change waits" : `Your ${underway} changes wait`;
    return `${what} in this tab. ${now.isPulled ? "Plug the cable in" : "It is being tried"}.`;
  }
  if (now.isPulled)
    return "The cable is out. Go on typing: everything waits here, and nothing is lost.";
  const troubles = now.counts === undefined ? 0 : troublesOf(now.counts);
  if (troubles === 0) return wordsOfNextStep(now.people);
  const again = now.here.unitsResent + (now.there?.unitsResent ?? 0);
  const doubles = now.here.duplicatesDropped + (now.there?.duplicatesDropped ?? 0);
  return (
    `The line failed ${counted(troubles, "time")}. Messages were sent again ` +
    `${counted(again, "time")} in all, and ${counted(doubles, "double")} dropped.`
  );
}

function wordsOfNextStep(people: number): string {
  if (people < 2) return "Open a second tab and type. Then make the line bad.";
  const where = people === 2 ? "both tabs" : "two of the tabs";
  return `Type in ${where}. Then make the line bad, or pull the cable and go on typing.`;
}

/** Things that the line did and that would have cost something. */
function troublesOf(counts: ChaosCounts): number {
  const { cuts, blackoutCuts, requestsLost, responsesLost } = counts;
  const { requestsDoubled, requestsDamaged, responsesDamaged } = counts;
  const broken = cuts + blackoutCuts + requestsLost + responsesLost;
  return broken + requestsDoubled + requestsDamaged + responsesDamaged;
}
