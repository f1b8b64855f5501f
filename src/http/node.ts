/**
 * `holdfast/http/node`: serving sessions by `node:http`, `node:https`, `node:http2` and what is
 * built on them.
 */
export {
  configureServer,
  SERVER_SETTINGS_DEFAULTS,
  type ServerSettings,
} from "./configure-server.ts";
export { type NodeListener, nodeListener } from "./node-listener.ts";
export { type UpgradeListener, upgradeListener } from "./node-upgrade.ts";
export type { NodeRequest, NodeResponse } from "./node-exchange.ts";
export type { CorsOptions } from "./cors.ts";
export type { TrustProxy } from "./client-address.ts";
export type { ListenerOptions } from "./request-rules.ts";
