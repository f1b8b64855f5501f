import { describeProgram } from "./cases.ts";
import { HAPROXY_CLOSING, HAPROXY_KEPT, HAPROXY_REPEATING } from "./haproxy.ts";

describeProgram(HAPROXY_KEPT);
describeProgram(HAPROXY_CLOSING);
describeProgram(HAPROXY_REPEATING);
