// Paints the floor of the game: of each node the queue, the seats and the memory. What is where comes from Python, 20 times a second;
// between two such moments things move on to where they are, 60 times a second.
import { clamp, colours, number, sized, still } from "./canvas.mjs";

const SHADES = ["block-1", "block-2", "block-3", "block-4"];
const COLOURS = [...SHADES, "block-free", "floor-waits", "floor-waits-ink", "floor-seated", "floor-prefill", "floor-decode", "floor-idle", "floor-evicted", "floor-evicted-ink", "floor-stop", "text", "soft", "border", "border-strong", "green", "red", "surface"];
const [LABEL_H, GAP] = [18, 14];
const [DOT, DOT_GAP] = [9, 3];
const MOST_DOTS = 240; // of a node: more are told, not painted
const EASE_PER_S = 12;
const LEAVES_MS = 900;
const MOST_LEAVING = 60;

/**
 * A node as play.watch tells it.
 * @typedef {{state: string, stops?: boolean, most: number, used: number, warm?: number, evicted?: number, queue: number[], seats: number[],
 *   cells: number[], labels: string[]}} Node
 * @typedef {{left: number, width: number, queueTop: number, queueH: number, seatsTop: number, seatsH: number, cellsTop: number, cellsH: number}} Room
 * @typedef {{x: number, y: number, toX: number, toY: number, late: boolean, seated: boolean}} Sprite where a request is, and where it goes
 */

