import { describeContract } from "./contract.ts";
import { byHttp2 } from "./http-harness.ts";
import { serveHttp2 } from "./http-sites.ts";

describeContract(byHttp2("a listener of node:http2", serveHttp2, "stream"));
