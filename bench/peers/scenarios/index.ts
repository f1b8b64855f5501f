import type { Scenario } from "../scenario.ts";
import { cuts } from "./cuts.ts";
import { echo } from "./echo.ts";
import { idle } from "./idle.ts";
import { paced } from "./paced.ts";
import { sessions } from "./sessions.ts";
import { slowReceiver } from "./slow-receiver.ts";
import { throughput } from "./throughput.ts";

export const scenarios: Readonly<Record<string, Scenario>> = {
  throughput,
  echo,
  paced,
  cuts,
  idle,
  sessions,
  slowReceiver,
};
