// What the painters of replays share: numbers as the page writes them, colours of the style sheet, canvases sharp on every screen.

/**
 * A canvas, and what a painter keeps with it.
 * @typedef {HTMLCanvasElement & {image?: any}} Canvas
 */

/** @type {Record<string, Intl.NumberFormat>} */
const formats = {}; // one is slow to make
/** A number with the page's own marks (words.toml, [numbers]), with from `least` to `most` decimals. @param {number} value */
export const number = (value, most = 0, least = 0) => {
  const digits = { minimumFractionDigits: least, maximumFractionDigits: most };
  const text = (formats[`${least} to ${most}`] ??= new Intl.NumberFormat("en", digits)).format(value);
  return text.replace(/[.,]/g, (mark) => window.labWord(mark === "." ? "decimal" : "thousands"));
};
/** @type {(root: HTMLElement, name: string) => Canvas} */
export const layer = (root, name) => /** @type {any} */ (root.querySelector(`canvas[data-layer="${name}"]`));
/**
 * The colours behind some custom properties: what a node wears that is given them, which settles light and dark.
 * @type {(root: HTMLElement, names: string[]) => Record<string, string>}
 */
export const colours = (root, names) => {
  const probe = root.appendChild(document.createElement("i"));
  const worn = (/** @type {string} */ name) => ((probe.style.color = `var(--${name})`), getComputedStyle(probe).color);
  const found = Object.fromEntries(names.map((name) => [name, worn(name)]));
  probe.remove();
  return found;
};
/** Whether the reader wishes things to stand still. */
export const still = matchMedia("(prefers-reduced-motion: reduce)");
/** How many of the screen's pixels make one CSS pixel, as far as a canvas follows. */
export const ratio = () => Math.max(1, Math.min(2, devicePixelRatio || 1));
/** @type {(value: number, low: number, high: number) => number} */
export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/**
 * Give a canvas a size in CSS pixels and a context whose unit is one of them.
 * @param {Canvas} canvas @param {number} width @param {number} height
 */
export function sized(canvas, width, height) {
  const scale = ratio();
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}
