// Starts Pyodide in Node and calls a function of compiling.py there:
// node inside.mjs <folder of pyodide> <folder of inputs> <folder for outputs> <function> <its further arguments as JSON>.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, inputs, outputs, deed, words] = process.argv.slice(2);
try {
  const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
  // What is compiled remembers lines but no columns: a traceback shows those only beside the source, which doesn't travel.
  const env = { PYTHONHASHSEED: "0", PYTHONNODEBUGRANGES: "1" };
  const python = await loadPyodide({ indexURL: folder, env });
  const running = python.runPython("import sys; list(sys.modules)"); // before compiling.py brings its own
  for (const place of ["/in", "/out"]) python.FS.mkdir(place);
  for (const name of readdirSync(inputs)) python.FS.writeFile(`/in/${name}`, readFileSync(`${inputs}/${name}`));
  python.FS.writeFile("/compiling.py", readFileSync(new URL("compiling.py", import.meta.url)));
  python.globals.set("running", running);
  python.globals.set("words", python.toPy(JSON.parse(words)));
  python.runPython(`import sys; sys.path.insert(0, "/"); import compiling; compiling.${deed}(running=running, **words)`);
  for (const name of python.FS.readdir("/out")) {
    if (!name.startsWith(".")) writeFileSync(`${outputs}/${name}`, python.FS.readFile(`/out/${name}`));
  }
} catch (mistake) {
  console.error(mistake.message); // not its stack, which quotes Pyodide's one long line
  process.exit(1);
}
