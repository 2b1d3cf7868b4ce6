// The page's first scripts stand in it, so that the first painting waits for no file. Where a server's policy forbids that
// (docs/embedding.md), they come as files, a moment later.
"use strict";
if (!window.labTrouble) {
  for (const name of ["embed.js", "trouble.js", "boot.js"]) {
    const script = document.createElement("script");
    script.src = new URL(name, document.currentScript.src).href;
    script.async = false; // one after the other
    document.head.append(script);
  }
}
