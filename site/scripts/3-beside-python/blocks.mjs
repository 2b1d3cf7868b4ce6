// Paints memory as blocks: who holds which of them in a step, in two ways to hand memory out.
import { colours, layer, ratio } from "./canvas.mjs";

const SHADES = ["block-1", "block-2", "block-3", "block-4"];
const [LATER, NEVER, FREE] = [4, 5, 6];
const BLOCK_COLOURS = [...SHADES, "block-later", "block-later-ink", "block-never", "block-never-ink", "block-free"];
const TALLEST_MAP = 440; // CSS pixels

/** A colour as one number in the byte order of ImageData. @param {string} colour */
function rgba(colour) {
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  return new Uint32Array(pen.getImageData(0, 0, 1, 1).data.buffer)[0];
}

/**
 * A scene of replays.py. held: [step joined, first block, blocks, tokens then, tokens in the end] for each request, flat;
 * paged: [request, step joined, step left, tokens then] for each stay, flat; tables: the blocks of each stay, table_blocks each.
 * @typedef {{blocks: number, steps: number, held: number[], paged: number[], tables: number[], table_blocks: number[]}} Data
 * @typedef {{block_tokens: number, start: number, keys: number[], data: Data}} Scene
 *
 * One request's time in memory: from the step `joined` until before `left`, with so many tokens when it joined.
 * @typedef {{request: number, joined: number, left: number, tokens: number}} Stay
 * @typedef {Stay & {first: number, size: number, final: number}} Stretch
 * @typedef {Stay & {table: Int32Array}} Table
 */

export class Blocks {
  /** @param {HTMLElement} root @param {Scene} scene */
  constructor(root, { data, block_tokens, start, keys }) {
    this.root = root;
    this.blocks = data.blocks;
    this.tokens = block_tokens; // in one block
    this.length = data.steps - 1;
    this.start = start;
    this.keys = keys;
    this.shown = ""; // what is on the canvases: step, width, pixels
    this.held = this.stretches(data.held);
    this.paged = this.tables(data);
    this.kinds = new Uint8Array(this.blocks);
    this.dress();
  }

  /** Stays in one stretch each: request i is the i-th. @param {number[]} flat @returns {Stretch[]} */
  stretches(flat) {
    const stays = [];
    for (let i = 0; i < flat.length; i += 5) {
      const [joined, first, size, tokens, final] = flat.slice(i, i + 5);
      stays.push({ request: i / 5, joined, left: joined + final - tokens + 1, tokens, first, size, final });
    }
    return stays;
  }

  /** Stays with a block table each; -n in a table stands for the n blocks that follow. @param {Data} data @returns {Table[]} */
  tables({ paged, tables, table_blocks }) {
    const all = new Int32Array(table_blocks.reduce((sum, n) => sum + n, 0));
    let at = 0;
    for (const entry of tables) {
      if (entry >= 0) all[at++] = entry;
      else for (let n = 0; n < -entry; n++, at++) all[at] = all[at - 1] + 1;
    }
    let from = 0;
    return table_blocks.map((size, i) => {
      const [request, joined, left, tokens] = paged.slice(4 * i, 4 * i + 4);
      from += size;
      return { request, joined, left, tokens, table: all.subarray(from - size, from) };
    });
  }

  /** The colour of each kind of block, plain and where its pattern has a mark: inks[2 · kind + mark]. */
  dress() {
    const named = colours(this.root, BLOCK_COLOURS);
    const both = [...SHADES, "block-later", "block-never", "block-free"].flatMap((name) => [named[name], named[`${name}-ink`] ?? named[name]]);
    this.inks = Uint32Array.from(both, rgba);
    this.shown = "";
  }

  /** @param {number} position @param {number} direction */
  step(position, direction) {
    return position + direction;
  }

  /** @param {number} position */
  paint(position) {
    const step = Math.floor(position);
    /** @type {string} */
    const shown = `${step} ${this.root.clientWidth} ${ratio()}`;
    if (shown === this.shown) return; // several frames may show one step
    this.shown = shown;
    this.map("held", this.held, step, (stay, now) => {
      const [used, final] = [Math.ceil(now / this.tokens), Math.ceil(stay.final / this.tokens)];
      this.kinds.fill(stay.request % SHADES.length, stay.first, stay.first + used);
      this.kinds.fill(LATER, stay.first + used, stay.first + final);
      this.kinds.fill(NEVER, stay.first + final, stay.first + stay.size);
    });
    this.map("paged", this.paged, step, (stay, now) => {
      const used = Math.ceil(now / this.tokens);
      for (let i = 0; i < used; i++) this.kinds[stay.table[i]] = stay.request % SHADES.length;
    });
  }

  /**
   * One map: who is in memory in this step is put down block by block, then the blocks become pixels.
   * @template {Stay} S
   * @param {string} name @param {S[]} stays @param {number} step @param {(stay: S, now: number) => void} put now: tokens
   */
  map(name, stays, step, put) {
    const canvas = layer(this.root, name);
    this.kinds.fill(FREE);
    for (const stay of stays) {
      if (stay.joined <= step && step < stay.left) put(stay, stay.tokens + step - stay.joined);
    }
    const image = this.pixels(canvas);
    const [{ kinds, inks, blocks }, { data, dots, stripes }, counts] = [this, image, new Uint32Array(FREE + 1)];
    for (let i = 0; i < blocks; i++) {
      const kind = kinds[i];
      counts[kind]++;
      data[i] = inks[2 * kind + (kind === LATER ? dots[i] : kind === NEVER ? stripes[i] : 0)];
    }
    const useful = blocks - counts[LATER] - counts[NEVER] - counts[FREE];
    canvas.dataset.drawn = JSON.stringify({ step, useful, later: counts[LATER], never: counts[NEVER], free: counts[FREE] });
    image.pen.putImageData(image.raw, 0, 0);
    const pen = canvas.getContext("2d");
    pen.imageSmoothingEnabled = false;
    pen.drawImage(image.pen.canvas, 0, 0, canvas.width, canvas.height);
  }

  /** An image with a pixel for each block, of a shape that fills the canvas with whole squares, and where its patterns, which
      are made of whole blocks, have their marks: dots for what is set aside for later, stripes for never. @param {import("./canvas.mjs").Canvas} canvas */
  pixels(canvas) {
    const scale = ratio();
    const width = Math.floor(canvas.parentElement.clientWidth * scale);
    if (canvas.image?.width === width && canvas.image.blocks === this.blocks) return canvas.image;
    let cell = 16;
    while (cell > 1 && Math.ceil(this.blocks / Math.floor(width / cell)) * cell > TALLEST_MAP * scale) cell--;
    const columns = Math.max(1, Math.floor(width / cell));
    const rows = Math.ceil(this.blocks / columns);
    Object.assign(canvas, { width: columns * cell, height: rows * cell });
    Object.assign(canvas.style, { width: `${(columns * cell) / scale}px`, height: `${(rows * cell) / scale}px` });
    const pen = new OffscreenCanvas(columns, rows).getContext("2d");
    const raw = pen.createImageData(columns, rows);
    const marks = (/** @type {(x: number, y: number) => number | boolean} */ mark) => Uint8Array.from({ length: this.blocks }, (_, i) => Number(mark(i % columns, Math.floor(i / columns))));
    const [dots, stripes] = [marks((x, y) => x & y & 1), marks((x, y) => (x + y) % 4 === 0)];
    canvas.image = { width, blocks: this.blocks, pen, raw, data: new Uint32Array(raw.data.buffer), dots, stripes };
    return canvas.image;
  }
}
