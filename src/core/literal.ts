/** What the literal procedure asks of a sender, on both sides; spec 8. */
import type { Sender } from "./sender.ts";

/** Units that could leave now, for a bundle's worth; counted up to `enough`. */
export function countSendable(sender: Sender, enough: number): number {
  let count = sender.canSendFact ? sender.facts.size : 0;
  const due = sender.due.flat;
  for (let at = 0; at < due.length; at += 2) {
    count += (due[at + 1] as number) - (due[at] as number) + 1;
  }
  if (sender.canSendUnit) {
    count += Math.min(sender.unsentCount, sender.seqMax - sender.ring.next + 1);
  }
  return Math.min(count, enough);
}

/** Everything sent and not received becomes due [LIT-3]. */
export function resendAll(sender: Sender): void {
  for (const transmission of sender.flights.keys()) sender.resolve(transmission);
}
