// The start of the single-file lab: every file lies in the page itself, compressed, and nothing is asked of any server, so
// that the page runs from a stick. Python runs in the page's own thread only: a file gets no worker.
const place = new URL(".", location.href).href;

/** The bytes of an embedded file. @param {string} name */
async function bytes(name) {
  const text = document.querySelector(`script[data-file="${name}"]`).textContent.trim();
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

/** An embedded module, as something that can be imported. @param {string} name */
async function imported(name) {
  return import(URL.createObjectURL(new Blob([await bytes(name)], { type: "text/javascript" })));
}

/** Pyodide asks for its files by address; the address leads into the page. */
function answerFromThePage() {
  const plain = globalThis.fetch;
  globalThis.fetch = async (input, options) => {
    const name = String(/** @type {Request} */ (input).url ?? input).split("/").pop();
    if (!document.querySelector(`script[data-file="${name}"]`)) return plain(input, options);
    const type = name.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
    return new Response(await bytes(name), { headers: { "Content-Type": type } });
  };
}

async function start() {
  answerFromThePage();
  const [{ loadPyodide }, made] = await Promise.all([imported("pyodide.mjs"), imported("pyodide.asm.mjs")]);
  const lockFileContents = new TextDecoder().decode(await bytes("pyodide-lock.json"));
  const python = await loadPyodide({ indexURL: place, lockFileContents, createPyodideModule: made.default, packages: [] });
  for (const { dataset } of document.querySelectorAll("script[data-root]")) {
    python.FS.writeFile(`/${dataset.file}`, new Uint8Array(await bytes(dataset.file)));
  }
  python.runPython('import sys; sys.path.insert(0, "/app.zip")');
  python.pyimport("ui").main();
}

// A document that the page links to opens from the page, too.
addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[href$='.html']");
  const name = link?.getAttribute("href");
  if (!name || !document.querySelector(`script[data-file="${name}"]`)) return;
  event.preventDefault();
  open(URL.createObjectURL(new Blob([await bytes(name)], { type: "text/html" })));
});

start().catch((failure) => {
  window.labFailed(window.labWord("no_start_here", { cause: String(failure.message ?? failure).trim().split("\n").pop().slice(0, 200) }));
});
