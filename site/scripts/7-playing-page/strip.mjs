// A dial's strip: what it showed in the last minute, its promise, and what the player did meanwhile.
import { colours, sized } from "./canvas.mjs";

const SHOWN_S = 60;
const EVERY_S = 0.2;
const COLOURS = ["floor-prefill", "floor-stop", "red", "soft", "border", "text"];

export class Strip {
  room = { width: 0, height: 0 };

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.canvas = /** @type {import("./canvas.mjs").Canvas} */ (/** @type {unknown} */ (root.querySelector("canvas")));
    this.promised = root.dataset.promised !== undefined; // then half the height is the promise
    this.dress();
    this.clear();
  }

  dress() {
    this.inks = colours(this.root, COLOURS);
  }

  clear() {
    /** @type {[number, number][]} */
    this.points = [];
    /** @type {number[]} */
    this.marks = [];
  }

  /** @param {number} at s @param {number} share of the height */
  push(at, share) {
    if (this.points.length && at - this.points.at(-1)[0] < EVERY_S) return;
    this.points.push([at, Math.min(1, share)]);
    while (this.points[0][0] < at - SHOWN_S - 1) this.points.shift();
  }

  /** @param {number} at s */
  mark(at) {
    this.marks = [...this.marks.filter((before) => before > at - SHOWN_S), at];
  }

  /** @param {number} now s */
  paint(now) {
    const { width, height } = this.room;
    if (!width || !height) return;
    const pen = sized(this.canvas, width, height);
    const from = Math.max(0, now - SHOWN_S);
    const x = (/** @type {number} */ at) => ((at - from) / SHOWN_S) * width;
    const y = (/** @type {number} */ share) => height - 1 - share * (height - 3);
    pen.fillStyle = this.inks.border;
    pen.fillRect(0, height - 1, width, 1);
    if (this.points.length) {
      pen.beginPath();
      pen.moveTo(x(this.points[0][0]), height - 1);
      for (const [at, share] of this.points) pen.lineTo(x(at), y(share));
      pen.lineTo(x(this.points.at(-1)[0]), height - 1);
      pen.fillStyle = this.inks["floor-stop"];
      pen.fill();
      pen.beginPath();
      for (const [at, share] of this.points) pen.lineTo(x(at), y(share));
      pen.strokeStyle = this.inks["floor-prefill"];
      pen.lineWidth = 1.5;
      pen.stroke();
    }
    if (this.promised) {
      pen.setLineDash([4, 3]);
      pen.strokeStyle = this.inks.red;
      pen.lineWidth = 1;
      pen.beginPath();
      pen.moveTo(0, y(0.5));
      pen.lineTo(width, y(0.5));
      pen.stroke();
      pen.setLineDash([]);
    }
    pen.fillStyle = this.inks.text;
    for (const at of this.marks) {
      const left = x(at);
      pen.fillRect(left, 0, 1, height);
      pen.beginPath();
      pen.moveTo(left - 3.5, 0);
      pen.lineTo(left + 4.5, 0);
      pen.lineTo(left + 0.5, 5);
      pen.fill();
    }
  }
}
