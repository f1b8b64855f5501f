/** A `fetch` for a session that lets somebody look at what passes. */
import type { Traffic } from "./traffic.ts";

/** As the option `fetch` of `connect` takes it. `tell` is called when something has happened. */
export function observedFetch(
  traffic: Traffic,
  tell: () => void,
): (url: string, init: RequestInit) => Promise<Response> {
  return async (url, init) => {
    const exchange = traffic.handleRequest(performance.now(), init.body as Uint8Array);
    tell();
    const fail = (): void => {
      traffic.handleFailure(performance.now(), exchange, init.signal?.aborted === true);
      tell();
    };
    try {
      const response = await fetch(url, init);
      const look = async (copy: Response): Promise<void> => {
        const bytes = new Uint8Array(await copy.arrayBuffer());
        if (!copy.ok) return fail();
        traffic.handleAnswer(performance.now(), exchange, bytes);
        tell();
      };
      // The session reads the answer itself, and neither waits for the other.
      void look(response.clone()).catch(fail);
      return response;
    } catch (error) {
      fail();
      throw error;
    }
  };
}
