// A server where there are `Request` and `Response` and no Node.
import { type FetchHandler, fetchHandler, type ListenerOptions } from "holdfast/http/fetch";
import { SessionServer } from "holdfast/server";

const sessions = new SessionServer<Uint8Array>({
  onSession: (session) => session.onBundle((messages) => void messages.length),
});
const options: ListenerOptions = { cors: { origins: (origin) => origin.endsWith(".example.com") } };
const handle: FetchHandler = fetchHandler(sessions, options);
const response: Response = await handle(new Request("https://example.com/holdfast"), {
  address: "127.0.0.1",
});
export const status: number = response.status;

// @ts-expect-error A handler takes a request, not its URL.
await handle("https://example.com/holdfast");
