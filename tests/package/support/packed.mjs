// @ts-check
// The package as a user gets it: packed by npm, and installed from that file beside the fixture apps.
import { execFile } from "node:child_process";
import { cp, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { scratchFolder } from "../../e2e/harness/processes.mjs";

export const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Runs npm, and gives what it prints. On failure the error holds all output. @param {string} folder @param {string[]} args */
export async function npm(folder, ...args) {
  try {
    const { stdout } = await promisify(execFile)("npm", args, { cwd: folder, env: { ...process.env, NO_COLOR: "1" } });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = /** @type {{ stdout: string, stderr: string }} */ (error);
    throw new Error(`npm ${args.join(" ")} failed in ${folder}:\n${stdout}\n${stderr}`);
  }
}

/**
 * A folder with the fixtures in it and the packed package installed. Bundlers come from a node_modules above, which is the
 * repository's; the package does not: it is found nearer.
 * @returns {Promise<{ folder: string, installed: string, files: string[] }>}
 */
export async function installPacked() {
  const folder = join(scratchFolder, "fixtures");
  await cp(join(root, "tests/fixtures"), folder, { recursive: true });
  const packed = JSON.parse(await npm(root, "pack", "--workspace", "chinwag", "--json", "--ignore-scripts", "--pack-destination", scratchFolder));
  // npm 12 gives an object by the packages' names, earlier ones a list.
  const [{ filename, files }] = Object.values(packed);
  await npm(folder, "install", join(scratchFolder, filename), "--offline", "--no-audit", "--no-fund", "--no-package-lock", "--install-links");
  // Only now, so that npm cannot take that folder for the one to install into.
  await symlink(join(root, "node_modules"), join(scratchFolder, "node_modules"));
  return {
    folder,
    installed: join(folder, "node_modules/chinwag"),
    files: files.map((/** @type {{ path: string }} */ { path }) => path),
  };
}
