// A program of sessions in the simulated world, with the types of whoever tests it.
import { type ClientSession, type EndedInfo, json } from "holdfast";
import { checkScenario, LOSSY_WIFI, type Play, type Scenario } from "holdfast/sim";
import {
  type Hazards,
  type ProcessScope,
  SessionWorld,
  type SimulatedProcess,
  WorldError,
} from "holdfast/sim/session";

const hazards: Partial<Hazards> = { everyMs: 100, serverRestartPermille: 50 };

const scenario: Scenario = {
  name: "sum",
  async run(play: Play) {
    const world = new SessionWorld(play, { network: LOSSY_WIFI, hazards });
    let sum = 0;
    const server: SimulatedProcess = world.serve<number, string>({
      codec: json,
      async onSession(session) {
        for await (const number of session) sum += number;
      },
    });
    const client = world.start("client", async (self: ProcessScope) => {
      const session: ClientSession<string, number> = self.connect({ codec: json });
      self.onUnload(() => self.storage.set("session", session.save()));
      session.send(play.pick(10, "a number"));
      await self.sleep(5);
    });
    const ended: EndedInfo = await world.run(world.connect<string, number>().close());
    const passed: void = await world.run(1_000);
    await world.run(() => sum > 10);
    await world.run(client.finished);
    server.restart(100);
    await world.settle();
    if (ended.reason !== "closed") throw new WorldError("state_invalid", String(passed));
  },
};
const { runs }: { readonly runs: number } = await checkScenario(scenario, { seeds: 2 });
export { runs };
