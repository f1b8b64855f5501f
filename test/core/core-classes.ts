/** The classes of the core's state, as snapshots of tests name them. */
import { ChannelReceiver } from "../../src/core/channel-receiver.ts";
import { ChannelSender } from "../../src/core/channel-sender.ts";
import { Deque } from "../../src/core/deque.ts";
import { GivingUp } from "../../src/core/giving-up.ts";
import { InFlight } from "../../src/core/in-flight.ts";
import { LazyMap } from "../../src/core/lazy-map.ts";
import { LazySet } from "../../src/core/lazy-set.ts";
import { PartStore } from "../../src/core/part-store.ts";
import { PayloadQueue, PayloadStore } from "../../src/core/payload-queue.ts";
import { Ranges } from "../../src/core/ranges.ts";
import { ReceiveWindows } from "../../src/core/receive-windows.ts";
import { Receiver } from "../../src/core/receiver.ts";
import { SendRing } from "../../src/core/send-ring.ts";
import { Sender } from "../../src/core/sender.ts";
import type { Classes } from "../../src/core/snapshot.ts";
import { Turns } from "../../src/core/turns.ts";

export const CORE_CLASSES: Classes = [
  ChannelReceiver,
  ChannelSender,
  Deque,
  GivingUp,
  InFlight,
  LazyMap,
  LazySet,
  PartStore,
  PayloadQueue,
  PayloadStore,
  Ranges,
  Receiver,
  ReceiveWindows,
  SendRing,
  Sender,
  Turns,
];
