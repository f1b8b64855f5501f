// Writes the committed trace again: `npx tsx test/replay/make-trace.ts`.

import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { TYPED_TRACE } from "./options.ts";
import { TYPED_SEED, TYPED_TRANSACTIONS, typedTrace } from "./typist.ts";

const trace = typedTrace(TYPED_TRANSACTIONS, TYPED_SEED);
const bytes = gzipSync(JSON.stringify(trace), { level: 9 });
writeFileSync(TYPED_TRACE, bytes);
console.log(
  `${TYPED_TRACE}: ${trace.txns.length} transactions, ${trace.endContent.length} units at the end, ` +
    `${bytes.length} bytes`,
);
