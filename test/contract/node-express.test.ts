import { describeContract } from "./contract.ts";
import { byNode } from "./http-harness.ts";
import { serveExpress } from "./http-sites.ts";

describeContract(byNode("Express 5", serveExpress));
