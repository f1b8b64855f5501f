import { describeContract } from "./contract.ts";
import { byLink } from "./http-harness.ts";
import { serveHttp } from "./http-sites.ts";

describeContract(byLink("websocket", "a listener of node:http", serveHttp));
