// A page: no types of Node, and the client by `fetch`.
import { connect } from "holdfast";
import { connect as connectMinified } from "holdfast/browser";

const session = connect<string, string>("/holdfast", {
  carriersMax: 8,
  credentials: "include",
  events: window,
  fetch: (url, init) => fetch(url, { ...init, priority: "high" }),
});
addEventListener("pagehide", () => sessionStorage.setItem("session", session.save()));
connectMinified<string, string>("/holdfast", { resume: sessionStorage.getItem("session") ?? "" });

// @ts-expect-error An agent is for Node.
connect("/holdfast", { agent: undefined });
