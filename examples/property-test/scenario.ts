/** The till and the bank in a simulated world: a bad network, and a bank that is restarted. */
import { json } from "holdfast";
import { LOSSY_WIFI, type Scenario } from "holdfast/sim";
import { SessionWorld } from "holdfast/sim/session";
import { type Charge, chargeAll, type Ledger, serveTill, TILL_OPTIONS } from "./bank.ts";

const CUSTOMERS = ["ann", "bob", "eve"];

/** Whatever happens, each customer is charged once. */
export function bank(
  book: (ledger: Ledger, charge: Charge) => void,
  customers: readonly string[] = CUSTOMERS,
): Scenario {
  const charges = customers.map((customer, at) => ({ customer, cents: 995, key: `charge ${at}` }));
  return {
    name: "bank",
    async run(play) {
      const hazards = { everyMs: 100, serverRestartPermille: 200 };
      const world = new SessionWorld(play, { network: LOSSY_WIFI, hazards });
      const ledger: Ledger = []; // Outside of the processes: it outlives them.

      world.start("server", (self) => {
        const bookCharge = (charge: Charge): void => {
          book(ledger, charge);
          self.note(`books a charge of ${charge.customer}`);
        };
        self.serve<Charge>({
          codec: json,
          onSession: (session) => serveTill(session, bookCharge),
        });
      });
      const till = world.start("till", (self) => {
        return chargeAll(() => self.connect<never, Charge>(TILL_OPTIONS), charges);
      });

      await world.run(Promise.race([till.finished, world.sleep(5_000)]));
      world.heal(); // From here on nothing goes wrong: now every charge must get through.
      await world.run(till.finished);

      for (const customer of customers) {
        const times = ledger.filter((charge) => charge.customer === customer).length;
        if (times !== 1) throw new Error(`${customer} was charged ${times} times`);
      }
    },
  };
}
