/**
 * Which parts of large messages may be assembled and which wait for room. spec 4.7.
 *
 * Invariants:
 * - what is reserved never passes `assemblyBytesMax` [PART-5];
 * - a reservation lasts until its message was consumed or given up;
 * - a message has parts that wait, or is under assembly, never both.
 */
import { addPart, agrees, type Assembly, beginAssembly } from "./assembly.ts";
import type { PartFrame } from "./body.ts";
import type { ChannelReceiver } from "./channel-receiver.ts";
import { assert } from "./errors.ts";
import { LazySet } from "./lazy-set.ts";

export class PartStore {
  /** Declared bytes of messages under assembly or assembled and not consumed. */
  bytes = 0;
  /** Whether some of them were given back since stalled parts were tried last. */
  private isFreed = false;
  /** Channels with stalled parts. */
  readonly stalled: LazySet<number> = new LazySet();
  private readonly bytesMax: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** Whether a part need not wait: its message is under assembly, may begin, or is settled. */
  mayAssemble(channel: ChannelReceiver, part: PartFrame): boolean {
    if (channel.assemblies.has(part.index) || channel.isSettled(part.index)) return true;
    // [PART-5]: on an ordered channel only the next message may reserve, or two could wait for
    // each other.
    if (channel.mode === "ordered" && part.index !== channel.nextIndex) return false;
    return this.bytes + part.totalBytes <= this.bytesMax;
  }

  /**
   * Puts a part to its message, which is whole when `isWhole` says so. Undefined: the part is
   * late, or contradicts another one of the same body, and is dropped.
   */
  add(channel: ChannelReceiver, part: PartFrame): Assembly | undefined {
    if (channel.isSettled(part.index)) return undefined;
    let assembly = channel.assemblies.get(part.index);
    if (assembly === undefined) {
      assembly = beginAssembly(part);
      this.bytes += part.totalBytes;
      channel.assemblies.set(part.index, assembly);
    }
    if (!agrees(assembly, part)) return undefined;
    if (addPart(assembly, part)) channel.assemblies.delete(part.index);
    return assembly;
  }

  /** Gives up what is under assembly at an index. */
  drop(channel: ChannelReceiver, index: number): Assembly | undefined {
    const assembly = channel.assemblies.get(index);
    if (assembly === undefined) return undefined;
    channel.assemblies.delete(index);
    this.free(assembly.totalBytes);
    return assembly;
  }

  /** Lets a part wait, behind those of its message that wait already. */
  stall(channel: ChannelReceiver, part: PartFrame): void {
    const parts = channel.stalled.get(part.index);
    if (parts === undefined) channel.stalled.set(part.index, [part]);
    else parts.push(part);
    this.stalled.add(channel.id);
  }

  /** Takes out the parts that wait at an index. */
  takeStalled(channel: ChannelReceiver, index: number): readonly PartFrame[] {
    const parts = channel.stalled.get(index) ?? [];
    channel.stalled.delete(index);
    if (channel.stalled.size === 0) this.stalled.delete(channel.id);
    return parts;
  }

  /** Gives back what a message had reserved. */
  free(bytes: number): void {
    this.bytes -= bytes;
    this.isFreed = true;
    assert(this.bytes >= 0, "assembly_bytes_negative");
  }

  /** Whether there is room that was not there when it was last asked. */
  takeFreed(): boolean {
    const { isFreed } = this;
    this.isFreed = false;
    return isFreed;
  }
}