export class Stage {
  /** @type {Node[]} */ nodes = [];
  /** @type {Map<number, Sprite>} */ sprites = new Map();
  /** @type {{x: number, y: number, kept: boolean, turned: boolean, since: number}[]} */ leaving = [];
  /** @type {Map<number, number>} */ before = new Map(); // how far each request was
  /** @type {Map<number, number>} */ far = new Map();
  told = 0; // when the last moment came, ms
  every = 50; // ms between two
  painted = 0;
  room = { width: 0, height: 0 };
  turned = 0;
  /** @type {string[]} */ legend = [];

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.canvas = /** @type {import("./canvas.mjs").Canvas} */ (/** @type {unknown} */ (root.querySelector("canvas")));
    this.dress();
  }

  dress() {
    this.inks = colours(this.root, COLOURS);
    this.font = `600 12px ${getComputedStyle(this.root).fontFamily}`;
  }

  /** Another game begins. @param {string[]} legend what a dark bar is, a green one, and a cross */
  clear(legend) {
    this.legend = legend;
    this.sprites.clear();
    this.leaving = [];
    this.before = new Map();
    this.far = new Map();
    this.turned = 0;
  }

  /** A moment of the game. @param {{nodes: Node[], done: [number, boolean][], turned: number}} seen @param {number} now ms */
  show(seen, now) {
    if (this.told) this.every = clamp(0.7 * this.every + 0.3 * (now - this.told), 16, 200);
    this.told = now;
    for (const [request, kept] of seen.done) this.leave(request, kept, now);
    for (let i = Math.max(this.turned, seen.turned - 6); i < seen.turned; i++) this.refuse(i, now);
    this.turned = seen.turned;
    this.nodes = seen.nodes;
    this.before = this.far;
    this.far = new Map();
    for (const { seats } of this.nodes) for (let i = 0; i < seats.length; i += 4) this.far.set(seats[i + 1], (seats[i + 2] ? 2000 : 0) + seats[i + 3]);
    this.place();
    const counts = { waiting: 0, running: 0, cells: 0 };
    for (const { queue, seats, cells } of this.nodes) {
      counts.waiting += queue.length;
      counts.running += seats.length / 4;
      counts.cells += cells.filter((request) => request >= 0).length;
    }
    this.canvas.dataset.drawn = JSON.stringify(counts);
  }

  /** @param {number} request @param {boolean} kept @param {number} now */
  leave(request, kept, now) {
    const sprite = this.sprites.get(request);
    if (sprite && this.leaving.length < MOST_LEAVING) this.leaving.push({ x: sprite.x, y: sprite.y, kept, turned: false, since: now });
  }

  /** @param {number} i @param {number} now */
  refuse(i, now) {
    const width = this.room.width;
    if (this.leaving.length < MOST_LEAVING) this.leaving.push({ x: width * (0.35 + 0.3 * ((i * 0.618) % 1)), y: 26, kept: false, turned: true, since: now });
  }

  shown() {
    return this.nodes.filter(({ state }) => state !== "gone");
  }

  /** Where the parts of the n-th node of those shown are. @param {number} n @param {number} count @returns {Room} */
  roomOf(n, count) {
    const { width: w, height: h } = this.room;
    const width = (w - GAP * (count - 1)) / count;
    const room = h - 3 * LABEL_H;
    const [queueH, seatsH] = [Math.round(room * 0.26), Math.round(room * 0.42)];
    const seatsTop = LABEL_H + queueH + LABEL_H;
    const cellsTop = seatsTop + seatsH + LABEL_H;
    return { left: n * (width + GAP), width, queueTop: LABEL_H, queueH, seatsTop, seatsH, cellsTop, cellsH: h - cellsTop };
  }

  /** The columns and the size of a grid's boxes. @param {number} count @param {number} width @param {number} height @param {number} wide as wide as high */
  grid(count, width, height, wide) {
    let best = { columns: 1, w: 0, h: 0 };
    for (let columns = 1; columns <= count; columns++) {
      const rows = Math.ceil(count / columns);
      const h = Math.min(height / rows, width / columns / wide);
      if (h > best.h) best = { columns, w: Math.min(width / columns, h * wide * 1.6), h };
    }
    return best;
  }

  /** @param {Node} node @param {Room} room */
  seatsOf(node, room) {
    let most = node.most;
    for (let i = 0; i < node.seats.length; i += 4) most = Math.max(most, node.seats[i] + 1); // who keeps a seat that is no more
    return { most, ...this.grid(Math.max(1, most), room.width, room.seatsH, 1.7) };
  }

  /** Every request has its place. */
  place() {
    if (!this.room.width) return;
    const there = new Set();
    const nodes = this.shown();
    nodes.forEach((node, n) => {
      const room = this.roomOf(n, nodes.length);
      const across = Math.max(1, Math.floor(room.width / (DOT + DOT_GAP)));
      const rows = Math.max(1, Math.floor(room.queueH / (DOT + DOT_GAP)));
      node.queue.slice(0, Math.min(MOST_DOTS, across * rows)).forEach((signed, i) => {
        const request = signed < 0 ? -1 - signed : signed;
        const x = room.left + (i % across) * (DOT + DOT_GAP) + DOT / 2;
        const y = room.queueTop + room.queueH - Math.floor(i / across) * (DOT + DOT_GAP) - DOT / 2 - 2;
        this.move(request, x, y, signed < 0, false, room);
        there.add(request);
      });
      const { columns, w, h } = this.seatsOf(node, room);
      for (let i = 0; i < node.seats.length; i += 4) {
        const [seat, request] = [node.seats[i], node.seats[i + 1]];
        const [x, y] = [room.left + (seat % columns) * w + w / 2, room.seatsTop + Math.floor(seat / columns) * h + h / 2];
        this.move(request, x, y, false, true, room);
        there.add(request);
      }
    });
    for (const request of this.sprites.keys()) if (!there.has(request)) this.sprites.delete(request);
  }

  /** @param {number} request @param {number} toX @param {number} toY @param {boolean} late @param {boolean} seated @param {Room} room */
  move(request, toX, toY, late, seated, room) {
    const sprite = this.sprites.get(request);
    if (sprite) Object.assign(sprite, { toX, toY, late, seated });
    else this.sprites.set(request, { x: still.matches ? toX : room.left + room.width / 2, y: still.matches ? toY : 0, toX, toY, late, seated });
  }

  /** Another size, or other colours. @param {number} width @param {number} height */
  resize(width, height) {
    this.room = { width, height };
    this.place();
    for (const sprite of this.sprites.values()) Object.assign(sprite, { x: sprite.toX, y: sprite.toY });
  }

  /** @param {number} now ms */
  paint(now) {
    if (!this.room.width) return;
    const pen = sized(this.canvas, this.room.width, this.room.height);
    const passed = Math.min(100, now - this.painted) / 1000;
    this.painted = now;
    const ease = still.matches ? 1 : 1 - Math.exp(-EASE_PER_S * passed);
    for (const sprite of this.sprites.values()) {
      sprite.x += (sprite.toX - sprite.x) * ease;
      sprite.y += (sprite.toY - sprite.y) * ease;
    }
    const between = still.matches ? 1 : clamp((now - this.told) / this.every, 0, 1);
    const nodes = this.shown();
    nodes.forEach((node, n) => this.paintNode(pen, node, this.roomOf(n, nodes.length), between));
    this.paintDots(pen);
    this.paintLeaving(pen, now);
  }

  /** @param {CanvasRenderingContext2D} pen @param {Node} node @param {Room} room @param {number} between */
  paintNode(pen, node, room, between) {
    pen.font = this.font;
    pen.textAlign = "left";
    pen.fillStyle = this.inks.soft;
    if (node.labels.length === 1) {
      this.paintAbsent(pen, node, room);
      return;
    }
    [room.queueTop, room.seatsTop, room.cellsTop].forEach((top, i) => pen.fillText(node.labels[i], room.left, top - 5, room.width));
    const step = pen.measureText(node.labels[1]).width + 10;
    if (step + pen.measureText(node.labels[3]).width < room.width) pen.fillText(node.labels[3], room.left + step, room.seatsTop - 5);
    this.paintLegend(pen, node, room);
    pen.fillStyle = this.inks.border;
    pen.fillRect(room.left, room.queueTop + room.queueH, room.width, 1.5);
    this.paintSeats(pen, node, room, between);
    this.paintCells(pen, node, room);
  }

  /** What the colours mean, at the right of the labels, where there is room. @param {CanvasRenderingContext2D} pen @param {Node} node @param {Room} room */
  paintLegend(pen, node, room) {
    const widths = this.legend.map((word) => pen.measureText(word).width + 26);
    const [reads, writes] = widths;
    if (pen.measureText(node.labels[1] + node.labels[3]).width + reads + writes + 30 > room.width) return;
    const right = room.left + room.width;
    [[right - reads - writes, "floor-prefill"], [right - writes, "floor-decode"]].forEach(([left, ink], i) => {
      pen.fillStyle = this.inks[ink];
      pen.fillRect(/** @type {number} */ (left), room.seatsTop - 14, 10, 10);
      pen.fillStyle = this.inks.soft;
      pen.fillText(this.legend[i], /** @type {number} */ (left) + 14, room.seatsTop - 5);
    });
  }

  /** A node that is lost, or warms up. @param {CanvasRenderingContext2D} pen @param {Node} node @param {Room} room */
  paintAbsent(pen, node, room) {
    const lost = node.state === "lost";
    pen.fillStyle = lost ? this.inks["floor-evicted"] : this.inks["floor-idle"];
    pen.fillRect(room.left, room.seatsTop, room.width, room.seatsH);
    pen.fillStyle = this.inks["floor-decode"];
    if (!lost) pen.fillRect(room.left, room.seatsTop + room.seatsH - 6, room.width * clamp(node.warm, 0, 1), 6);
    if (lost) {
      pen.strokeStyle = this.inks["floor-evicted-ink"];
      pen.lineWidth = 2;
      pen.beginPath();
      pen.moveTo(room.left, room.seatsTop);
      pen.lineTo(room.left + room.width, room.seatsTop + room.seatsH);
      pen.moveTo(room.left + room.width, room.seatsTop);
      pen.lineTo(room.left, room.seatsTop + room.seatsH);
      pen.stroke();
    }
    pen.fillStyle = this.inks.text;
    pen.fillText(node.labels[0], room.left + 8, room.seatsTop + 18, room.width - 16);
  }

  /** Each seat: empty, reading its prompt (a dark bar that grows), or writing (a green one). @param {CanvasRenderingContext2D} pen
      @param {Node} node @param {Room} room @param {number} between */
  paintSeats(pen, node, room, between) {
    const { most, columns, w, h } = this.seatsOf(node, room);
    const gap = h > 14 ? 3 : 1;
    const box = (/** @type {number} */ seat) => [room.left + (seat % columns) * w, room.seatsTop + Math.floor(seat / columns) * h];
    for (let seat = 0; seat < most; seat++) {
      const [x, y] = box(seat);
      pen.fillStyle = seat < node.most ? this.inks["floor-idle"] : this.inks.surface;
      pen.fillRect(x, y, w - gap, h - gap);
    }
    for (let i = 0; i < node.seats.length; i += 4) {
      const [seat, request, writes] = node.seats.slice(i, i + 3);
      const [x, y] = box(seat);
      const to = this.far.get(request);
      const from = this.before.get(request) ?? to;
      const far = from <= to && from >= 2000 === to >= 2000 ? from + (to - from) * between : to;
      const share = (far - (writes ? 2000 : 0)) / 1000;
      pen.fillStyle = this.inks["floor-seated"];
      pen.fillRect(x, y, w - gap, h - gap);
      pen.fillStyle = writes ? this.inks["floor-decode"] : this.inks["floor-prefill"];
      pen.fillRect(x, y, (w - gap) * share, h - gap);
      if (node.stops && writes) {
        pen.fillStyle = this.inks["floor-stop"];
        pen.fillRect(x, y, w - gap, h - gap);
      }
      pen.fillStyle = this.inks[SHADES[request % SHADES.length]];
      pen.fillRect(x, y, clamp(w * 0.1, 2, 6), h - gap);
    }
  }

  /** The memory: each cell in the shade of the request that holds it. @param {CanvasRenderingContext2D} pen @param {Node} node @param {Room} room */
  paintCells(pen, node, room) {
    const { columns, w, h } = this.grid(node.cells.length, room.width, room.cellsH - 2, 1);
    const gap = h > 7 ? 1.5 : 0.5;
    for (let cell = 0; cell < node.cells.length; cell++) {
      const request = node.cells[cell];
      pen.fillStyle = request < 0 ? this.inks["block-free"] : this.inks[SHADES[request % SHADES.length]];
      pen.fillRect(room.left + (cell % columns) * w, room.cellsTop + Math.floor(cell / columns) * h, w - gap, h - gap);
    }
  }

  /** Who waits, or is on the way to a seat. Those whose time is over have a cross. @param {CanvasRenderingContext2D} pen */
  paintDots(pen) {
    for (const { x, y, toX, toY, late, seated } of this.sprites.values()) {
      if (seated && Math.abs(toX - x) + Math.abs(toY - y) < 8) continue;
      pen.fillStyle = late ? this.inks["floor-evicted"] : this.inks["floor-waits"];
      pen.strokeStyle = late ? this.inks["floor-evicted-ink"] : this.inks["floor-waits-ink"];
      pen.lineWidth = 1.2;
      pen.beginPath();
      pen.arc(x, y, DOT / 2, 0, 7);
      pen.fill();
      if (late) {
        pen.moveTo(x - 2.5, y - 2.5);
        pen.lineTo(x + 2.5, y + 2.5);
        pen.moveTo(x + 2.5, y - 2.5);
        pen.lineTo(x - 2.5, y + 2.5);
      }
      pen.stroke();
    }
  }

  /** Answers that leave: a tick for one within its promise, a cross for one that came too late, −1 for who was turned away.
      @param {CanvasRenderingContext2D} pen @param {number} now */
  paintLeaving(pen, now) {
    this.leaving = this.leaving.filter(({ since }) => now - since < LEAVES_MS);
    pen.textAlign = "center";
    pen.font = `700 16px ${this.font.slice(this.font.indexOf("px ") + 3)}`;
    for (const { x, y, kept, turned, since } of this.leaving) {
      const age = (now - since) / LEAVES_MS;
      pen.globalAlpha = 1 - age * age;
      pen.fillStyle = kept ? this.inks.green : this.inks.red;
      pen.fillText(kept ? "✓" : turned ? number(-1) : "✗", x, y + 5 - (still.matches ? 0 : age * 34));
    }
    pen.globalAlpha = 1;
  }

  /** Whether something is still on its way. @param {number} now */
  moves(now) {
    if (still.matches) return false;
    return this.leaving.length > 0 || now - this.told < 2 * this.every || [...this.sprites.values()].some(({ x, y, toX, toY }) => Math.abs(toX - x) + Math.abs(toY - y) > 1);
  }
}
