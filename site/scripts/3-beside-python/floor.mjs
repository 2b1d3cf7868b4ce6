// Paints the floor of a server: its seats, its queue and its curves over time, and one picked request alone.
import { clamp, colours, layer, number, sized } from "./canvas.mjs";

const FLOOR = ["waits", "seated", "prefill", "decode", "idle", "evicted"]; // the order of engine.KINDS
const [WAITS, SEATED, PREFILL, DECODE, IDLE, EVICTED] = FLOOR.keys();
const FLOOR_COLOURS = [...FLOOR.flatMap((n) => [`floor-${n}`, `floor-${n}-ink`]), "floor-stop", "text", "soft", "border", "page"];
const CURVES = ["step_us", "blocks", "batch"]; // the first are kept longest where there is little room
const [CURVE_H, LABEL_H, AXIS_H, GAP] = [22, 15, 16, 4];
const SEAT_H = 10; // leaves room for a request's number
const LOW = 150; // a canvas lower than this has its labels beside the rows and no curves
const NEAR = 8; // how far from a request a finger may come down

/**
 * A server of replays.py; one that can't start has `runs` 0 and nothing else. spans: kind (FLOOR), request, lane, begin, end in ms.
 * @typedef {{runs: number, seats: number, blocks: number, end_ms: number, stops: boolean, spans: number[], curves: Record<string, number[]>}} Data
 * @typedef {{words: Record<string, string>, end_ms: number, start: number, keys: number[], panels: Record<string, Data>}} Scene
 *
 * What one request does for a while, in ms, in a seat or a place of the queue.
 * @typedef {{kind: number, request: number, lane: number, begin: number, end: number}} Span
 *
 * A server as it is painted. most: the top of each curve; marked: whether it shows the picked request; at: where things are now.
 * @typedef {{name: string, spans: Span[], queue: number, most: Record<string, number>, seats: number,
 *   curves: Record<string, number[]>, end: number, stops: boolean, marked?: boolean, at?: Layout}} Panel
 * @typedef {ReturnType<Floor["layout"]>} Layout
 *
 * @typedef {CanvasRenderingContext2D} Pen
 * @typedef {[number, number, number, number]} Box left, top, width, height in CSS pixels
 */

export class Floor {
  /** @param {HTMLElement} root @param {Scene} scene */
  constructor(root, { words, end_ms, start, keys, panels }) {
    this.root = root;
    this.words = words;
    this.length = end_ms;
    this.start = start;
    this.keys = keys;
    this.panels = Object.entries(panels)
      .filter(([, data]) => data.runs)
      .map(([name, data]) => this.panel(name, data));
    this.events = [...new Set(this.panels.flatMap(({ spans }) => spans.flatMap((span) => [span.begin, span.end])))]
      .filter((at) => at <= this.length)
      .sort((a, b) => a - b);
    this.dress();
  }

  /** @param {string} name @param {Data} data @returns {Panel} */
  panel(name, data) {
    const spans = [];
    for (let i = 0; i < data.spans.length; i += 5) {
      const [kind, request, lane, begin, end] = data.spans.slice(i, i + 5);
      spans.push({ kind, request, lane, begin, end });
    }
    const queue = 1 + spans.reduce((most, { kind, lane }) => (queued(kind) ? Math.max(most, lane) : most), 0);
    const most = { batch: data.seats, step_us: Math.max(...data.curves.step_us, 1), blocks: data.blocks };
    return { name, spans, queue, most, seats: data.seats, curves: data.curves, end: data.end_ms, stops: data.stops };
  }

  dress() {
    this.inks = colours(this.root, FLOOR_COLOURS);
    this.font = getComputedStyle(this.root).fontFamily;
    this.fills = FLOOR.map((name) => pattern(name, this.inks[`floor-${name}`], this.inks[`floor-${name}-ink`]));
  }

  /** The next moment at which something begins or ends. @param {number} position @param {number} direction */
  step(position, direction) {
    if (direction > 0) return this.events.find((at) => at > position) ?? this.length;
    return this.events.findLast((at) => at < position) ?? 0;
  }

  /** @param {number} position */
  paint(position) {
    for (const panel of this.panels) this.paintPanel(panel, position);
    this.paintLife();
  }

