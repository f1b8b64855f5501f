import { describeWay } from "./way-cases.ts";
import { SERVER_WAYS } from "./ways.ts";

for (const tried of SERVER_WAYS) describeWay(tried);
