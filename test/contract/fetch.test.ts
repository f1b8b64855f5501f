import { describeContract } from "./contract.ts";
import { byFetch } from "./http-harness.ts";
import { serveFetch, serveHttp } from "./http-sites.ts";

describeContract(byFetch("a listener of node:http", serveHttp));
describeContract(byFetch("a handler of Request and Response", serveFetch, ["addresses"]));
