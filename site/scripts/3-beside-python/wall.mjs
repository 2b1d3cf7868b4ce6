// Paints the memory of a node: a column for each GPU, the weights in it, user after user, and the first who doesn't fit.
import { clamp, colours, layer, number, ratio, sized, still } from "./canvas.mjs";

const GIB = 2 ** 30;
const INKS = ["bar-weights", "wall-user", "wall-user-2", "wall-kept", "wall-kept-ink", "wall-free", "wall-free-ink",
  "text", "soft", "page", "border-strong", "red", "red-fill", "green"];
const TURN_MS = 200; // from one choice of the calculator's to the next
const SHARE_MS = 700; // where only a user's share changes: it shrinks or grows, then users come or go
const FALL_MS = 320; // of one user, from the top of the picture to their place
const [BAND, COUNT, TICK] = [3, 22, 34]; // px at least: a band of users, from one count to the next, from one tick of GiB to the next
const [WIDE, FLAT] = [560, 280]; // px: from here on words stand beside the columns; below this each has one line
const [LOW, LEAST] = [150, 60]; // px of a narrow canvas below which only the count stands above the columns; of columns below which it stands alone
const COUNTS = 40; // px at the right of the columns for how many users are below
const ABOVE = 14; // px over the columns, into which the one who doesn't fit sticks out
const LINE = 15; // px
const MOST_OVER = 2.2; // memories high: weights that are larger are cut off

/**
 * A scene of wall_view.py; bytes are those of all GPUs together. phases: ms of weights, users and the one who doesn't fit.
 * @typedef {{gpus: number, gpu_bytes: number, weights_bytes: number, kept_bytes: number, user_bytes: number, users: number,
 *   guess: number | null, words: Record<string, string>, phases?: number[], keys?: number[]}} Scene
 *
 * What is painted, GiB of one GPU. users: how many are in; moved and tried: from 0 to 1, how far the weights are in, and how far
 * the next user was tried.
 * @typedef {{memory: number, weights: number, kept: number, user: number, users: number, moved: number, tried: number}} Now
 * @typedef {CanvasRenderingContext2D} Pen
 * @typedef {ReturnType<Wall["layout"]>} Layout
 *
 * What something is called, and from where to where it reaches, px. mark: what stands before the words where they have no line to it.
 * @typedef {{top: number, bottom: number, words: string[], ink: string, mark?: "arrow" | "dash"}} Label
 */

export class Wall {
  /** @param {HTMLElement} root @param {Scene} scene */
  constructor(root, scene) {
    this.root = root;
    this.scene = scene;
    this.canvas = layer(root, "wall");
    this.end = this.now = rest(scene);
    this.room = { width: 0, height: 0 }; // CSS pixels; read when it may have changed, not at each frame of a slider
    this.turning = 0; // the frame that is asked for while one state becomes another
    this.phases = scene.phases ?? [0, 0, 0];
    this.length = this.start = this.phases.reduce((sum, ms) => sum + ms, 0);
    this.keys = scene.keys ?? [];
    this.dress();
  }

  dress() {
    this.inks = colours(this.root, INKS);
    this.font = getComputedStyle(this.root).fontFamily;
    this.hatch = hatched(this.inks["wall-free"], this.inks["wall-free-ink"], 8);
    this.crossed = hatched(this.inks["wall-kept"], this.inks["wall-kept-ink"], 5);
  }

  /** @param {number} position @param {number} direction */
  step(position, direction) {
    return position + direction * 100;
  }

  /** Another scene in place of this one. `slow`: a choice changed, so one becomes the other before one's eyes.
      @param {Scene} scene @param {boolean} slow */
  change(scene, slow) {
    const [from, to] = [this.now, rest(scene)];
    const same = scene.gpus === this.scene.gpus && from.memory === to.memory && from.weights === to.weights && from.kept === to.kept;
    const shares = same && from.user !== to.user;
    cancelAnimationFrame(this.turning);
    this.scene = scene;
    this.end = to;
    if (!slow || still.matches) return this.show(to);
    const [begun, ms] = [performance.now(), shares ? SHARE_MS : TURN_MS];
    const turn = (/** @type {number} */ at) => {
      const part = clamp((at - begun) / ms, 0, 1);
      this.show(part < 1 ? between(from, to, part, shares) : to);
      if (part < 1) this.turning = requestAnimationFrame(turn);
    };
    turn(begun);
  }

