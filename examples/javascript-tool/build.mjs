// Builds the component: `node build.mjs OUT.wasm`. The contract lies in `wit/deps` (see `../build`).
import { componentize } from "@bytecodealliance/componentize-js";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const { component } = await componentize({
  sourcePath: here("tool.js"),
  witPath: here("wit"),
  worldName: "tool",
  // What is left out here is not imported, so nobody has to wonder what it is for.
  disableFeatures: ["random", "stdio", "clocks", "http", "fetch-event"],
});
await writeFile(process.argv[2] ?? "sort-json.wasm", component);
