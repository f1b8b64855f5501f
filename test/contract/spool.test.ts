import { describeContract } from "./contract.ts";
import { spool } from "./spool-harness.ts";

describeContract(spool);
