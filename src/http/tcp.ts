/** `holdfast/tcp`: serving sessions by bare TCP connections, and by TLS. */
export { type TcpListener, tcpListener, type TcpListenerOptions } from "./tcp-listener.ts";
