// Pyodide with the application on its path, the same for the page's thread and the simulator's. The archives are read where
// they lie; nothing is unpacked, and numpy comes only when somebody asks for it.
import { loadPyodide, version } from "./runtime/pyodide/pyodide.mjs";

export { version };

const APP = "/app.zip";

/** The address of a file beside this one. */
export const here = (path) => new URL(path, import.meta.url).href;

/** Start Python. Rejects with an Error that names what is missing. */
export async function startPython(options = {}) {
  const app = fetch(here("app.zip")).then((answer) => {
    if (!answer.ok) throw new Error(`app.zip: the server answered ${answer.status}`);
    return answer.arrayBuffer();
  });
  app.catch(() => {}); // said below, once Pyodide is up
  const python = await loadPyodide({
    ...options,
    indexURL: here("runtime/pyodide/"),
    lockFileURL: here("runtime/pyodide/pyodide-lock.json"),
    packages: [],
  });
  python.FS.writeFile(APP, new Uint8Array(await app));
  python.runPython(`import sys; sys.path.insert(0, "${APP}")`);
  return python;
}
