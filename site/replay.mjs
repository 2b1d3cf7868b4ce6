// Replays: numbers that Python computed become pictures, and a clock moves through them. This file only paints and plays; it
// knows nothing of the lesson and holds no word of it: what is written on a canvas comes with the scene.
//
//   labReplay.show(root, scene, tell)   paints a scene (JSON text) into the canvases of root and takes over its buttons;
//                                       tell("at", position) and tell("pick", panel, request) say what happened
//   labReplay.repaint(root)             paints it again: something was picked (root's data-picked)
//   labReplay.frames(root)              how many frames it has played
//
// A painter has a length, where to begin, key frames, step(position, direction), paint(position) and, if things on it can be
// pressed, hit(canvas, x, y), sought(), where the picked one can be seen, and repick(position), which paints what a pick changes.
// Colours are custom properties of the style sheet, read anew when light turns to dark.

const TELL_EVERY_MS = 125;
const KEY_FRAME_MS = 1800;
const still = matchMedia("(prefers-reduced-motion: reduce)");
const dark = matchMedia("(prefers-color-scheme: dark)");

const formats = {}; // one is slow to make
/** A number by the habits of the page's language, with from `least` to `most` decimals. */
const number = (value, most = 0, least = 0) => {
  const digits = { minimumFractionDigits: least, maximumFractionDigits: most };
  return (formats[`${least} to ${most}`] ??= new Intl.NumberFormat(document.documentElement.lang, digits)).format(value);
};
const layer = (root, name) => root.querySelector(`canvas[data-layer="${name}"]`);
/** The colours behind some custom properties: what a node wears that is given them, which settles light and dark. */
const colours = (root, names) => {
  const probe = root.appendChild(document.createElement("i"));
  const worn = (name) => ((probe.style.color = `var(--${name})`), getComputedStyle(probe).color);
  const found = Object.fromEntries(names.map((name) => [name, worn(name)]));
  probe.remove();
  return found;
};
const ratio = () => Math.max(1, Math.min(2, devicePixelRatio || 1));
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** Give a canvas a size in CSS pixels and a context whose unit is one of them. */
function sized(canvas, width, height) {
  const scale = ratio();
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

// --- memory as blocks ----------------------------------------------------------------------------------------------------

const SHADES = ["block-1", "block-2", "block-3", "block-4"];
const [LATER, NEVER, FREE] = [4, 5, 6];
const BLOCK_COLOURS = [...SHADES, "block-later", "block-later-ink", "block-never", "block-never-ink", "block-free"];
const TALLEST_MAP = 440; // CSS pixels

/** A colour as one number in the byte order of ImageData. */
function rgba(colour) {
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  return new Uint32Array(pen.getImageData(0, 0, 1, 1).data.buffer)[0];
}

class Blocks {
  constructor(root, scene) {
    const { data } = scene;
    Object.assign(this, { root, blocks: data.blocks, tokens: scene.block_tokens, length: data.steps - 1 });
    Object.assign(this, { start: scene.start, keys: scene.keys });
    this.held = this.stretches(data.held);
    this.paged = this.tables(data);
    this.kinds = new Uint8Array(this.blocks);
    this.dress();
  }

  /** Stays in one stretch each: request i is the i-th. */
  stretches(flat) {
    const stays = [];
    for (let i = 0; i < flat.length; i += 5) {
      const [joined, first, size, tokens, final] = flat.slice(i, i + 5);
      stays.push({ request: i / 5, joined, left: joined + final - tokens + 1, tokens, first, size, final });
    }
    return stays;
  }

  /** Stays with a block table each; -n in a table stands for the n blocks that follow. */
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

  step(position, direction) {
    return position + direction;
  }

  paint(position) {
    const step = Math.floor(position);
    const shown = `${step} ${this.root.clientWidth} ${ratio()}`;
    if (shown === this.shown) return; // several frames may show one step
    this.shown = shown;
    this.map("held", step, (stay, now) => {
      const [used, final] = [Math.ceil(now / this.tokens), Math.ceil(stay.final / this.tokens)];
      this.kinds.fill(stay.request % SHADES.length, stay.first, stay.first + used);
      this.kinds.fill(LATER, stay.first + used, stay.first + final);
      this.kinds.fill(NEVER, stay.first + final, stay.first + stay.size);
    });
    this.map("paged", step, (stay, now) => {
      const used = Math.ceil(now / this.tokens);
      for (let i = 0; i < used; i++) this.kinds[stay.table[i]] = stay.request % SHADES.length;
    });
  }

  /** One map: who is in memory in this step is put down block by block, then the blocks become pixels. */
  map(name, step, put) {
    const canvas = layer(this.root, name);
    this.kinds.fill(FREE);
    for (const stay of this[name]) {
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
      are made of whole blocks, have their marks: dots for what is set aside for later, stripes for never. */
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
    const marks = (mark) => Uint8Array.from({ length: this.blocks }, (_, i) => mark(i % columns, Math.floor(i / columns)));
    const [dots, stripes] = [marks((x, y) => x & y & 1), marks((x, y) => (x + y) % 4 === 0)];
    canvas.image = { width, blocks: this.blocks, pen, raw, data: new Uint32Array(raw.data.buffer), dots, stripes };
    return canvas.image;
  }
}

// --- the floor of a server -----------------------------------------------------------------------------------------------

const FLOOR = ["waits", "seated", "prefill", "decode", "idle", "evicted"]; // the order of engine.KINDS
const [WAITS, SEATED, PREFILL, DECODE, IDLE, EVICTED] = FLOOR.keys();
const FLOOR_COLOURS = [...FLOOR.flatMap((n) => [`floor-${n}`, `floor-${n}-ink`]), "floor-stop", "text", "soft", "border", "page"];
const CURVES = ["batch", "step_us", "blocks"];
const [SEATS_H, QUEUE_H, CURVE_H, LABEL_H, AXIS_H] = [208, 66, 34, 17, 22];

class Floor {
  constructor(root, scene) {
    Object.assign(this, { root, words: scene.words, length: scene.end_ms, start: scene.start, keys: scene.keys });
    this.panels = Object.entries(scene.panels)
      .filter(([, data]) => data.runs)
      .map(([name, data]) => this.panel(name, data));
    this.events = [...new Set(this.panels.flatMap(({ spans }) => spans.flatMap((span) => [span.begin, span.end])))]
      .filter((at) => at <= this.length)
      .sort((a, b) => a - b);
    this.dress();
  }

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

  /** The next moment at which something begins or ends. */
  step(position, direction) {
    if (direction > 0) return this.events.find((at) => at > position) ?? this.length;
    return this.events.findLast((at) => at < position) ?? 0;
  }

  paint(position) {
    for (const panel of this.panels) this.paintPanel(panel, position);
    this.paintLife();
  }

  /** Paint what a changed pick changes: the panels that showed it or show it, and its life. */
  repick(position) {
    const { panel: chosen } = this.picked();
    for (const panel of this.panels) if (panel.marked || panel.name === chosen) this.paintPanel(panel, position);
    this.paintLife();
  }

  picked() {
    const [panel, request] = (this.root.dataset.picked ?? "").split(" ");
    return { panel, request: Number(request) };
  }

  /** Where things are on a canvas of this width, and which stretch of time it shows. */
  layout(panel, width, position) {
    const shown = this.length / (width < 560 ? 12 : 6);
    const to = Math.max(shown, position + shown * 0.04);
    const seat = clamp(Math.floor(SEATS_H / panel.seats), 1, 20);
    const place = Math.min(7, QUEUE_H / panel.queue);
    const seatsTop = LABEL_H;
    const queueTop = seatsTop + Math.max(seat * panel.seats, 20) + LABEL_H;
    const curvesTop = queueTop + Math.max(14, panel.queue * place) + 4;
    const height = curvesTop + CURVES.length * (CURVE_H + LABEL_H) + AXIS_H;
    const x = (at) => ((at - to + shown) / shown) * width;
    return { width, height, from: to - shown, to, shown, x, seat, place, seatsTop, queueTop, curvesTop, now: position };
  }

  paintPanel(panel, position) {
    const canvas = layer(this.root, panel.name);
    const at = this.layout(panel, canvas.parentElement.clientWidth, position);
    const pen = sized(canvas, at.width, at.height);
    this.paintTime(pen, at);
    this.paintSeats(pen, panel, at);
    const drawn = this.paintSpans(pen, panel, at);
    CURVES.forEach((name, i) => this.paintCurve(pen, panel, at, name, i));
    this.paintNow(pen, at);
    panel.at = at;
    canvas.dataset.drawn = JSON.stringify({ at: Math.floor(position), ...drawn });
  }

  label(pen, text, x, y) {
    pen.font = `600 11px ${this.font}`;
    pen.textAlign = "left";
    pen.fillStyle = this.inks.soft;
    pen.fillText(text, x, y);
  }

  /** The empty rows, and a pale band for each step that lets nobody write. */
  paintSeats(pen, panel, at) {
    this.label(pen, this.words.seats, 0, at.seatsTop - 5);
    this.label(pen, this.words.queue, 0, at.queueTop - 5);
    pen.fillStyle = this.inks.border;
    for (let seat = 0; seat <= panel.seats; seat++) {
      if (at.seat > 2 || seat % panel.seats === 0) pen.fillRect(0, at.seatsTop + seat * at.seat - 0.5, at.width, 0.5);
    }
    if (!panel.stops) return;
    pen.fillStyle = this.inks["floor-stop"];
    for (const { kind, begin, end } of panel.spans) {
      if (kind !== PREFILL || end < at.from || begin > at.now) continue;
      const left = at.x(begin);
      pen.fillRect(left, at.seatsTop, Math.max(1, at.x(Math.min(end, at.now)) - left), at.seat * panel.seats);
    }
  }

  box(at, { kind, lane, begin, end }) {
    const top = queued(kind) ? at.queueTop + lane * at.place : at.seatsTop + lane * at.seat;
    const high = queued(kind) ? at.place : at.seat;
    const left = at.x(begin);
    return [left, top, Math.max(0.75, at.x(Math.min(end, at.now)) - left), high > 2 ? high - 1 : high];
  }

  /** What has happened until now. Returns how many are doing what at this moment. */
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
      if (span.kind === DECODE && box[3] >= 9 && box[2] > 30) this.number(pen, span.request, box);
    }
    panel.marked = marked.length > 0;
    pen.strokeStyle = this.inks.text;
    pen.lineWidth = 2;
    for (const [x, y, w, h] of marked) pen.strokeRect(x, y - 1, w, h + 2);
    return drawn;
  }

  number(pen, request, [x, y, w, h]) {
    pen.font = `600 ${Math.min(11, h)}px ${this.font}`;
    pen.fillStyle = this.inks["floor-decode-ink"];
    pen.textAlign = "left";
    pen.fillText(request, Math.max(x, 0) + 4, y + h / 2 + Math.min(11, h) * 0.36);
  }

  paintCurve(pen, panel, at, name, i) {
    const [row, most] = [panel.curves[name], panel.most[name]];
    const bottom = at.curvesTop + (i + 1) * (CURVE_H + LABEL_H);
    const said = { batch: most, step_us: Math.round(most / 1000), blocks: 100 }[name];
    this.label(pen, `${this.words[name]} (0–${number(said)})`, 0, bottom - CURVE_H - 5);
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

  /** The seconds along the foot. */
  paintTime(pen, at) {
    const round = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000].find((s) => (at.shown / s / 1000) * 64 < at.width) ?? 10000;
    pen.font = `500 11px ${this.font}`;
    pen.textAlign = "center";
    for (let s = Math.ceil(at.from / 1000 / round) * round; s * 1000 <= at.to; s += round) {
      const x = at.x(s * 1000);
      pen.fillStyle = this.inks.border;
      pen.fillRect(x, at.seatsTop, 0.5, at.height - AXIS_H - at.seatsTop);
      pen.fillStyle = this.inks.soft;
      if (x > 14 && x < at.width - 18) pen.fillText(`${number(s, 1)} ${this.words.second}`, x, at.height - 5);
    }
  }

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
    const x = (at) => ((at - from) / Math.max(1, to - from)) * width;
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

  /** The panel and the request under a point of a canvas, in its CSS pixels. */
  hit(canvas, x, y) {
    const panel = this.panels.find(({ name }) => name === canvas.dataset.layer);
    const slack = 3;
    const found = panel?.spans.find((span) => {
      if (span.begin > panel.at.now || span.end < panel.at.from) return false;
      const [left, top, wide, high] = this.box(panel.at, span);
      return x >= left - slack && x <= left + wide + slack && y >= top && y <= top + high + 1;
    });
    return found && [panel.name, found.request];
  }
}

