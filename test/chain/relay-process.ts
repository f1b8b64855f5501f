// B of a chain as a process of its own. Argument: C's address, and the limits as JSON. Tells its own
// address, and its memory when asked.
import { Relay, type RelayOptions } from "./relay.ts";

const [target = "", options = "{}"] = process.argv.slice(2);
const relay = await Relay.start(target, JSON.parse(options) as RelayOptions);
process.on("message", () => process.send?.({ memoryBytes: process.memoryUsage().rss }));
process.on("disconnect", () => process.exit());
process.send?.({ url: relay.url });
