// The Python that PyScript's core carries as one object of texts, by file name, and the core without it, as JSON:
// node pyscript.mjs <the core>. Prints nothing where the core carries it otherwise.
import { readFileSync } from "node:fs";
import vm from "node:vm";

const text = readFileSync(process.argv[2], "utf8");
const begin = text.indexOf('{pyscript:{"__init__.py":');
for (let end = text.indexOf("}}", begin); begin >= 0 && end >= 0; end = text.indexOf("}}", end + 1)) {
  try {
    const { pyscript } = vm.runInNewContext(`(${text.slice(begin, end + 2)})`);
    console.log(JSON.stringify({ pyscript, lean: `${text.slice(0, begin)}{}${text.slice(end + 2)}` }));
    break;
  } catch {
    // a pair of braces inside one of the texts: the object ends further on
  }
}
