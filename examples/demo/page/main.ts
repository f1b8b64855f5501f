/**
 * The page: one session over a line of its own, a text field, and what is to be seen of both. What
 * stands here is how the parts hang together and what happens when a session cannot go on.
 */
import { type LineReport, TEXT_LENGTH_MAX } from "../messages.ts";
import { AgreementView } from "./agreement-view.ts";
import { Autopilot } from "./autopilot.ts";
import { Conversation, type ConversationListeners } from "./conversation.ts";
import { Editor } from "./editor.ts";
import { element } from "./elements.ts";
import { counted } from "./figures.ts";
import { foldWhereNarrow } from "./folding.ts";
import { keep, type Kept, takeKept } from "./kept.ts";
import { type LineError, LineWatch, lookAtLine, makeLine } from "./line.ts";
import { LineSwitches } from "./line-switches.ts";
import { Notice } from "./notice.ts";
import { Panel } from "./panel.ts";
import { sampling } from "./plots.ts";
import { SequenceChart } from "./sequence-chart.ts";
import { useTheme } from "./theme.ts";
import { Traffic } from "./traffic.ts";
import { wordsOfEnd, wordsOfStatus } from "./words.ts";

/** Until the server answers again. */
const RETRY_MS = 2_000;

const field = element("text", HTMLTextAreaElement);
const state = element("state", HTMLElement);
const people = element("people", HTMLElement);
const said = element("said", HTMLElement);
const pause = element("pause", HTMLButtonElement);
const autopilotButton = element("autopilot", HTMLButtonElement);

let conversation: Conversation | undefined;
let watch: LineWatch | undefined;
let report: LineReport | undefined;
/** What the page before this one left, while its line cannot be asked for. */
let unused: Kept | undefined = takeKept();

const notice = new Notice(() => void begin());
const agreement = new AgreementView();
const panel = new Panel(element("panel", HTMLTableElement));
const chart = new SequenceChart(element("chart", HTMLCanvasElement), new Traffic());
const switches = new LineSwitches((faults) => {
  watch?.set(faults);
  show();
});
const editor = new Editor(field, (changes) => conversation?.change(changes));
const autopilot = new Autopilot(
  {
    get isReady() {
      return conversation?.isReady === true && editor.release === undefined;
    },
    get room() {
      return TEXT_LENGTH_MAX - editor.length;
    },
    begin: () => editor.markEnd(),
    type: (text) => editor.insertAtMark(text),
  },
  (isOn) => {
    autopilotButton.setAttribute("aria-pressed", String(isOn));
    autopilotButton.textContent = isOn ? "Stop typing" : "Type for me";
  },
);

const listeners: ConversationListeners = {
  get release() {
    return editor.release;
  },
  begun() {
    if (conversation !== undefined) editor.begin(conversation.document.text);
    field.readOnly = false;
  },
  changed: (changes) => editor.receive(changes),
  passed: () => chart.note(),
  news: show,
  status(status) {
    said.textContent = wordsOfStatus(status);
    // What was typed from here on would not be sent.
    if (status.state === "closing") field.readOnly = true;
    show();
  },
  ended(info) {
    field.readOnly = true;
    autopilot.stop();
    notice.set("end", wordsOfEnd(info));
    show();
  },
};

field.maxLength = TEXT_LENGTH_MAX;
autopilotButton.addEventListener("click", () => autopilot.toggle());
pause.addEventListener("click", () => {
  chart.stop(!chart.isStopped);
  pause.setAttribute("aria-pressed", String(chart.isStopped));
  pause.textContent = chart.isStopped ? "Go on" : "Pause";
});
foldWhereNarrow(element("session", HTMLDetailsElement));
useTheme(element("theme", HTMLButtonElement), () => {
  chart.repaint();
  panel.repaint();
});
sampling(() => {
  show();
  const view = conversation?.view(performance.now());
  if (view !== undefined) panel.sample(view, report?.server);
});
addEventListener("pagehide", () => {
  const kept = conversation?.save() ?? unused;
  if (kept !== undefined) keep(kept);
});
addEventListener("pageshow", ({ persisted }) => {
  // This page was only asleep: nobody else shall go on from what it kept.
  if (persisted) takeKept();
});
void goOn();

/** Goes on where the page before this one was, if it was anywhere and its line is still there. */
async function goOn(): Promise<void> {
  if (unused === undefined) return begin();
  try {
    converse(await lookAtLine(unused.lineId), unused);
  } catch (error) {
    if ((error as LineError).code === "unreachable") return retry(goOn);
    // Its line is gone, or another build of the page has kept it.
    await begin();
    notice.set("news", "This tab’s session could not go on: its line is gone. This is a new one.");
  }
}

/** A new line and a new session. */
async function begin(): Promise<void> {
  leave();
  notice.set("end", undefined);
  try {
    converse(await makeLine());
  } catch (error) {
    const { code, message } = error as LineError;
    if (code === "unreachable") retry(begin);
    else notice.set("end", message);
  }
}

function retry(again: () => Promise<void>): void {
  notice.set(
    "outage",
    "The demo’s server does not answer. Is it running? Or does this browser show it in many tabs " +
      "already: it has six connections for all of them. This page tries again.",
  );
  setTimeout(() => void again(), RETRY_MS);
}

function leave(): void {
  watch?.close();
  conversation?.leave();
  unused = undefined;
  watch = undefined;
  conversation = undefined;
  report = undefined;
  field.readOnly = true;
}

/** Throws for what was kept by another build of the page. */
function converse(line: LineReport, kept?: Kept): void {
  conversation = new Conversation(line.id, listeners, kept);
  unused = undefined;
  report = line;
  notice.set("outage", undefined);
  switches.begin(line);
  chart.begin(conversation.traffic);
  if (kept !== undefined) listeners.begun();
  watch = new LineWatch(line.id, {
    report(news) {
      report = news;
      notice.set("outage", undefined);
      switches.count(news.counts);
      show();
    },
    error({ code, message }) {
      if (code === "gone") loseLine();
      else notice.set("outage", message);
    },
  });
  show();
}

/** The server forgot the line, and with it the session: it was restarted. */
function loseLine(): void {
  void begin().then(() => {
    notice.set(
      "news",
      "The server has forgotten this tab’s line: it was restarted. Text and session are new.",
    );
  });
}

/** Everything that can be read, as it is now. */
function show(): void {
  if (conversation === undefined) return;
  const { document: text, session } = conversation;
  const { status, stats } = session;
  state.dataset["state"] = status.state;
  if (state.textContent !== status.state) state.textContent = status.state;
  const here = `${counted(conversation.people, "tab")} here`;
  if (people.textContent !== here) people.textContent = here;
  panel.show(conversation.view(performance.now()), report?.server);
  agreement.show(performance.now(), {
    document: text,
    status,
    here: stats,
    there: report?.server?.stats,
    counts: report?.counts,
    isPulled: switches.faults.blackout,
    people: conversation.people,
  });
}
