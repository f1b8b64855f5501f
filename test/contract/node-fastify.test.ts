import { describeContract } from "./contract.ts";
import { byNode } from "./http-harness.ts";
import { serveFastify } from "./http-sites.ts";

describeContract(byNode("Fastify 5", serveFastify));
