/** Writes the reference into spec/api: `npm run api`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { makeReference } from "./markdown.ts";

const root = new URL("../../../", import.meta.url);
const folder = new URL("spec/api/", root);

const { pages, problems } = await makeReference(fileURLToPath(root));
mkdirSync(folder, { recursive: true });
for (const [name, text] of pages) writeFileSync(new URL(name, folder), text);
for (const problem of problems) console.error(problem);
console.log(`${pages.size} pages in spec/api`);
process.exitCode = problems.length === 0 ? 0 : 1;
