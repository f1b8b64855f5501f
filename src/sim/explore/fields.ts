/**
 * Which fields of the state of a pair make a difference, how each enters the fingerprint, and why.
 * A field that is not in the table is an error, so that nothing is left out by oversight.
 *
 * Two states with equal fingerprints have the same future, up to names: that is what makes an
 * exploration exhaustive. What makes it finite:
 *
 * - exchange numbers enter by their rank among those that anything may still happen to;
 * - times enter as the time that is left, or has passed and still makes a difference, in steps of
 *   the clock;
 * - counters for statistics stay out, and so do estimates, whose bounds must be equal.
 */

export type How =
  /** The value itself, with all that it consists of. */
  | "as is"
  /** Not at all. */
  | "out"
  /** Not at all, but two states in which it differs are told apart by their names. */
  | "name"
  /** A time to come: how much is left. */
  | "until"
  /** Times to come. */
  | "untils"
  /** A time to come, where the timer for closing is explored. */
  | "close"
  /** When somebody was heard last, where the timer for silence is explored. */
  | "silence"
  /** A time that has passed: how long ago, as far as it makes a difference. */
  | "since ack"
  | "since doubt"
  | "since quiet"
  | "since wake"
  /** Whether there is a value. */
  | "present"
  /** A count of which 0, 1 and more are told apart. */
  | "few"
  /** A set of exchanges: which of those that matter are in it. */
  | "members"
  /** The same, of those that are over one by one, and of all up to a number. */
  | "over"
  /** An exchange up to which all are meant. */
  | "through"
  /** As "through", where the server may ever want another number than 1. */
  | "wanted"
  /** What bodies are under way, by exchange. */
  | "flights"
  /** The columns of the send ring, without the empty slots. */
  | "ring"
  /** Messages that wait for a number. */
  | "queue"
  /** The open exchanges. */
  | "open"
  /** Requests that the server holds. */
  | "held"
  /** What is on its way. */
  | "items"
  /** A pipe: what is left of its times, and what is missed on it. */
  | "pipe"
  /** An exchange from which something holds, or none. */
  | "from"
  /** The same, where pipes are explored. */
  | "hearing"
  /** When a client that hears by a stream speaks next. */
  | "alive"
  /** How a session ended. */
  | "ending";

export type Rule = readonly [how: How, why: string];
type Table = Readonly<Record<string, Readonly<Record<string, Rule>>>>;

const STATISTICS: Rule = ["out", "statistics"];
const CONSTANT: Rule = ["out", "never changes"];
const CLOCK: Rule = ["out", "all times are relative to it"];
const BY_PIPE: Rule = ["out", "with the pipe"];
const ESTIMATE: Rule = ["out", "the timeout's bounds are equal, so it has one value"];
/** Decides what happens next. */
export const STATE: Rule = ["as is", "decides what happens next"];

const HALF: Readonly<Record<string, Rule>> = {
  state: STATE,
  sender: STATE,
  receiver: STATE,
  roundTrip: STATE,
  peer: ["present", "one value for one configuration"],
  sessionId: CONSTANT,
  settings: CONSTANT,
  transmissions: STATE,
  notices: STATE,
  endedOutput: STATE,
  nowMs: CLOCK,
  lastHeardMs: ["silence", "how much of the silence has passed, where its limit is explored"],
  pausedUntilMs: ["until", "no request leaves before"],
  closeAtMs: ["close", "when closing is given up, where that is explored"],
  closer: STATE,
  probeAtMs: ["until", "when it is said again that a window is closed"],
  probes: ["out", "stretches a wait that is at its bound already"],
  resendBaseMs: ["out", "with the flights: it moves only to the present"],
  bodyBytesLimit: STATE,
  bodyBytesCeiling: STATE,
  unreadableInRow: STATE,
  isAboveHighWater: STATE,
  endingChannels: STATE,
  ownChannels: STATE,
  role: CONSTANT,
  bodiesSent: STATISTICS,
  bodiesReceived: STATISTICS,
  bodiesUnreadable: STATISTICS,
  options: CONSTANT,
  incarnation: STATE,
  parkedWanted: STATE,
  pipes: STATE,
  joined: STATE,
  lastPipeTransmission: ["name", "transmissions on pipes enter by their order"],
  lastLink: STATE,
};

