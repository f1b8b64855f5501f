import { describeContract } from "./contract.ts";
import { BY_TLS } from "./tcp-harness.ts";

describeContract(BY_TLS);
