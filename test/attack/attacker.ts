// The process that attacks: told by name what to do.

import * as bodies from "./attacks/bodies.ts";
import * as http from "./attacks/http.ts";
import * as pipes from "./attacks/pipes.ts";
import * as sessions from "./attacks/sessions.ts";
import { answerCalls } from "../calls.ts";
import { relent } from "./wire.ts";

answerCalls({ ...http, ...bodies, ...pipes, ...sessions, relent });
