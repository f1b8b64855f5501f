/** What both sides of a session use: its types, codecs and errors. Servers add `server.ts`. */
export { UsageError, type UsageErrorCode } from "../core/index.ts";
export type {
  ChannelOptions,
  DeliveryMode,
  EndReason,
  Fate,
  HoldPolicy,
  Prove,
  RequestUse,
  Stats,
} from "../core/index.ts";
export type { Carrier, ExchangeSignal, Leaving, Outcome, Turns } from "./carrier.ts";
export type { Channel } from "./channel.ts";
export { type ClientOptions, type ClientSession, connectOver } from "./client-session.ts";
export type { Codec, CodecFactory, CodecUse } from "./codec.ts";
export {
  ChannelResetError,
  type EndedInfo,
  type MessageFate,
  SessionEndedError,
  UndecodableError,
} from "./errors.ts";
export type { BundleConsumer } from "./inbox.ts";
export { json } from "./json.ts";
export type { SendOptions } from "./message-stream.ts";
export { msgpack } from "./msgpack.ts";
export type { LinkName, PipeCarrier, PipeConnection, PipeEvents } from "./pipe-carrier.ts";
export { raw } from "./raw.ts";
export { records } from "./records.ts";
export type { Session } from "./session.ts";
export type {
  GivenUpInfo,
  LostInfo,
  ResumedInfo,
  SessionEvents,
  SessionPhase,
  Status,
} from "./status.ts";
