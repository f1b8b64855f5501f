/**
 * The page: one session over a line of its own, a text field, and what is to be seen of both. What
 * stands here is how the parts hang together and what happens when a session cannot go on.
 */
import { type LineReport, TEXT_LENGTH_MAX } from "../messages.ts";
import { AgreementView } from "./agreement-view.ts";
import { Autopilot } from "./autopilot.ts";
import { Conversation } from "./conversation.ts";
import { Editor } from "./editor.ts";
import { element } from "./elements.ts";
import { counted } from "./figures.ts";
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

field.maxLength = TEXT_LENGTH_MAX;
autopilotButton.addEventListener("click", () => autopilot.toggle());
pause.addEventListener("click", () => {
  chart.stop(!chart.isStopped);
  pause.setAttribute("aria-pressed", String(chart.isStopped));
  pause.textContent = chart.isStopped ? "Go on" : "Pause";
});
useTheme(element("theme", HTMLButtonElement), () => {
  chart.repaint();
  panel.repaint();
});
sampling(() => {
  show();
  if (conversation !== undefined)
    panel.sample(conversation.view(performance.now()), report?.server);
});
addEventListener("pagehide", () => {
  const kept = conversation?.save();
  if (kept !== undefined) keep(kept);
});
addEventListener("pageshow", ({ persisted }) => {
  // This page was only asleep: nobody else shall go on from what it kept.
  if (persisted) takeKept();
});
void goOn(takeKept());

/** Goes on where the page before this one was, if its line is still there. */
async function goOn(kept: Kept | undefined): Promise<void> {
  if (kept === undefined) return begin();
  try {
    converse(await lookAtLine(kept.lineId), kept);
  } catch (error) {
    if ((error as LineError).code === "unreachable") {
      retry(() => void goOn(kept));
      return;
    }
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
    if (code === "unreachable") retry(() => void begin());
    else notice.set("end", message);
  }
}

function retry(again: () => void): void {
  notice.set("outage", "The demo’s server does not answer. Is it running? This page tries again.");
  setTimeout(again, RETRY_MS);
}

function leave(): void {
  watch?.close();
  watch = undefined;
  report = undefined;
  const left = conversation;
  conversation = undefined;
  left?.session.abort();
  field.readOnly = true;
}

function converse(line: LineReport, kept?: Kept): void {
  notice.set("outage", undefined);
  const mine = startConversation(line, kept);
  conversation = mine;
  report = line;
  switches.begin(line);
  chart.begin(mine.traffic);
  if (kept !== undefined) useText(mine);
  const { session } = mine;
  session.on("status", (status) => {
    if (conversation !== mine) return;
    said.textContent = wordsOfStatus(status);
    show();
  });
  session.on("ended", (info) => {
    if (conversation !== mine) return;
    field.readOnly = true;
    autopilot.stop();
    notice.set("end", wordsOfEnd(info));
    show();
  });
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

/** What was kept may be another build's: then as if there were none. */
function startConversation(line: LineReport, kept: Kept | undefined): Conversation {
  const mine: Conversation = new Conversation(
    line.id,
    {
      get release() {
        return editor.release;
      },
      begun: () => useText(mine),
      changed: (changes) => editor.receive(changes),
      people: (count) => {
        people.textContent = `${counted(count, "tab")} here`;
      },
      passed: () => {
        if (conversation === mine) chart.note();
      },
      news: () => {
        if (conversation === mine) show();
      },
    },
    kept,
  );
  return mine;
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

function useText(mine: Conversation): void {
  editor.begin(mine.document.text);
  field.readOnly = false;
}

/** Everything that can be read, as it is now. */
function show(): void {
  if (conversation === undefined) return;
  const { document: text, session } = conversation;
  const { status, stats } = session;
  state.dataset["state"] = status.state;
  if (state.textContent !== status.state) state.textContent = status.state;
  panel.show(conversation.view(performance.now()), report?.server);
  agreement.show(performance.now(), {
    document: text,
    status,
    here: stats,
    there: report?.server?.stats,
    counts: report?.counts,
    isPulled: switches.faults.blackout,
  });
}