  /** @param {number} position ms */
  paint(position) {
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement;
    this.room = { width, height };
    const [weights, users, next] = this.phases;
    if (!this.length) return this.show(this.now);
    if (position >= this.length) return this.show(this.end);
    const part = clamp((position - weights) / users, 0, 1);
    const count = this.end.users * (0.35 * part + 0.65 * part * part); // the first are seen one by one
    const moved = ease(clamp(position / weights, 0, 1));
    this.show({ ...this.end, moved, users: count, tried: clamp((position - weights - users) / next, 0, 1) }, position);
  }

  /** Put a moment on the canvas, and note on it what was painted. @param {Now} now @param {number} [position] */
  show(now, position = this.length) {
    this.now = now;
    const { width, height } = this.room;
    if (!width) return;
    const pen = sized(this.canvas, width, height);
    const at = this.layout(pen, width, height, now);
    this.paintHead(pen, at, now);
    if (at.bottom - at.top >= LEAST) this.paintMemory(pen, at, now, position);
    const { gpus } = this.scene;
    const bytes = (/** @type {number} */ gib) => Math.round(gib * GIB * gpus);
    const high = (/** @type {number} */ low, /** @type {number} */ top) => at.y(low) - at.y(top);
    const drawn = { at: position, still: now === this.end, gpus: at.columns.length, users: at.users, group: at.group, bands: at.bands, next: at.next,
      weights: bytes(now.weights), kept: bytes(now.kept), user: bytes(now.user), guess: at.guess && bytes(at.guess), beyond: at.beyond,
      px: { memory: high(0, now.memory), weights: high(0, now.weights), users: high(now.weights, at.stack), kept: high(at.lid, now.memory) } };
    this.canvas.dataset.drawn = JSON.stringify(drawn);
  }

  /** @param {Pen} pen @param {Layout} at @param {Now} now @param {number} position */
  paintMemory(pen, at, now, position) {
    this.paintAxes(pen, at, now);
    this.paintColumns(pen, at, now);
    this.paintFalling(pen, at, now, position);
    this.paintNext(pen, at, now);
    this.paintGuess(pen, at);
    if (at.wide) this.paintBeside(pen, at, [...this.remarks(at, now), ...this.parts(at, now)]);
    else this.paintUpon(pen, at, this.parts(at, now));
  }

  /** Where things are. y(gib) is a height on the canvas, on whole pixels of the screen; lid: the GiB up to which users may fill
      a GPU; stack: up to which they do; group: users in one band. @param {Pen} pen @param {number} width @param {number} height @param {Now} now */
  layout(pen, width, height, now) {
    const { gpus, guess, words } = this.scene;
    const [wide, flat] = [width >= WIDE, height < FLAT];
    const users = Math.floor(now.users + 1e-9);
    const [lid, stack] = [now.memory - now.kept, now.weights + users * now.user];
    const [over, guessed] = [now.weights > lid, guess === null ? null : this.end.weights + guess * this.end.user];
    const head = flat ? 24 : 36;
    const lines = wide || height < LOW ? 0 : guess === null ? 1 : 2;
    const top = head + LINE * lines + ABOVE + 3;
    const bottom = height - (flat ? 16 : 20);
    pen.font = `500 11px ${this.font}`;
    const left = Math.ceil(pen.measureText(`${number(now.memory)} ${words.unit}`).width) + 10;
    const gutter = wide ? this.gutter(pen, width, flat) : COUNTS;
    const pitch = Math.min((width - left - gutter) / gpus, wide ? 150 : width);
    const gap = clamp(pitch * 0.14, 3, 12);
    const tall = Math.max(now.memory, Math.min(now.weights, now.memory * MOST_OVER));
    const scale = ratio();
    const snap = (/** @type {number} */ value) => Math.round(value * scale) / scale;
    const y = (/** @type {number} */ gib) => snap(bottom - (gib / tall) * (bottom - top));
    const columns = Array.from({ length: gpus }, (_, i) => ({ x: snap(left + i * pitch), w: snap(pitch - gap) }));
    const one = (now.user / tall) * (bottom - top); // px
    const group = Math.max(1, round(BAND / one));
    const right = snap(left + gpus * pitch) - gap;
    const [bands, next, beyond] = [Math.ceil(users / group), now.tried > 0 && !over, guessed !== null && guessed > now.memory];
    return { width, wide, flat, head, lines, top, bottom, left, right, columns, tall, y, lid, stack, over, users, one, group, bands, next, guess: guessed, beyond };
  }

