/**
 * The type bytes of frames. spec/protocol.md section 3.5.
 *
 * Types below FRAME_PREFIX_END make up the prefix: they come first, rising, each at most once
 * [FRAME-2]. All others follow in any order.
 */

export const FRAME_REQUEST = 0x01;
export const FRAME_ANSWER = 0x02;
export const FRAME_ACK_ALL = 0x03;
export const FRAME_ACK = 0x04;
export const FRAME_WINDOW = 0x05;
export const FRAME_BLOCKED = 0x06;
export const FRAME_OWNER = 0x07;
export const FRAME_OPEN = 0x08;
export const FRAME_OPENED = 0x09;
export const FRAME_REFUSED = 0x0a;
export const FRAME_UNKNOWN = 0x0b;
export const FRAME_UNREADABLE = 0x0c;
export const FRAME_ENDED = 0x0d;
export const FRAME_SUPERSEDED = 0x0e;
export const FRAME_PAUSE = 0x0f;
export const FRAME_SUCCEEDS = 0x10;
export const FRAME_OFFER = 0x11;
export const FRAME_LINK = 0x12;
export const FRAME_PIPE = 0x13;

/** First type that does not belong to the prefix. */
export const FRAME_PREFIX_END = 0x20;

export const FRAME_CHANNEL_OPEN = 0x20;
export const FRAME_CHANNEL_FINISH = 0x21;
export const FRAME_CHANNEL_RESET = 0x22;
export const FRAME_FINISH = 0x23;
export const FRAME_CHANNEL_WINDOW = 0x24;
export const FRAME_CHANNEL_BLOCKED = 0x25;

export const FRAME_MESSAGES = 0x30;
export const FRAME_MESSAGES_VARIED = 0x31;
export const FRAME_MESSAGES_KEYED = 0x32;
export const FRAME_PART = 0x33;
export const FRAME_PART_KEYED = 0x34;
export const FRAME_SKIP = 0x35;
export const FRAME_SKIP_PARTS = 0x36;
export const FRAME_MESSAGE_LAST = 0x37;
