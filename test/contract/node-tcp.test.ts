import { describeContract } from "./contract.ts";
import { BY_TCP } from "./tcp-harness.ts";

describeContract(BY_TCP);