  /** Paint what a changed pick changes: the panels that showed it or show it, and its life. @param {number} position */
  repick(position) {
    const { panel: chosen } = this.picked();
    for (const panel of this.panels) if (panel.marked || panel.name === chosen) this.paintPanel(panel, position);
    this.paintLife();
  }

  picked() {
    const [panel, request] = (this.root.dataset.picked ?? "").split(" ");
    return { panel, request: Number(request) };
  }

  /** Where things are on a canvas of this size, and which stretch of time it shows. Seats come first: curves stand below where
      each seat has its height. @param {Panel} panel @param {Pen} pen @param {number} width @param {number} height @param {number} position */
  layout(panel, pen, width, height, position) {
    const low = height < LOW;
    const label = low ? 0 : LABEL_H;
    pen.font = lettering(this.font);
    const { seats, queue: waiting } = this.words;
    const left = low ? Math.ceil(Math.max(...[seats, waiting].map((word) => pen.measureText(word).width))) + GAP : 0;
    const queue = clamp(7 * panel.queue, 14, Math.max(14, Math.round(height * 0.14)));
    const rest = height - AXIS_H - 2 * label - queue - GAP - 1;
    const wanted = clamp(SEAT_H * panel.seats, 4 * SEAT_H, 16 * SEAT_H);
    const curves = low ? 0 : clamp(Math.floor((rest - wanted) / (CURVE_H + LABEL_H)), 0, CURVES.length);
    const seat = Math.min((rest - curves * (CURVE_H + LABEL_H)) / panel.seats, 2 * SEAT_H);
    const seatsTop = label + 1;
    const queueTop = Math.round(seatsTop + seat * panel.seats) + label + GAP;
    const shown = this.length / (width < 560 ? 12 : 6);
    const to = Math.max(shown, position + shown * 0.04);
    const x = (/** @type {number} */ at) => left + ((at - to + shown) / shown) * (width - left);
    const time = { from: to - shown, to, shown, now: position, x };
    const rows = { seat, place: Math.min(7, queue / panel.queue), curves, seatsTop, queueTop, curvesTop: queueTop + queue };
    return { width, height, low, left, ...time, ...rows };
  }

  /** @param {Panel} panel @param {number} position */
  paintPanel(panel, position) {
    const canvas = layer(this.root, panel.name);
    const { clientWidth: width, clientHeight: height } = canvas.parentElement;
    const pen = sized(canvas, width, height);
    const at = this.layout(panel, pen, width, height, position);
    this.paintTime(pen, at);
    this.paintLabels(pen, at);
    pen.save();
    pen.beginPath();
    pen.rect(at.left, 0, width - at.left, height);
    pen.clip();
    this.paintSeats(pen, panel, at);
    const drawn = this.paintSpans(pen, panel, at);
    CURVES.slice(0, at.curves).forEach((name, i) => this.paintCurve(pen, panel, at, name, i));
    this.paintNow(pen, at);
    pen.restore();
    panel.at = at;
    canvas.dataset.drawn = JSON.stringify({ at: Math.floor(position), ...drawn });
  }

  /** @param {Pen} pen @param {string} text @param {number} x @param {number} y */
  label(pen, text, x, y) {
    pen.font = lettering(this.font);
    pen.textAlign = "left";
    pen.fillStyle = this.inks.soft;
    pen.fillText(text, x, y);
  }

  /** What the rows are: above them, or beside them where it is low. @param {Pen} pen @param {Layout} at */
  paintLabels(pen, at) {
    const down = at.low ? 10 : -4;
    this.label(pen, this.words.seats, 0, at.seatsTop + down);
    this.label(pen, this.words.queue, 0, at.queueTop + down);
  }

  /** The empty rows, and a pale band for each step that lets nobody write. @param {Pen} pen @param {Panel} panel @param {Layout} at */
  paintSeats(pen, panel, at) {
    pen.fillStyle = this.inks.border;
    for (let seat = 0; seat <= panel.seats; seat++) {
      const top = Math.round(at.seatsTop + seat * at.seat);
      if (at.seat > 2 || seat % panel.seats === 0) pen.fillRect(at.left, top - 0.5, at.width, 0.5);
    }
    if (!panel.stops) return;
    pen.fillStyle = this.inks["floor-stop"];
    for (const { kind, begin, end } of panel.spans) {
      if (kind !== PREFILL || end < at.from || begin > at.now) continue;
      const left = at.x(begin);
      pen.fillRect(left, at.seatsTop, Math.max(1, at.x(Math.min(end, at.now)) - left), at.seat * panel.seats);
    }
  }

