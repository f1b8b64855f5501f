import { describeContract } from "./contract.ts";
import { byLink } from "./http-harness.ts";
import { serveHttp } from "./http-sites.ts";

const streams = { streamNames: "server", streamLabel: "event-stream" } as const;
describeContract(byLink("stream", "a listener of node:http that names it", serveHttp, streams));
