/** The programs of this ring. Without one of them nothing here is skipped: it fails. */
import { APACHE } from "./apache.ts";
import { HAPROXY_KEPT } from "./haproxy.ts";
import { NGINX_KEPT } from "./nginx.ts";
import { pathOf } from "./running.ts";
import { SQUID_AT_SERVER } from "./squid.ts";
import { TINYPROXY } from "./tinyproxy.ts";
import { VARNISH } from "./varnish.ts";

const PROGRAMS = [NGINX_KEPT, HAPROXY_KEPT, APACHE, SQUID_AT_SERVER, TINYPROXY, VARNISH];

export default function setup(): void {
  const missing = PROGRAMS.filter(({ command }) => pathOf(command) === undefined);
  if (missing.length === 0) return;
  const packages = missing.map((program) => program.package).join(" ");
  throw new Error(
    `These tests need programs that are not installed: ${packages}.\n` +
      `On Debian 12: apt-get install --no-install-recommends ${packages}`,
  );
}
