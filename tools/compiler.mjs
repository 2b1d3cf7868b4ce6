// Starts Pyodide in Node and lets compiling.py make its archives: node compiler.mjs <folder of pyodide> <order as JSON>.
// The order names files of this machine: {"inputs": {name: path}, "outputs": {name: path}, "pyscript": path, "needed": [...]}.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import vm from "node:vm";

/**
 * The Python that PyScript's core carries as one object of texts, by file name, and the core without it: it would be written into
 * Python's files and compiled at every boot, and the app brings it compiled.
 */
function parted(core) {
  const text = readFileSync(core, "utf8");
  const begin = text.indexOf('{pyscript:{"__init__.py":');
  for (let end = text.indexOf("}}", begin); begin >= 0 && end >= 0; end = text.indexOf("}}", end + 1)) {
    try {
      const { pyscript } = vm.runInNewContext(`(${text.slice(begin, end + 2)})`);
      return { pyscript, lean: `${text.slice(0, begin)}{}${text.slice(end + 2)}` };
    } catch {
      // a pair of braces inside one of the texts: the object ends further on
    }
  }
  throw new Error(`${core} doesn't carry PyScript's Python in the way it did: see how this version does`);
}

const [folder, text] = process.argv.slice(2);
const order = JSON.parse(text);
try {
  const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
  const python = await loadPyodide({ indexURL: folder, env: { PYTHONHASHSEED: "0" } });
  const running = python.runPython("import sys; list(sys.modules)"); // before compiling.py brings its own
  python.FS.mkdir("/in");
  python.FS.mkdir("/out");
  for (const [name, path] of Object.entries(order.inputs)) python.FS.writeFile(`/in/${name}`, readFileSync(path));
  python.FS.writeFile("/compiling.py", readFileSync(new URL("compiling.py", import.meta.url)));
  const { pyscript, lean } = parted(order.pyscript);
  python.FS.writeFile("/out/core", lean);
  python.globals.set("pyscript", python.toPy(pyscript));
  python.globals.set("needed", python.toPy(order.needed));
  python.globals.set("running", running);
  python.runPython("import sys; sys.path.insert(0, '/'); import compiling; compiling.main(needed, running, pyscript)");
  for (const [name, path] of Object.entries(order.outputs)) writeFileSync(path, python.FS.readFile(`/out/${name}`));
} catch (mistake) {
  console.error(mistake.message); // not its stack, which quotes Pyodide's one long line
  process.exit(1);
}