  /** The room at the right for counts and words: of what this scene may say, in steps, so that columns rarely move.
      @param {Pen} pen @param {number} width @param {boolean} flat */
  gutter(pen, width, flat) {
    const { words } = this.scene;
    const named = ["weights", "kept", "cache", "free", "next", "too_small", "guess"].map((name) => [words[name], words[`${name}_size`]]);
    const lines = flat ? named.map((both) => both.join(" · ")) : named.flat();
    pen.font = `${flat ? "650 12px" : "600 13px"} ${this.font}`;
    const widest = Math.max(...lines.map((line) => pen.measureText(line).width));
    return Math.min(COUNTS + 14 + Math.ceil(widest / 16) * 16, width * 0.48);
  }

  /** GiB at the left, users at the right, GPUs below. @param {Pen} pen @param {Layout} at @param {Now} now */
  paintAxes(pen, at, now) {
    const { unit, gpu } = this.scene.words;
    const every = round((TICK * at.tall) / (at.bottom - at.top));
    pen.font = `500 11px ${this.font}`;
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    for (let gib = 0; gib <= now.memory; gib += every) {
      if (at.y(gib) - at.y(now.memory) > LINE) this.tick(pen, at.left - 6, at.y(gib), number(gib, 2), -3);
    }
    this.tick(pen, at.left - 6, at.y(now.memory), `${number(now.memory)} ${unit}`, -3);
    pen.textAlign = "left";
    const step = Math.max(1, round(COUNT / at.one));
    for (let n = step; n <= at.users; n += step) {
      const y = at.y(now.weights + n * now.user);
      const crossed = at.guess !== null && !at.beyond && Math.abs(y - at.y(at.guess)) < 9; // by the line of the guess
      if (!crossed) this.tick(pen, at.right + 3, y, short(n), 7);
    }
    pen.textBaseline = "alphabetic";
    pen.textAlign = "center";
    at.columns.forEach(({ x, w }, i) => pen.fillText(w > 44 ? `${gpu} ${i + 1}` : String(i + 1), x + w / 2, at.bottom + 14));
  }

  /** @param {Pen} pen @param {number} x @param {number} y @param {string} said @param {number} from the mark to the words, px */
  tick(pen, x, y, said, from) {
    pen.fillStyle = this.inks["border-strong"];
    pen.fillRect(x, y - 0.5, 4, 1);
    pen.fillStyle = this.inks.soft;
    pen.fillText(said, x + from, y + 0.5);
  }

  /** @param {Pen} pen @param {Layout} at @param {Now} now */
  paintColumns(pen, at, now) {
    const { inks } = this;
    const [top, lid, floor, stack] = [now.memory, at.lid, now.weights, at.stack].map(at.y);
    if (at.users) { // between the columns a user is faintly seen as one: the bands belong together
      pen.globalAlpha = 0.16;
      pen.fillStyle = inks["wall-user"];
      pen.fillRect(at.left, stack, at.right - at.left, floor - stack);
      pen.globalAlpha = 1;
    }
    const parting = at.group * at.one >= 6 ? 1 : 0;
    at.columns.forEach(({ x, w }, i) => {
      const fill = (/** @type {string | CanvasPattern} */ ink, /** @type {number} */ from, /** @type {number} */ to) => {
        pen.fillStyle = ink;
        pen.fillRect(x, from, w, to - from);
      };
      fill(this.hatch, top, at.bottom);
      const moved = ease(clamp(now.moved * 1.6 - (i / at.columns.length) * 0.6, 0, 1)); // one column after the other
      fill(inks["bar-weights"], at.bottom - (at.bottom - floor) * moved, at.bottom);
      for (let band = 0, below = floor; band < at.bands; band++) {
        const above = at.y(now.weights + Math.min((band + 1) * at.group, at.users) * now.user);
        fill(inks[band % 2 ? "wall-user-2" : "wall-user"], above + parting, Math.max(below, above + parting + 0.5));
        below = above;
      }
      if (now.kept > 0) fill(this.crossed, top, lid);
      if (at.over) this.outline(pen, x, w, Math.max(at.top, floor), lid);
      pen.strokeStyle = inks["border-strong"];
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.roundRect(x - 0.75, top - 0.75, w + 1.5, at.bottom - top + 1.5, 3);
      pen.stroke();
    });
  }

