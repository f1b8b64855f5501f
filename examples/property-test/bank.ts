/** A till that charges customers, and a bank that books what it charges. */
import { type ClientSession, json } from "holdfast";
import type { PeerSession } from "holdfast/server";

export interface Charge {
  readonly customer: string;
  readonly cents: number;
  /** Which charge it is, however often it is sent. */
  readonly key: string;
}

/** The bank's table of bookings, on disk: it outlives the bank's process. */
export type Ledger = Charge[];

/** Books each charge that comes. */
export function book(ledger: Ledger, charge: Charge): void {
  ledger.push(charge);
}

/** Books each charge once, even if it comes again. */
export function bookOnce(ledger: Ledger, charge: Charge): void {
  if (!ledger.some(({ key }) => key === charge.key)) ledger.push(charge);
}

/** The bank's half of a session. */
export function serveTill(
  session: PeerSession<Charge>,
  bookCharge: (charge: Charge) => void,
): void {
  session.onBundle((charges) => charges.forEach(bookCharge));
}

/** Charges go with nothing but an answered opening: a replayed one could bring them again. */
export const TILL_OPTIONS = { codec: json, earlyMessages: false } as const;

/** The till: when the bank has lost a session, the next one brings what is not known to be held. */
export async function chargeAll(
  connect: () => ClientSession<never, Charge>,
  charges: readonly Charge[],
): Promise<void> {
  for (let left = charges; left.length > 0;) {
    const session = connect();
    for (const charge of left) session.send(charge);
    const { neverSent, unknown } = await session.close();
    const fates = [...unknown, ...neverSent];
    left = fates.map(({ payload }) => json().decode(payload) as Charge);
  }
}
