// @ts-check
// The folder that the server serves in these tests: the built demos, and beside them a bare page and the built package.
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scratchFolder } from "./processes.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * Puts the site together, in this run's own folder.
 * @returns {string} its path
 */
export function buildSite() {
  const site = join(scratchFolder, "site");
  if (existsSync(site)) return site;
  mkdirSync(site);
  for (const [from, to, build] of /** @type {const} */ ([
    ["www/dist", ".", "npm run build -w www"],
    ["crate/web/npm/dist", "package", "npm run build -w chinwag"],
    ["tests/e2e/pages/bare", "bare", "a checkout of the repository"],
  ])) {
    if (!existsSync(join(root, from))) throw new Error(`no ${from}: it needs ${build}`);
    cpSync(join(root, from), join(site, to), { recursive: true });
  }
  return site;
}