  /** What a column has no room for. @param {Pen} pen @param {number} x @param {number} w @param {number} top @param {number} bottom */
  outline(pen, x, w, top, bottom) {
    pen.fillStyle = this.inks["red-fill"];
    pen.globalAlpha = 0.8;
    pen.fillRect(x, top, w, bottom - top);
    pen.globalAlpha = 1;
    pen.strokeStyle = this.inks.red;
    pen.lineWidth = 1.75;
    pen.setLineDash([5, 3]);
    pen.strokeRect(x + 0.9, top + 0.9, w - 1.8, Math.max(3, bottom - top - 1.8));
    pen.setLineDash([]);
  }

  /** Users who are on their way in. @param {Pen} pen @param {Layout} at @param {Now} now @param {number} position */
  paintFalling(pen, at, now, position) {
    const [weights, ms] = this.phases;
    if (still.matches || position <= weights || position >= weights + ms || !this.end.users) return;
    const slot = at.y(now.weights + Math.ceil(now.users) * now.user);
    const quick = ms / this.end.users < FALL_MS ? 3 : 1; // where many come, several are seen falling
    pen.fillStyle = this.inks["wall-user"];
    for (let i = 0; i < quick; i++) {
      const fallen = (((now.users % 1) + i) / quick) ** 2;
      pen.globalAlpha = 0.35 + 0.65 * fallen;
      for (const { x, w } of at.columns) pen.fillRect(x, at.head + (slot - at.head) * fallen, w, Math.max(3, at.one));
    }
    pen.globalAlpha = 1;
  }

  /** From where to where the next user would reach: at least so high that it is seen. @param {Layout} at */
  nextUser(at) {
    const bottom = at.y(at.stack);
    return { top: clamp(bottom - at.one, at.top - ABOVE, at.y(at.lid) - 6), bottom };
  }

  /** The next user, for whom there is no room, and the limit drawn through them. @param {Pen} pen @param {Layout} at @param {Now} now */
  paintNext(pen, at, now) {
    if (!at.next) return;
    const { top, bottom } = this.nextUser(at);
    const up = now.tried < 1 ? Math.abs(Math.sin(now.tried * Math.PI * 2.5)) * (1 - now.tried) * ABOVE : 0; // they knock in vain
    for (const { x, w } of at.columns) {
      this.outline(pen, x, w, top - up, bottom - up);
      pen.fillStyle = this.inks.red;
      pen.fillRect(x, at.y(at.lid) - 0.75, w, 1.5);
    }
  }

  /** The learner's guess, as a line at its height. @param {Pen} pen @param {Layout} at */
  paintGuess(pen, at) {
    if (at.guess === null || at.beyond) return;
    const [y, from, to] = [at.y(at.guess), at.left - 4, at.right + (at.wide ? COUNTS : 4)];
    stroke(pen, this.inks.page, 5, [[from, y], [at.right + 4, y]]);
    stroke(pen, this.inks.text, 2, [[from, y], [to, y]], [8, 4]);
  }

  /** The count; on a narrow canvas also what is remarked, a line each. @param {Pen} pen @param {Layout} at @param {Now} now */
  paintHead(pen, at, now) {
    const { fit, fit_one } = this.scene.words;
    const size = at.flat ? 20 : 30;
    const x = at.wide ? at.left : 2;
    pen.textAlign = "left";
    pen.font = `750 ${size}px ${this.font}`;
    pen.fillStyle = this.inks[at.users || now.tried < 1 ? "text" : "red"];
    pen.fillText(number(at.users), x, size * 0.86);
    const next = x + pen.measureText(number(at.users)).width + 8;
    pen.font = `600 ${at.flat ? 13 : 15}px ${this.font}`;
    pen.fillStyle = this.inks.soft;
    pen.fillText(at.users === 1 ? fit_one : fit, next, size * 0.86);
    if (!at.lines) return;
    pen.font = `600 11px ${this.font}`;
    for (const { words, ink, mark } of this.remarks(at, now)) {
      const y = at.head + LINE * (mark ? 2 : 1) - 3; // each has its own line, whether or not the other is there
      if (mark === "dash") stroke(pen, ink, 2, [[2, y - 4], [18, y - 4]], [6, 4]);
      if (mark === "arrow") arrow(pen, ink, 10, y - 10);
      pen.fillStyle = ink;
      const from = mark ? 24 : 2;
      pen.fillText(fitting(pen, words, at.width - from), from, y);
    }
  }

