// The scenarios of this repository by name, for programs that are told which one to play.

import { links, restarts, sessions } from "../sim-session/scenarios.ts";
import {
  coreScenario,
  drawOptions,
  drawPipedOptions,
  pipeScenario,
  type Play,
  type Scenario,
  Simulation,
  type SimulationOptions,
} from "../../src/sim/index.ts";
import { closing } from "./closing.ts";
import { lives } from "./lives-scenario.ts";

/** What was played in this thread, besides what the marks tell. */
export const played = { exchanges: 0, simulatedMs: 0 };

/** One of the library's own, whose exchanges and time are counted. */
function counted({ name }: Scenario, draw: (play: Play) => SimulationOptions): Scenario {
  return {
    name,
    run(play: Play): void {
      const simulation = new Simulation(draw(play), play);
      simulation.run();
      played.exchanges += simulation.exchanges;
      played.simulatedMs += simulation.nowMs;
    },
  };
}

const cores = counted(coreScenario, drawOptions);
const pipes = counted(pipeScenario, drawPipedOptions);

export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map(
  [cores, pipes, closing, lives, sessions, links, restarts].map((scenario) => [
    scenario.name,
    scenario,
  ]),
);

/** @throws Error for a name that there is not. */
export function scenarioNamed(name: string): Scenario {
  const scenario = SCENARIOS.get(name);
  if (scenario !== undefined) return scenario;
  throw new Error(`no scenario ${name}; there are: ${[...SCENARIOS.keys()].join(", ")}`);
}
