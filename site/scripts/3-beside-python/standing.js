// A document says where this site stands, so that what it gives to paste works as it is; and a button copies it.
"use strict";
(() => {
  const UNKNOWN = "https://OWNER.github.io/REPO/";
  const ALONE = ["localhost", "127.0.0.1", "[::1]", ""]; // nobody else can open a site there: its address would mislead
  const here = ALONE.includes(location.hostname) ? UNKNOWN : new URL(".", location.href).href;
  const copying = (/** @type {HTMLElement} */ pasted) => {
    const button = document.createElement("button");
    const say = (/** @type {string} */ words) => () => {
      button.textContent = words;
    };
    say("Copy")();
    button.className = "quiet";
    button.setAttribute("aria-live", "polite");
    button.onclick = () =>
      navigator.clipboard.writeText(pasted.innerText.trim()).then(say("Copied"), say("Not copied: select the text and copy it"));
    return button;
  };
  for (const code of document.querySelectorAll("code")) {
    if (!code.textContent?.includes(UNKNOWN)) continue;
    code.textContent = code.textContent.replaceAll(UNKNOWN, here);
    if (code.closest("pre") && navigator.clipboard) code.closest("pre")?.after(copying(code));
  }
})();
