// Lives of one session, at random: a client is saved and resumed, more than once from one state, while
// those that were saved go on.

import type { Play, Scenario } from "../../src/sim/index.ts";
import { type Carried, LivesWorld } from "./lives.ts";

const ROUNDS = 200;
const STATES_MAX = 12;
const LIVES_MAX = 12;

function act(world: LivesWorld, play: Play, round: number): void {
  const number = play.pick(world.lives.length, `round ${round}: life`);
  const life = world.lives[number];
  const isAlive = life !== undefined && life.ended === undefined && !life.isGone;
  switch (play.pick(12, `round ${round}: what happens`)) {
    case 1:
      if (isAlive && world.states.length < STATES_MAX) world.save(number);
      return;
    case 2:
      if (world.states.length > 0 && world.lives.length < LIVES_MAX) {
        world.resume(play.pick(world.states.length, `round ${round}: state`));
        play.mark("resumed");
      }
      return;
    case 3:
      if (isAlive && play.pick(4, `round ${round}: the life ends`) === 1) world.kill(number);
      return;
    case 4:
      if (isAlive) world.wake(number);
      return;
    case 5:
      world.say(`s${round}`);
      return;
    case 6:
    case 7:
    case 8:
      if (isAlive) world.fire(number);
      return;
    default:
      if (isAlive && life.side.state !== "ended") world.send(number, `${number}:${round}`);
  }
}

/** One body arrives, is lost, or comes twice. */
function carry(world: LivesWorld, play: Play, lossPermille: number, label: string): void {
  const item = world.items[play.pick(world.items.length, `${label}: body`)] as Carried;
  const isLost = lossPermille > 0 && play.pick(2, `${label}: lost`, lossPermille) === 1;
  if (isLost) world.lose(item, play.pick(2, `${label}: the client sees an error`) === 1);
  else {
    if (play.pick(2, `${label}: doubled`, 40) === 1) world.duplicate(item);
    world.deliver(item);
  }
}

export const lives: Scenario = {
  name: "lives",
  run(play: Play): void {
    const world = new LivesWorld();
    const lossPermille = 10 * play.pick(30, "how lossy");
    for (let round = 0; round < ROUNDS; round++) {
      act(world, play, round);
      const bodies = play.pick(4, `round ${round}: bodies`);
      for (let count = 0; count < bodies && world.items.length > 0; count++) {
        carry(world, play, lossPermille, `round ${round}.${count}`);
      }
      world.check();
    }
    world.heal();
    play.mark("sent by lives", world.received.length);
    const superseded = world.lives.filter(({ ended }) => ended?.reason === "superseded");
    if (superseded.length > 0) play.mark("superseded", superseded.length);
  },
};
