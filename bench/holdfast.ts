/** This package as its users import it: below `peers/` its name is not known. */
export { type CodecFactory, connect, msgpack, raw, records, type Session } from "holdfast";
export { configureServer, nodeListener, upgradeListener } from "holdfast/http/node";
export { SessionServer } from "holdfast/server";
export { tcpListener } from "holdfast/tcp";
