import { describeContract } from "./contract.ts";
import { byLink } from "./http-harness.ts";
import { serveHttp2 } from "./http-sites.ts";

// The same server speaks HTTP/2 to others: TLS settles by ALPN that a WebSocket has HTTP/1.1.
describeContract(byLink("websocket", "a listener of node:http2 that allows HTTP/1", serveHttp2));
