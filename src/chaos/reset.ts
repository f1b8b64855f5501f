/** The one way in which the proxy resets a connection. */
import type { Socket } from "node:net";

/**
 * Resets a connection, except in the moment in which its FIN is on the way to the system. libuv
 * then refuses the reset, and Node 20 to 24 take the connection for closed all the same: it stays
 * open, "close" never comes, and the process spins at its exit
 * (https://github.com/libp2p/js-libp2p/pull/3597). Such a connection is closed the usual way.
 */
export function reset(socket: Socket): void {
  const { writableEnded, writableFinished, writableLength } = socket;
  // With bytes still to be written the FIN waits behind them, and a reset overtakes both.
  const isFinOnItsWay = writableEnded && !writableFinished && writableLength === 0;
  if (isFinOnItsWay) socket.destroy();
  else socket.resetAndDestroy();
}
