import { describeWay } from "./way-cases.ts";
import { CLIENT_WAYS } from "./ways.ts";

for (const tried of CLIENT_WAYS) describeWay(tried);