  /** What doesn't fit, and the guess. @param {Layout} at @param {Now} now @returns {Label[]} */
  remarks(at, now) {
    const { words } = this.scene;
    /** @type {Label[]} */
    const found = [];
    const tooMuch = { top: at.y(Math.min(now.weights, at.tall)), bottom: at.y(at.lid) };
    if (at.over) found.push({ ...tooMuch, words: [words.too_small, words.too_small_size], ink: this.inks.red });
    else if (now.tried > 0.4) found.push({ ...this.nextUser(at), words: [words.next, words.next_size], ink: this.inks.red });
    if (at.guess !== null) {
      const y = at.beyond ? at.head + 6 : at.y(at.guess);
      found.push({ top: y, bottom: y, words: [words.guess, words.guess_size], ink: this.inks.text, mark: at.beyond ? "arrow" : "dash" });
    }
    return found;
  }

  /** What the columns hold. @param {Layout} at @param {Now} now @returns {Label[]} */
  parts(at, now) {
    const { words } = this.scene;
    const [lid, stack, floor] = [at.lid, at.stack, Math.min(now.weights, at.lid)].map(at.y);
    const free = stack - lid;
    const stripe = at.group > 1 ? `${number(at.group)} ${words.band}` : "";
    return [
      now.kept > 0 && { top: at.y(now.memory), bottom: lid, words: [words.kept, words.kept_size], ink: this.inks.soft },
      !at.over && now.tried > 0.4 && free > 26 && { top: lid, bottom: stack, words: [words.free, words.free_size], ink: this.inks.soft },
      at.users > 0 && { top: stack, bottom: floor, words: [words.cache, words.cache_size, stripe], ink: this.inks.green },
      now.moved === 1 && { top: floor, bottom: at.bottom, words: [words.weights, words.weights_size], ink: this.inks["bar-weights"] },
    ].filter(Boolean);
  }

  /** Words beside the columns, each with a bracket over what it names. @param {Pen} pen @param {Layout} at @param {Label[]} labels */
  paintBeside(pen, at, labels) {
    const [bracket, x] = [at.right + COUNTS, at.right + COUNTS + 12];
    const lines = (/** @type {Label} */ { words }) => (at.flat ? [fitting(pen, words, at.width - x)] : words.filter(Boolean));
    pen.textAlign = "left";
    pen.font = `650 12px ${this.font}`;
    const set = labels.sort((a, b) => a.top + a.bottom - b.top - b.bottom).map((label) => ({ ...label, lines: lines(label) }));
    const blocks = set.map(({ top, bottom, lines }) => ({ middle: (top + bottom) / 2, high: lines.length * LINE + 4 }));
    const tops = stacked(blocks, at.head - 4, at.bottom + 14);
    set.forEach(({ top, bottom, ink, lines, mark }, i) => {
      lines.forEach((said, line) => {
        pen.font = `${line ? 500 : 650} ${line || at.flat ? 12 : 13}px ${this.font}`;
        pen.fillStyle = line ? this.inks.soft : ink;
        pen.fillText(said, x, tops[i] + 13 + line * LINE);
      });
      if (mark === "arrow") return arrow(pen, ink, bracket + 2, tops[i] + 3);
      const middle = clamp(tops[i] + 9, Math.min(top, bottom), Math.max(top, bottom));
      stroke(pen, ink, 1.5, [[bracket, top], [bracket, bottom]]);
      stroke(pen, ink, 1, [[bracket, middle], [x - 3, tops[i] + 9]]);
    });
  }

  /** Words on the columns, each on a ground of its own. @param {Pen} pen @param {Layout} at @param {Label[]} labels from the top */
  paintUpon(pen, at, labels) {
    const high = 18;
    pen.font = `600 11px ${this.font}`;
    pen.lineWidth = 1;
    const tops = stacked(labels.map(({ top, bottom }) => ({ middle: (top + bottom) / 2, high: high + 1 })), at.top, at.bottom);
    labels.forEach(({ words, ink }, i) => {
      const said = fitting(pen, words, at.right - at.left - 12);
      const wide = pen.measureText(said).width + 12;
      const x = (at.left + at.right - wide) / 2;
      pen.fillStyle = this.inks.page;
      pen.beginPath();
      pen.roundRect(x, tops[i], wide, high, high / 2);
      pen.fill();
      pen.strokeStyle = ink;
      pen.stroke();
      pen.fillStyle = ink;
      pen.textAlign = "left";
      pen.fillText(said, x + 6, tops[i] + 13);
    });
  }
}

