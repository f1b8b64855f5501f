/** What the comparison uses of Faye, which brings no types. */
declare module "faye" {
  import type { Server } from "node:http";

  interface Subscription {
    then(resolve: () => void, reject: (reason: Error) => void): unknown;
  }

  interface Client {
    connect(connected: () => void): void;
    subscribe(channel: string, listener: (data: string) => void): Subscription;
    publish(channel: string, data: string): Subscription;
    disconnect(): unknown;
  }

  interface NodeAdapter {
    attach(server: Server): void;
    getClient(): Client;
    on(event: "subscribe", listener: (clientId: string, channel: string) => void): void;
    on(
      event: "publish",
      listener: (clientId: string | undefined, channel: string, data: string) => void,
    ): void;
    on(event: "disconnect", listener: (clientId: string) => void): void;
  }

  const faye: {
    NodeAdapter: new (options: { mount: string; timeout: number }) => NodeAdapter;
    Client: new (endpoint: string, options?: { retry?: number }) => Client;
  };
  export default faye;
}
