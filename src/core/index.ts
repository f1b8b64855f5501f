/**
 * The pure core: everything that decides, nothing that acts. `RequestSide` is a client's session,
 * `Endpoint` is a server with its sessions; both are driven by events with the time as a number
 * and yield what to do from `poll()`. Start reading at `half.ts`; the rules are in
 * spec/protocol.md.
 */
export type {
  Ack,
  Address,
  AnswerPrefix,
  Body,
  ChannelWindow,
  ChannelFinishFrame,
  ChannelOpenFrame,
  ChannelResetFrame,
  ChecksumKind,
  DeliveryMode,
  Direction,
  Ending,
  FinishFrame,
  Hearing,
  MessagesFrame,
  NumberedFrame,
  Offer,
  Owner,
  Parameters,
  PartFrame,
  PipeState,
  RequestPrefix,
  SkipFrame,
  Window,
} from "./body.ts";
export { whenCarried } from "./body-memory.ts";
export { BodySplitter } from "./body-splitter.ts";
export { type Head, readBody, readHead, readVersions } from "./body-reader.ts";
export { bodyBytes, type BodyOptions, encodeBody, writeVersions } from "./body-writer.ts";
export {
  type Claim,
  Endpoint,
  type EndpointOutput,
  type Origin,
  type ServerSession,
  type Verdict,
} from "./endpoint.ts";
export {
  InvariantError,
  isDamage,
  ProtocolError,
  type ProtocolErrorCode,
  UsageError,
  type UsageErrorCode,
} from "./errors.ts";
export { type ChannelOptions, END_CODES, type Half, type Stats } from "./half.ts";
export type { Fate } from "./fates.ts";
export * from "./limits.ts";
export type {
  EndpointOptions,
  HoldPolicy,
  LiteralOptions,
  ParkOptions,
  RequestOptions,
  RequestUse,
  SessionOptions,
} from "./options.ts";
export type {
  ApplicationOutput,
  EndedOutput,
  EndReason,
  PipeEnd,
  PipeOutput,
  RequestOutput,
  RespondOutput,
  TimeoutOutput,
  TimerName,
} from "./outputs.ts";
export { LiteralRequestSide } from "./literal-request-side.ts";
export { ParkSide } from "./park-side.ts";
export type { PipedHalf } from "./piped-half.ts";
export { type Credentials, type FailureKind, type Prove, RequestSide } from "./request-side.ts";
export { readStreamName } from "./stream-name.ts";
export type { SessionState } from "./session-states.ts";
export type { Snapshot } from "./snapshot.ts";
