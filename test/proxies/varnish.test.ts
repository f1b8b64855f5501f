import { describeProgram } from "./cases.ts";
import { VARNISH } from "./varnish.ts";

describeProgram(VARNISH);