export const TABLE: Table = {
  RequestSide: {
    ...HALF,
    exchanges: STATE,
    parkedWantedFrom: ["wanted", "older answers are told from newer ones"],
    secret: CONSTANT,
    lastAnswered: ["out", "for the server's estimate of the round trip only"],
    lastAnsweredAtMs: ["out", "for the server's estimate of the round trip only"],
    retry: STATE,
    failuresCountedTo: ["through", "which failures are of one event"],
    unansweredInRow: ["few", "from the second on one request more is kept out"],
    doubtedSinceMs: ["since doubt", "how long the session has been in doubt"],
    wakeAtMs: ["until", "when the wake takes effect"],
    wokenAtMs: ["since wake", "the next wake waits for so long"],
    random: ["out", "decides how long a wait is, and all waits end at the same step of the clock"],
    predecessors: STATE,
    firstOfLife: ["through", "what was said to the life before"],
    abandoned: STATE,
    savedUntilMs: ["until", "no request leaves before"],
    generation: STATE,
    openingsThrough: ["through", "which answers may come from a session that was not joined"],
    lastRequestAtMs: ["out", "for clients that hear by a stream, and for the literal procedure"],
    bytesTold: ["out", "far below what lets an acknowledgement leave before its time"],
    linksBefore: STATE,
    offer: STATE,
    announced: STATE,
    isJoinKnown: STATE,
    requests: CONSTANT,
    turn: CONSTANT,
    search: ["out", "the core asks for no pipes where requests are held"],
  },
  Backoff: {
    inRow: ["few", "the first retry is immediate, later ones wait equally long"],
    notBeforeMs: ["until", "no request leaves before"],
    minMs: CONSTANT,
    maxMs: CONSTANT,
  },
  StreamOffer: {
    wanted: STATE,
    isSaid: STATE,
    saidFrom: ["from", "which requests say it"],
  },
  ParkSide: {
    ...HALF,
    parked: ["held", "handles are renamed"],
    leftOver: ["held", "handles are renamed"],
    answered: ["members", "nobody asks about exchanges that are gone"],
    over: ["over", "nobody asks about exchanges that are gone"],
    overThrough: ["out", "with those above it that are over"],
    isStarved: STATE,
    starvedAtMs: ["since quiet", "how long no more requests were missed"],
    answerTimes: ["out", "for the estimate of the round trip only"],
    mustStateOpened: STATE,
    isOpenedOwed: STATE,
    messagesSinceMs: [
      "out",
      "whether it is known shows in the timer's name; when, literal sides ask",
    ],
    isAdmitted: STATE,
    isRefused: STATE,
    pauses: ["present", "whether the server drains"],
    lastWord: STATE,
    generation: STATE,
    hearingFrom: ["hearing", "which words about pipes are newer"],
    offered: STATE,
    isOfferOwed: STATE,
  },
  Pipe: {
    link: ["pipe", "with all that follows"],
    handle: STATE,
    isDuplex: STATE,
    name: STATE,
    beganAtMs: BY_PIPE,
    bodiesSent: BY_PIPE,
    bytesSent: BY_PIPE,
    bodiesReceived: BY_PIPE,
    spokenAtMs: BY_PIPE,
    heardAtMs: BY_PIPE,
    dummyAtMs: BY_PIPE,
    provokedAtMs: BY_PIPE,
    firstSpokenAtMs: BY_PIPE,
    firstHeardAtMs: BY_PIPE,
    proof: CONSTANT,
    silenceMs: STATE,
    isProved: STATE,
    askedAtMs: BY_PIPE,
    isUnproved: STATE,
    isAsked: STATE,
    isEnding: STATE,
    isEndingSaid: STATE,
    expected: BY_PIPE,
    expectedAtMs: BY_PIPE,
    waitingBytes: STATE,
    waiting: BY_PIPE,
    evidenceAtMs: BY_PIPE,
  },
  Exchanges: {
    next: ["name", "all others are relative to it"],
    open: ["open", "numbers by their rank, times by how long ago they were"],
    over: ["out", "what is below `next` and not open"],
  },
  Sender: {
    ring: STATE,
    channels: STATE,
    store: ["out", "where payloads lie"],
    turns: STATE,
    facts: STATE,
    inFlight: STATE,
    givingUp: STATE,
    seqMax: STATE,
    bytesMax: STATE,
    bytesNumbered: STATE,
    unsentBytes: STATE,
    unsentCount: STATE,
    finishCode: STATE,
    finishQueued: STATE,
    finishSeq: STATE,
    resetsKnown: STATE,
    messagesSent: STATISTICS,
    sharedUntil: STATE,
  },
  InFlight: {
    ring: ["out", "in `Sender`"],
    flights: ["flights", "numbers by their rank, times by what is left of them"],
    due: STATE,
    peerReceived: STATE,
    unitsResent: STATISTICS,
  },
  GivingUp: {
    ring: ["out", "in `Sender`"],
    counts: STATE,
    expiring: STATE,
  },
  Turns: { queue: STATE, stopped: STATE },
  ChannelSender: {
    id: STATE,
    mode: STATE,
    ttlMs: STATE,
    state: STATE,
    nextIndex: STATE,
    unsent: ["queue", "the messages in it"],
    sharedUntil: ["out", "with what the sender shares: both are noted at once"],
    unsentKeys: STATE,
    unsentDeadlines: ["untils", "when each message expires"],
    unsentByKey: STATE,
    unsentBytes: STATE,
    partOffset: STATE,
    sent: STATE,
    sentByKey: STATE,
    units: STATE,
    unitsMax: STATE,
    bytes: STATE,
    bytesMax: STATE,
    outstanding: STATE,
    openSeq: STATE,
    resetSeq: STATE,
    openPending: STATE,
    isReady: STATE,
  },
  SendRing: {
    base: STATE,
    next: STATE,
    payloadBytes: STATE,
    mask: ["out", "room for slots"],
    units: ["ring", "the slots that are filled"],
    kinds: ["out", "with the units"],
    received: ["out", "with the units"],
    channels: ["out", "with the units"],
    indexes: ["out", "with the units"],
    keys: ["out", "with the units"],
    offsets: ["out", "where payloads lie"],
    sizes: ["out", "with the units"],
    transmissions: ["out", "with the units"],
    departures: ["out", "one or more: no failure here says that nothing was sent"],
  },
  Receiver: {
    received: STATE,
    held: STATE,
    channels: STATE,
    opened: STATE,
    events: STATE,
    windows: STATE,
    parts: STATE,
    ackOwedSinceMs: ["since ack", "how long an acknowledgement has been owed"],
    heldStated: STATE,
    finishSeq: STATE,
    finishCode: STATE,
    nextOwnChannel: STATE,
    finishPassedOn: STATE,
    duplicates: STATISTICS,
    delivered: STATISTICS,
    refused: STATISTICS,
    options: CONSTANT,
    peerParity: CONSTANT,
  },
  ReceiveWindows: {
    seqMax: STATE,
    seqStated: STATE,
    bytesMax: STATE,
    bytesStated: STATE,
    bytesReceived: STATE,
    seqsConsumed: STATE,
    bytesConsumed: STATE,
    peerBlocked: STATE,
    raised: STATE,
    unitsToLend: STATE,
    bytesToLend: STATE,
    options: CONSTANT,
  },
  PartStore: {
    bytes: STATE,
    isFreed: STATE,
    stalled: STATE,
    bytesMax: CONSTANT,
  },
  ChannelReceiver: {
    id: STATE,
    mode: STATE,
    isReset: STATE,
    indexEnd: STATE,
    isOwnHalfEnded: STATE,
    isFinished: STATE,
    nextIndex: STATE,
    waiting: STATE,
    settled: STATE,
    latestByKey: STATE,
    keysSweptThrough: STATE,
    assemblies: STATE,
    stalled: STATE,
    units: STATE,
    unitsConsumed: STATE,
    unitsMax: STATE,
    unitsStated: STATE,
    bytes: STATE,
    bytesConsumed: STATE,
    bytesMax: STATE,
    bytesStated: STATE,
    isPeerBlocked: STATE,
    unitsLent: STATE,
    bytesLent: STATE,
    unconsumed: STATE,
    unconsumedSeqs: STATE,
  },
  Ranges: { flat: STATE },
  Endpoint: {
    sessions: STATE,
    tombstones: STATE,
    tickets: ["out", "follows from what the sessions were offered"],
    named: ["out", "no stream is explored that the server has named"],
    perAddress: STATE,
    touched: STATE,
    untimed: ["out", "the explorer drains by `poll`, which leaves none"],
    own: STATE,
    timers: ["out", "follows from the sessions"],
    random: ["out", "draws the generation of the next session, and there is one"],
    pending: STATE,
    pauses: ["present", "whether the server drains"],
    nowMs: CLOCK,
    options: CONSTANT,
  },
  RoundTrip: {
    smoothedMs: ESTIMATE,
    variationMs: ESTIMATE,
    rate: STATE,
    backOffs: ESTIMATE,
    initialMs: CONSTANT,
    minMs: CONSTANT,
    maxMs: CONSTANT,
  },
  Pair: {
    client: STATE,
    server: STATE,
    connectionBase: ["name", "connections enter by their rank"],
    http: STATE,
    session: ["out", "with the server"],
    clocks: CLOCK,
    logs: STATE,
    streams: STATE,
    wakeAt: ["out", "follows from the cores; its timer's name enters with them"],
    done: STATE,
    lossesLeft: STATE,
    duplicatesLeft: STATE,
    hurriesLeft: STATE,
    reloadsLeft: STATE,
    wakesLeft: STATE,
    breaksLeft: STATE,
    options: CONSTANT,
    router: CONSTANT,
    reactor: CONSTANT,
  },
  SimulatedHttp: {
    items: ["items", "by exchange and content, in any order"],
    waiting: ["members", "numbers by their rank"],
    held: ["held", "by exchange; handles are names"],
    pipes: ["items", "by number and content, in their order"],
    nextId: ["out", "names only"],
    nextHandle: ["out", "names only"],
  },
};

/** Fields of plain objects that are not state of the protocol. */
export const PLAIN: Readonly<Record<string, Rule>> = {
  id: ["out", "of a session: a name"],
  secret: CONSTANT,
  ticket: ["out", "a name: its link tells it from others"],
  origin: ["out", "one client with one principal"],
  verdictAtMs: ["until", "when the verdict is due"],
  wakeAtMs: ["out", "follows from the session"],
  timerPosition: ["out", "follows from the session"],
  deadlineMs: ["until", "when the message expires"],
  forgetAtMs: ["out", "the timer for forgetting is not explored"],
  principal: CONSTANT,
  events: ["out", "what was told; nothing depends on it"],
  ended: ["ending", "how it ended: what else it says was checked when it came"],
};
