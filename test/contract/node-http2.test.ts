import { describeContract } from "./contract.ts";
import { byNode } from "./http-harness.ts";
import { serveHttp2 } from "./http-sites.ts";

describeContract(
  byNode("a listener of node:http2 that allows HTTP/1", serveHttp2, ["http2 at the client"]),
);
