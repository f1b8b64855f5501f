import { describeContract } from "./contract.ts";
import { byNode } from "./http-harness.ts";
import { serveHttps } from "./http-sites.ts";

describeContract(byNode("a listener of node:https", serveHttps));
