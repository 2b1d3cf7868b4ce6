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
  // GitHub says by a site's address whose it is and of which repository.
  const [, owner] = location.hostname.match(/^([\w-]+)\.github\.io$/) ?? [];
  const repository = location.pathname.match(/^\/([^/]+)\//)?.[1] ?? location.hostname;
  for (const words of owner ? document.querySelectorAll("[data-releases]") : []) {
    const link = document.createElement("a");
    link.href = `https://github.com/${owner}/${repository}/releases`;
    words.replaceWith(link);
    link.append(words);
  }
  for (const code of document.querySelectorAll("code")) {
    if (!code.textContent?.includes(UNKNOWN)) continue;
    code.textContent = code.textContent.replaceAll(UNKNOWN, here);
    if (code.closest("pre") && navigator.clipboard) code.closest("pre")?.after(copying(code));
  }
})();
