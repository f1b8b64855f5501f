// The choice of links and the table of faults on every way. Beside it, in the other worker, run the
// cases of single programs; here most of the time goes by in waiting.

import { describeWay } from "./way-cases.ts";
import { WAYS } from "./ways.ts";

for (const tried of WAYS) describeWay(tried);
