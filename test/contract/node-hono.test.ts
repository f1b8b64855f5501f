import { describeContract } from "./contract.ts";
import { byNode } from "./http-harness.ts";
import { serveHono } from "./http-sites.ts";

describeContract(byNode("Hono", serveHono));
