import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Compiles an entry file as build.sh does, and gives its module. */
export function compile(entry) {
  const dir = mkdtempSync(join(tmpdir(), "aril-as-"));
  try {
    const out = join(dir, "guest.wasm");
    const run = spawnSync("asc", [entry, "--debug", "-o", out], { cwd: join(import.meta.dirname, ".."), encoding: "utf8" });
    if (run.error) throw run.error;
    if (run.status !== 0) throw new Error(run.stderr);
    return new WebAssembly.Module(readFileSync(out));
  } finally {
    rmSync(dir, { recursive: true });
  }
}
