// Makes a component of a core module: `node build.mjs CORE.wasm OUT.wasm`. What the module means is linked into it
// with the bindings; what it wants of WASI is put behind it here.
import { componentNew, preview1AdapterReactorPath } from "@bytecodealliance/jco";
import { readFile, writeFile } from "node:fs/promises";

const [core, out] = process.argv.slice(2);
const adapter = await readFile(preview1AdapterReactorPath());
await writeFile(out, await componentNew(await readFile(core), [["wasi_snapshot_preview1", adapter]]));
