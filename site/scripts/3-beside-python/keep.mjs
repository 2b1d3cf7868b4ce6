// Pages beside the lab have what they need kept for visits without a network (sw.js), once somebody has used them.
let keeping = false;

/** Have what a page needs fetched now, in its language, and what it needs of `others`. `data-kept` of the page says whether it is whole.
    @param {string} page @param {string[]} others languages */
export async function keepSite(page, others = []) {
  if (keeping) return;
  keeping = true;
  try {
    await navigator.serviceWorker.register("sw.js", { updateViaCache: "none" });
    const { active } = await navigator.serviceWorker.ready;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => (document.documentElement.dataset.kept = data ? "whole" : "part");
    const { lang } = document.documentElement;
    active.postMessage([page, lang, `${page}.${lang}`, ...others], [port2]);
  } catch {
    // a browser that keeps nothing
  }
}
