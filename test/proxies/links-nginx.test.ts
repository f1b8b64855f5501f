import { describeWay } from "./way-cases.ts";
import { NGINX_WAYS } from "./ways.ts";

for (const tried of NGINX_WAYS) describeWay(tried);