  /** @param {Layout} at @param {Span} span @returns {Box} */
  box(at, { kind, lane, begin, end }) {
    const [from, high] = queued(kind) ? [at.queueTop, at.place] : [at.seatsTop, at.seat];
    const [above, below] = [from + lane * high, from + (lane + 1) * high];
    const left = at.x(begin);
    const wide = Math.max(0.75, at.x(Math.min(end, at.now)) - left);
    return high > 2 ? [left, Math.round(above), wide, Math.round(below) - Math.round(above) - 1] : [left, above, wide, high];
  }

  /** What has happened until now. Returns how many are doing what at this moment. @param {Pen} pen @param {Panel} panel @param {Layout} at */
  paintSpans(pen, panel, at) {
    const drawn = Object.fromEntries(FLOOR.map((name) => [name, 0]));
    const { panel: chosen, request: mine } = this.picked();
    const marked = [];
    for (const span of panel.spans) {
      if (span.begin > at.now) continue;
      if (at.now < span.end) drawn[FLOOR[span.kind]]++;
      if (span.end < at.from) continue;
      const box = this.box(at, span);
      pen.fillStyle = this.fills[span.kind];
      pen.fillRect(...box);
      if (chosen === panel.name && span.request === mine) marked.push(box);
      if (span.kind === DECODE && at.seat >= SEAT_H) this.number(pen, at, span.request, box);
    }
    panel.marked = marked.length > 0;
    pen.strokeStyle = this.inks.text;
    pen.lineWidth = 2;
    for (const [x, y, w, h] of marked) pen.strokeRect(x, y - 1, w, h + 2);
    return drawn;
  }

  /** @param {Pen} pen @param {Layout} at @param {number} request @param {Box} box */
  number(pen, at, request, [x, y, w, h]) {
    const left = Math.max(x, at.left);
    if (x + w - left < 30) return;
    pen.font = lettering(this.font);
    pen.fillStyle = this.inks["floor-decode-ink"];
    pen.textAlign = "left";
    pen.fillText(String(request), left + 4, y + h / 2 + 4);
  }

  /** @param {Pen} pen @param {Panel} panel @param {Layout} at @param {string} name @param {number} i how many are above it */
  paintCurve(pen, panel, at, name, i) {
    const [row, most] = [panel.curves[name], panel.most[name]];
    const bottom = at.curvesTop + (i + 1) * (CURVE_H + LABEL_H);
    const said = { batch: most, step_us: Math.round(most / 1000), blocks: 100 }[name];
    this.label(pen, `${this.words[name]} (0–${number(said)})`, 0, bottom - CURVE_H - 4);
    pen.fillStyle = this.inks.border;
    pen.fillRect(0, bottom, at.width, 1);
    pen.fillStyle = this.inks["floor-prefill"];
    const until = Math.min(at.now, panel.end);
    let x = 0;
    pen.beginPath();
    pen.moveTo(0, bottom);
    for (; x < at.width; x++) {
      const time = at.from + (x / at.width) * at.shown;
      if (time > until) break;
      const y = bottom - ((row[Math.floor((time / panel.end) * row.length)] ?? 0) / most) * CURVE_H;
      pen.lineTo(x, y);
      pen.lineTo(x + 1, y);
    }
    pen.lineTo(x, bottom);
    pen.fill();
  }

