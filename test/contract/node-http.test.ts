import { describeContract } from "./contract.ts";
import { byNode } from "./http-harness.ts";
import { serveHttp } from "./http-sites.ts";

describeContract(byNode("a listener of node:http", serveHttp));
