import { describeContract } from "./contract.ts";
import { byFetch } from "./http-harness.ts";
import { serveFetch } from "./http-sites.ts";

describeContract(
  byFetch("a stream of a fetch handler", serveFetch, ["addresses"], undefined, ["stream"]),
);