  /** The seconds along the foot. @param {Pen} pen @param {Layout} at */
  paintTime(pen, at) {
    const round = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000].find((s) => (at.shown / s / 1000) * 64 < at.width - at.left) ?? 10000;
    pen.font = `500 11px ${this.font}`;
    pen.textAlign = "center";
    const bottom = at.height - AXIS_H;
    for (let s = Math.ceil(at.from / 1000 / round) * round; s * 1000 <= at.to; s += round) {
      const x = at.x(s * 1000);
      pen.fillStyle = this.inks.border;
      pen.fillRect(x, at.seatsTop, 0.5, bottom - at.seatsTop);
      pen.fillStyle = this.inks.soft;
      if (x > at.left + 14 && x < at.width - 18) pen.fillText(`${number(s, 1)} ${this.words.second}`, x, at.height - 3);
    }
  }

  /** @param {Pen} pen @param {Layout} at */
  paintNow(pen, at) {
    pen.fillStyle = this.inks.text;
    pen.fillRect(at.x(at.now) - 0.75, at.seatsTop - 4, 1.5, at.height - AXIS_H - at.seatsTop + 4);
  }

  /** The picked request alone, from its arrival to its last token, on a scale of its own. */
  paintLife() {
    const canvas = layer(this.root, "life");
    const { panel: name, request } = this.picked();
    const panel = this.panels.find((found) => found.name === name);
    const mine = panel ? panel.spans.filter((span) => span.request === request && span.kind !== IDLE) : [];
    const width = canvas.parentElement.clientWidth;
    const pen = sized(canvas, width, 52);
    if (!mine.length) return;
    const from = Math.min(...mine.map(({ begin }) => begin));
    const to = Math.max(...mine.map(({ end }) => end));
    const x = (/** @type {number} */ at) => ((at - from) / Math.max(1, to - from)) * width;
    for (const { kind, begin, end } of mine) {
      pen.fillStyle = this.fills[kind];
      pen.fillRect(x(begin), 4, Math.max(1, x(end) - x(begin)), 24);
    }
    this.label(pen, `0 ${this.words.second}`, 0, 46);
    pen.textAlign = "right";
    pen.fillText(`${number((to - from) / 1000, 2, 2)} ${this.words.second}`, width, 46);
    canvas.dataset.drawn = JSON.stringify(mine.map(({ kind, begin, end }) => [FLOOR[kind], begin, end]));
  }

  /** Where to go so that the picked request can be seen, undefined when it can be seen already. */
  sought() {
    const { panel: name, request } = this.picked();
    const panel = this.panels.find((found) => found.name === name);
    const mine = panel?.spans.filter((span) => span.request === request && span.kind !== IDLE) ?? [];
    if (!mine.length || mine.some(({ begin, end }) => begin < panel.at.now && end > panel.at.from)) return undefined;
    return Math.max(...mine.map(({ end }) => end));
  }

  /** The panel and the request under a point of a canvas, or nearest to it, in its CSS pixels.
      @param {HTMLElement} canvas @param {number} x @param {number} y @returns {[string, number]} */
  hit(canvas, x, y) {
    const panel = this.panels.find(({ name }) => name === canvas.dataset.layer);
    /** @type {Span | undefined} */
    let found;
    let least = NEAR;
    for (const span of panel?.spans ?? []) {
      if (span.begin > panel.at.now || span.end < panel.at.from) continue;
      const [left, top, wide, high] = this.box(panel.at, span);
      const away = Math.hypot(x - clamp(x, left, left + wide), y - clamp(y, top, top + high));
      if (away >= least) continue;
      found = span;
      least = away;
    }
    return found && [panel.name, found.request];
  }
}

/** @type {(font: string) => string} */
const lettering = (font) => `600 11px ${font}`;
/** @type {(kind: number) => boolean} */
const queued = (kind) => kind === WAITS || kind === EVICTED;

/** A fill for one kind of span: the sure things are plain, waiting is dotted, an idle seat is striped, eviction is crossed.
    @param {string} name @param {string} ground @param {string} ink */
function pattern(name, ground, ink) {
  /** @type {Record<string, (pen: OffscreenCanvasRenderingContext2D) => unknown>} */
  const drawings = {
    waits: (pen) => pen.fillRect(1, 1, 2, 2),
    seated: (pen) => pen.fillRect(0, 2, 6, 1),
    idle: (pen) => [0, 1, 2, 3, 4, 5].forEach((i) => pen.fillRect(i, 5 - i, 1.5, 1)),
    evicted: (pen) => [0, 1, 2, 3, 4, 5].forEach((i) => (pen.fillRect(i, i, 1, 1), pen.fillRect(i, 5 - i, 1, 1))),
  };
  if (!drawings[name]) return ground;
  const tile = new OffscreenCanvas(name === "waits" ? 4 : 6, name === "waits" ? 4 : 6);
  const pen = tile.getContext("2d");
  pen.fillStyle = ground;
  pen.fillRect(0, 0, 6, 6);
  pen.fillStyle = ink;
  drawings[name](pen);
  return pen.createPattern(tile, "repeat");
}