const queued = (kind) => kind === WAITS || kind === EVICTED;

/** A fill for one kind of span: the sure things are plain, waiting is dotted, an idle seat is striped, eviction is crossed. */
function pattern(name, ground, ink) {
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

// --- the clock -----------------------------------------------------------------------------------------------------------

const PAINTERS = { blocks: Blocks, floor: Floor };

class Player {
  constructor(root) {
    Object.assign(this, { root, playing: false, fresh: true, speed: 1, position: 0, told: 0, frames: 0 });
    this.slider = root.querySelector('[data-play="position"]');
    root.addEventListener("click", (event) => this.press(event));
    root.addEventListener("input", (event) => event.target === this.slider && this.seek(Number(this.slider.value)));
    root.addEventListener("change", (event) => {
      if (event.target.dataset.play === "speed") this.speed = Number(event.target.value);
    });
    new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width === this.width) return; // its height follows from what is painted
      this.width = contentRect.width;
      requestAnimationFrame(() => this.paint());
    }).observe(root);
    const dress = () => {
      this.painter?.dress();
      this.paint();
    };
    dark.addEventListener("change", dress);
    addEventListener("lab:theme", dress);
  }

  show(scene, tell) {
    Object.assign(this, { tell, fresh: true, seconds: scene.seconds, painter: new PAINTERS[scene.painter](this.root, scene) });
    this.pause();
    this.root.dataset.scene = scene.name;
    this.slider.max = this.painter.length;
    this.seek(this.painter.start);
    this.fresh = true;
  }

  press(event) {
    const { play } = event.target.closest("[data-play]")?.dataset ?? {};
    if (play === "toggle") this.playing ? this.pause() : this.play();
    if (play === "back") this.go(-1);
    if (play === "on") this.go(1);
    const canvas = event.target.closest("canvas");
    const found = canvas && this.painter.hit?.(canvas, event.offsetX, event.offsetY);
    if (found) this.tell("pick", ...found);
  }

  /** One step, or with reduced motion one key frame. */
  go(direction) {
    this.pause();
    const { keys } = this.painter;
    const key = direction > 0 ? keys.find((at) => at > this.position) : keys.findLast((at) => at < this.position);
    this.seek(still.matches ? (key ?? this.position) : this.painter.step(this.position, direction));
  }

  play() {
    if (this.fresh || this.position >= this.painter.length) this.seek(0);
    this.playing = true;
    this.root.dataset.playing = "true";
    this.before = performance.now();
    requestAnimationFrame((now) => this.tick(now));
  }

  pause() {
    this.playing = false;
    this.position = Math.floor(this.position);
    this.root.dataset.playing = "false";
    if (this.painter && this.tell) this.say();
  }

  tick(now) {
    if (!this.playing) return;
    const passed = now - this.before;
    if (still.matches) {
      if (passed >= KEY_FRAME_MS / this.speed) {
        this.before = now;
        this.move(this.painter.keys.find((at) => at > this.position) ?? this.painter.length);
      }
    } else {
      this.before = now;
      this.move(this.position + (passed / 1000 / this.seconds) * this.painter.length * this.speed);
    }
    this.frames++;
    if (now - this.told >= TELL_EVERY_MS) this.say(now);
    if (this.position >= this.painter.length) this.pause();
    else requestAnimationFrame((next) => this.tick(next));
  }

  /** Paint again, where the picked thing can be seen. */
  look() {
    const sought = this.painter?.sought?.();
    if (sought !== undefined && !this.playing) this.seek(sought);
    else if (this.root.clientWidth) this.painter?.repick?.(this.position);
  }

  seek(position) {
    this.move(position);
    this.say();
  }

  move(position) {
    this.fresh = false;
    this.position = clamp(position, 0, this.painter.length);
    this.slider.value = Math.floor(this.position);
    this.paint();
  }

  say(now = 0) {
    this.told = now;
    this.root.dataset.at = Math.floor(this.position);
    this.tell("at", Math.floor(this.position));
  }

  paint() {
    if (this.painter && this.root.clientWidth) this.painter.paint(this.position);
  }
}

const players = new WeakMap();
const playerOf = (root) => players.get(root) ?? (players.set(root, new Player(root)), players.get(root));

window.labReplay = {
  show: (root, scene, tell) => playerOf(root).show(JSON.parse(scene), tell),
  repaint: (root) => players.get(root)?.look(), // before the first scene there is nothing to paint, and nothing to press
  frames: (root) => playerOf(root).frames,
};
