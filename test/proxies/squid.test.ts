import { describeProgram } from "./cases.ts";
import { SQUID_AT_CLIENT, SQUID_AT_SERVER } from "./squid.ts";

describeProgram(SQUID_AT_SERVER);
describeProgram(SQUID_AT_CLIENT);
