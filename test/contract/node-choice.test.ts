import { describeContract } from "./contract.ts";
import { byChoice } from "./http-harness.ts";
import { serveHttp } from "./http-sites.ts";

describeContract(byChoice("a listener of node:http", serveHttp));
