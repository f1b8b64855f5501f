/** Finds the bug of a bank, and shows that it is mended: `npx tsx examples/property-test/main.ts` */
import { checkScenario, ScenarioFailure } from "holdfast/sim";
import { book, bookOnce } from "./bank.ts";
import { bank } from "./scenario.ts";

const startMs = performance.now();
const failure = await checkScenario(bank(book), { seeds: 1_000 }).catch((error: unknown) => error);
const tookMs = performance.now() - startMs;
if (!(failure instanceof ScenarioFailure)) throw new Error("Not found", { cause: failure });
console.log(`${failure.message}\n\nFound and shrunk in ${tookMs.toFixed()} ms.\n`);

const marks = ["lost", "answer lost", "server restarts"];
const { runs } = await checkScenario(bank(bookOnce), { seeds: 1_000, marks });
console.log(`The bank that looks at keys: ${runs} runs, and nobody was charged twice.`);
