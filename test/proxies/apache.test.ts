import { APACHE } from "./apache.ts";
import { describeProgram } from "./cases.ts";

describeProgram(APACHE);