/** A scene when nothing moves any more. @param {Scene} scene @returns {Now} */
function rest({ gpus, gpu_bytes, weights_bytes, kept_bytes, user_bytes, users }) {
  const each = (/** @type {number} */ bytes) => bytes / gpus / GIB;
  return { memory: gpu_bytes / GIB, weights: each(weights_bytes), kept: each(kept_bytes), user: each(user_bytes), users, moved: 1, tried: 1 };
}

/** A state between two. Where only shares change, first the share of those who are in, then how many are.
    @param {Now} from @param {Now} to @param {number} part @param {boolean} shares @returns {Now} */
function between(from, to, part, shares) {
  const mix = (/** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ t) => a + (b - a) * ease(t);
  const grows = to.user > from.user; // then they leave first
  const [first, second] = shares ? [clamp(part * 2, 0, 1), clamp(part * 2 - 1, 0, 1)] : [part, part];
  const [size, count] = grows ? [second, first] : [first, second];
  const now = {
    memory: mix(from.memory, to.memory, part),
    weights: mix(from.weights, to.weights, part),
    kept: mix(from.kept, to.kept, part),
    user: mix(from.user, to.user, size),
    moved: 1,
    tried: 0,
  };
  const fit = Math.max(0, Math.floor((now.memory - now.kept - now.weights) / now.user)); // nobody is shown without room
  return { ...now, users: Math.min(fit, Math.round(mix(from.users, to.users, count))) };
}

/** @type {(part: number) => number} */
const ease = (part) => 1 - (1 - part) ** 3;

/** The first of 1, 2, 5, 10, 20, 50, ... (and 0.5, 0.2, ...) that is no less. @param {number} least */
function round(least) {
  const ten = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((n) => n * ten).find((n) => n >= least * (1 - 1e-9));
}

/** @type {(n: number) => string} */
const short = (n) => (n >= 10_000 ? `${number(n / 1000)}k` : number(n));

/** As many of some words as fit into so many px, one after the other. @param {Pen} pen @param {string[]} words @param {number} room */
function fitting(pen, words, room) {
  const kept = words.filter(Boolean);
  while (kept.length > 1 && pen.measureText(kept.join(" · ")).width > room) kept.pop();
  return kept.join(" · ");
}

/** Where things stand that would each be in the middle of its own, but must not lie on each other: their tops, px.
    @param {{middle: number, high: number}[]} things from the top @param {number} top @param {number} bottom */
function stacked(things, top, bottom) {
  let [free, below] = [top, things.reduce((sum, { high }) => sum + high, 0)];
  return things.map(({ middle, high }) => {
    const at = clamp(middle - high / 2, free, Math.max(free, bottom - below));
    [free, below] = [at + high, below - high];
    return at;
  });
}

/** @param {Pen} pen @param {string} ink @param {number} width @param {number[][]} points @param {number[]} [dash] */
function stroke(pen, ink, width, points, dash = []) {
  pen.strokeStyle = ink;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.beginPath();
  for (const [x, y] of points) pen.lineTo(x, y);
  pen.stroke();
  pen.setLineDash([]);
}

/** An arrow that points up, beyond the picture. @param {Pen} pen @param {string} ink @param {number} x the tip's @param {number} y the tip's */
function arrow(pen, ink, x, y) {
  stroke(pen, ink, 2, [[x, y + 11], [x, y + 1]]);
  stroke(pen, ink, 2, [[x - 5, y + 6], [x, y + 1], [x + 5, y + 6]]);
}

/** @param {string} ground @param {string} ink @param {number} size px from one stroke to the next */
function hatched(ground, ink, size) {
  const pen = new OffscreenCanvas(size, size).getContext("2d");
  pen.fillStyle = ground;
  pen.fillRect(0, 0, size, size);
  pen.fillStyle = ink;
  for (let i = 0; i < size; i++) pen.fillRect(i, size - i - 1, 1, 1);
  return pen.createPattern(pen.canvas, "repeat");
}
