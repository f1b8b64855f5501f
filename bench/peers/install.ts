/** Installs the peers where they are missing, or are not those of the lock file. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = new URL(".", import.meta.url);

type Packages = Readonly<Record<string, { readonly version: string; readonly optional?: boolean }>>;

function packages(file: string): Packages {
  const url = new URL(file, folder);
  if (!existsSync(url)) return {};
  return (JSON.parse(readFileSync(url, "utf8")) as { packages: Packages }).packages;
}

/** What npm has noted of its last installation. */
const installed = packages("node_modules/.package-lock.json");
const isOutdated = Object.entries(packages("package-lock.json")).some(
  ([path, { version, optional = false }]) =>
    path !== "" && !optional && installed[path]?.version !== version,
);
if (isOutdated) {
  const prefix = fileURLToPath(folder);
  execFileSync("npm", ["ci", "--prefix", prefix], { stdio: ["ignore", 2, 2] });
}
