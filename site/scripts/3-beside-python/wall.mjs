// Paints the memory of a node: a column for each GPU, the weights in it, user after user, and the first who doesn't fit.
import { clamp, colours, layer, number, ratio, sized, still } from "./canvas.mjs";

const GIB = 2 ** 30;
const INKS = ["bar-weights", "wall-user", "wall-user-2", "wall-kept", "wall-kept-ink", "wall-free", "wall-free-ink",
  "text", "soft", "page", "border-strong", "red", "red-fill", "orange", "green"];
const TURN_MS = 200; // from one choice of the calculator's to the next
const SHARE_MS = 700; // where only a user's share changes: it shrinks or grows, then users come or go
const FALL_MS = 320; // of one user, from the top of the picture to their place
const [SINGLE, CROWD] = [3, 10_000]; // px of a band that is a user's own; users beyond which no band is drawn
const MOST_OVER = 2.2; // memories high: weights that are larger are cut off

/**
 * A scene of wall_view.py; bytes are those of all GPUs together. phases: ms of weights, users and the one who doesn't fit.
 * @typedef {{gpus: number, gpu_bytes: number, weights_bytes: number, kept_bytes: number, user_bytes: number, users: number,
 *   free_bytes: number, guess: number | null, words: Record<string, string>, phases?: number[], keys?: number[]}} Scene
 *
 * What is painted, GiB of one GPU. users: how many are in; weights and next: from 0 (outside) to 1 (moved in, tried in vain).
 * @typedef {{memory: number, weights: number, kept: number, user: number, users: number, moved: number, tried: number}} Now
 * @typedef {CanvasRenderingContext2D} Pen
 * @typedef {ReturnType<Wall["layout"]>} Layout
 * @typedef {{y: number, words: string[], ink: string}} Label
 */

export class Wall {
  /** @param {HTMLElement} root @param {Scene} scene */
  constructor(root, scene) {
    this.root = root;
    this.scene = scene;
    this.canvas = layer(root, "wall");
    this.end = this.target(scene);
    this.now = this.end;
    this.room = { width: 0, height: 0 }; // CSS pixels; read when it may have changed, not at each frame of a slider
    this.turning = 0; // the frame that is asked for while one state becomes another
    this.phases = scene.phases ?? [0, 0, 0];
    this.length = this.phases.reduce((sum, ms) => sum + ms, 0);
    this.start = this.length;
    this.keys = scene.keys ?? [];
    this.dress();
  }

  dress() {
    this.inks = colours(this.root, INKS);
    this.font = getComputedStyle(this.root).fontFamily;
    this.hatch = hatched(this.inks["wall-free"], this.inks["wall-free-ink"], 8);
    this.crossed = hatched(this.inks["wall-kept"], this.inks["wall-kept-ink"], 5);
    this.dotted = dotted(this.inks["wall-user"], this.inks["wall-user-2"]);
  }

  /** @param {number} position @param {number} direction */
  step(position, direction) {
    return position + direction * 100;
  }

  /** A scene at rest. @param {Scene} scene @returns {Now} */
  target({ gpus, gpu_bytes, weights_bytes, kept_bytes, user_bytes, users }) {
    const each = (/** @type {number} */ bytes) => bytes / gpus / GIB;
    return { memory: gpu_bytes / GIB, weights: each(weights_bytes), kept: each(kept_bytes), user: each(user_bytes), users, moved: 1, tried: 1 };
  }

  /** Another scene in place of this one. `slow`: a choice changed, so one becomes the other before one's eyes.
      @param {Scene} scene @param {boolean} slow */
  change(scene, slow) {
    const [from, to, shares] = [this.now, this.target(scene), this.scene.user_bytes !== scene.user_bytes && this.same(scene)];
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

  /** Whether a scene differs from this one in its users alone. @param {Scene} scene */
  same({ gpus, gpu_bytes, weights_bytes, kept_bytes }) {
    const { scene } = this;
    return gpus === scene.gpus && gpu_bytes === scene.gpu_bytes && weights_bytes === scene.weights_bytes && kept_bytes === scene.kept_bytes;
  }

  /** @param {number} position ms */
  paint(position) {
    const { clientWidth: width, clientHeight: height } = this.canvas.parentElement;
    this.room = { width, height };
    const [weights, users, next] = this.phases;
    if (!this.length || position >= this.length) return this.show(this.length ? this.end : this.now);
    const part = clamp((position - weights) / users, 0, 1);
    const moved = ease(clamp(position / weights, 0, 1));
    const count = this.end.users * (0.35 * part + 0.65 * part * part); // the first are seen one by one
    this.show({ ...this.end, moved, users: count, tried: clamp((position - weights - users) / next, 0, 1) }, position);
  }

  /** Put a moment on the canvas. @param {Now} now @param {number} [position] */
  show(now, position = this.length) {
    this.now = now;
    const { width, height } = this.room;
    if (!width) return;
    const pen = sized(this.canvas, width, height);
    const at = this.layout(pen, width, height, now);
    this.paintAxis(pen, at, now);
    const group = this.paintColumns(pen, at, now, position);
    this.paintCounts(pen, at, now, group);
    const next = this.paintNext(pen, at, now);
    const guess = this.paintGuess(pen, at, now);
    this.paintLabels(pen, at, now, group);
    this.paintHead(pen, at, now);
    const { gpus, weights_bytes, kept_bytes, user_bytes, free_bytes } = this.scene;
    const still = now === this.end;
    const [painted, share] = [Math.floor(now.users + 1e-9), (/** @type {number} */ gib) => Math.round(gib * GIB * gpus)];
    this.canvas.dataset.drawn = JSON.stringify({ at: position, still, gpus, users: painted, weights: share(now.weights), kept: share(now.kept),
      user: share(now.user), free: free_bytes, group, next, guess, sums: [weights_bytes, kept_bytes, user_bytes] });
  }

  /** Where things are. y(gib) is a height on the canvas, on whole pixels of the screen.
      @param {Pen} pen @param {number} width @param {number} height @param {Now} now */
  layout(pen, width, height, now) {
    const { gpus, words } = this.scene;
    const [flat, wide] = [height < 230, width >= 560];
    const head = flat ? 24 : 34;
    const beyond = now.weights + this.guessed() > now.memory && this.scene.guess;
    const top = head + (beyond ? (wide || flat ? 22 : 34) : 0) + (wide ? 16 : 26);
    const bottom = height - (flat ? 16 : 20);
    pen.font = `500 11px ${this.font}`;
    const left = Math.ceil(pen.measureText(`${number(now.memory)} ${words.unit}`).width) + 10;
    const gutter = wide ? 190 : 34;
    const pitch = Math.min((width - left - gutter) / gpus, wide ? 96 : 130);
    const gap = clamp(pitch * 0.14, 3, 12);
    const tall = Math.max(now.memory, Math.min(now.weights, now.memory * MOST_OVER));
    const scale = ratio();
    const snap = (/** @type {number} */ value) => Math.round(value * scale) / scale;
    const y = (/** @type {number} */ gib) => snap(bottom - (gib / tall) * (bottom - top));
    const columns = Array.from({ length: gpus }, (_, i) => ({ x: snap(left + i * pitch), w: snap(pitch - gap) }));
    const last = columns[gpus - 1];
    return { width, height, flat, wide, head, top, bottom, left, right: last.x + last.w, columns, tall, y, snap, beyond };
  }

  /** How much one GPU would hold of the guessed users, GiB. */
  guessed() {
    return (this.scene.guess ?? 0) * this.end.user;
  }

  /** The GiB of one GPU at the left. @param {Pen} pen @param {Layout} at @param {Now} now */
  paintAxis(pen, at, now) {
    const { unit } = this.scene.words;
    const round = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((gib) => at.y(0) - at.y(gib) >= 34) ?? 1000;
    const ticks = [...Array(Math.floor(now.memory / round) + 1).keys()].map((i) => i * round).filter((gib) => at.y(gib) - at.y(now.memory) > 15);
    pen.font = `500 11px ${this.font}`;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const gib of [...ticks, now.memory]) {
      pen.fillStyle = this.inks["border-strong"];
      pen.fillRect(at.left - 6, at.y(gib) - 0.5, 4, 1);
      pen.fillStyle = this.inks.soft;
      pen.fillText(gib === now.memory ? `${number(gib)} ${unit}` : number(gib), at.left - 9, at.y(gib));
    }
    pen.textAlign = "center";
    pen.textBaseline = "alphabetic";
    at.columns.forEach(({ x, w }, i) => pen.fillText(w > 44 ? `${this.scene.words.gpu} ${i + 1}` : String(i + 1), x + w / 2, at.bottom + 14));
  }

  /** What the columns hold. Returns how many users one band stands for. @param {Pen} pen @param {Layout} at @param {Now} now @param {number} position */
  paintColumns(pen, at, now, position) {
    const { inks } = this;
    const [floor, over] = [at.y(now.weights), now.weights + now.kept > now.memory];
    const one = at.y(0) - at.y(now.user);
    const users = Math.floor(now.users + 1e-9);
    const group = users >= CROWD ? users : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find((n) => n * one >= SINGLE) ?? users;
    const bands = group < users || users < CROWD ? Math.ceil(users / group) : 1;
    const stack = (/** @type {number} */ n) => at.y(now.weights + Math.min(n, users) * now.user);
    const top = stack(users);
    const [first, last] = [at.columns[0], at.columns.at(-1)];
    // Between the columns a user is faintly seen as one: the bands belong together.
    const seam = (/** @type {number} */ y, /** @type {number} */ high, /** @type {string | CanvasPattern} */ ink) => {
      pen.globalAlpha = 0.16;
      pen.fillStyle = ink;
      pen.fillRect(first.x, y, last.x + last.w - first.x, high);
      pen.globalAlpha = 1;
    };
    if (now.moved === 1 && !over) seam(top, at.bottom - top, inks["wall-user"]);
    at.columns.forEach(({ x, w }, i) => {
      pen.fillStyle = this.hatch;
      pen.fillRect(x, at.y(now.memory), w, at.bottom - at.y(now.memory));
      const late = clamp(now.moved * 1.6 - (i / at.columns.length) * 0.6, 0, 1); // one column after the other
      const drop = (1 - ease(late)) * (at.bottom - at.top) * -1;
      pen.fillStyle = over ? inks.red : inks["bar-weights"];
      if (late > 0) pen.fillRect(x, Math.max(0, floor + drop), w, Math.max(0, at.bottom - floor));
      if (users >= CROWD) {
        pen.fillStyle = this.dotted;
        pen.fillRect(x, top, w, floor - top);
      } else {
        const parting = group * one >= 6 ? 1 : 0;
        for (let band = 0; band < bands; band++) {
          const [below, above] = [stack(band * group), stack((band + 1) * group)];
          pen.fillStyle = inks[band % 2 ? "wall-user-2" : "wall-user"];
          pen.fillRect(x, above + parting, w, Math.max(0.5, below - above - parting));
        }
      }
      if (now.kept > 0) {
        pen.fillStyle = this.crossed;
        pen.fillRect(x, at.y(now.memory), w, at.y(now.memory - now.kept) - at.y(now.memory));
      }
      if (over) this.paintOver(pen, at, now, x, w);
      pen.strokeStyle = inks["border-strong"];
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.roundRect(x - 0.75, at.y(now.memory) - 0.75, w + 1.5, at.bottom - at.y(now.memory) + 1.5, 3);
      pen.stroke();
    });
    this.paintFalling(pen, at, now, position);
    return group;
  }

  /** The part of the weights for which a column has no room. @param {Pen} pen @param {Layout} at @param {Now} now @param {number} x @param {number} w */
  paintOver(pen, at, now, x, w) {
    const [lid, top] = [at.y(now.memory - now.kept), Math.max(at.top, at.y(now.weights))];
    pen.fillStyle = this.inks["red-fill"];
    pen.fillRect(x, top, w, lid - top);
    pen.strokeStyle = this.inks.red;
    pen.lineWidth = 1.5;
    pen.setLineDash([5, 4]);
    pen.strokeRect(x + 0.75, top + 0.75, w - 1.5, lid - top);
    pen.setLineDash([]);
  }

  /** Users who are on their way in. @param {Pen} pen @param {Layout} at @param {Now} now @param {number} position */
  paintFalling(pen, at, now, position) {
    const [weights, ms] = this.phases;
    if (still.matches || position <= weights || position >= weights + ms || !this.end.users) return;
    const rest = now.users % 1;
    const high = Math.max(3, at.y(0) - at.y(now.user));
    const slot = at.y(now.weights + Math.ceil(now.users) * now.user);
    const quick = (ms / this.end.users) < FALL_MS ? 3 : 1; // where many come, several are seen falling
    for (let i = 0; i < quick; i++) {
      const fallen = ((rest + i) / quick) ** 2;
      pen.globalAlpha = 0.35 + 0.65 * fallen;
      pen.fillStyle = this.inks["wall-user"];
      for (const { x, w } of at.columns) pen.fillRect(x, at.head + (slot - at.head) * fallen, w, high);
    }
    pen.globalAlpha = 1;
  }

  /** A number at each tenth user, or where there is no room for all of them at every twentieth, fiftieth, ...
      @param {Pen} pen @param {Layout} at @param {Now} now @param {number} group */
  paintCounts(pen, at, now, group) {
    const one = at.y(0) - at.y(now.user);
    const step = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000].find((n) => n * one >= 22);
    pen.font = `600 11px ${this.font}`;
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    for (let n = step; step && n <= now.users && group; n += step) {
      const y = at.y(now.weights + n * now.user);
      pen.fillStyle = this.inks.soft;
      pen.fillRect(at.right + 3, y, 5, 1);
      pen.fillText(short(n), at.right + 11, y + 0.5);
    }
    pen.textBaseline = "alphabetic";
  }

  /** The next user, for whom there is no room: an outline at their true place, at least so high that it is seen.
      @param {Pen} pen @param {Layout} at @param {Now} now */
  paintNext(pen, at, now) {
    if (now.tried === 0 || now.weights + now.kept > now.memory) return false;
    const lid = at.y(now.memory - now.kept);
    const floor = at.y(now.weights + Math.floor(now.users + 1e-9) * now.user);
    const top = clamp(floor - (at.y(0) - at.y(now.user)), at.top - 14, lid - 6);
    const bounce = now.tried < 1 ? -Math.abs(Math.sin(now.tried * Math.PI * 2.5)) * (1 - now.tried) * 14 : 0;
    pen.fillStyle = this.inks["red-fill"];
    pen.strokeStyle = this.inks.red;
    pen.lineWidth = 1.75;
    for (const { x, w } of at.columns) {
      pen.globalAlpha = 0.75;
      pen.fillRect(x, top + bounce, w, floor - top);
      pen.globalAlpha = 1;
      pen.setLineDash([5, 3]);
      pen.strokeRect(x + 0.9, top + 0.9 + bounce, w - 1.8, Math.max(3, floor - top - 1.8));
      pen.setLineDash([]);
      pen.fillStyle = this.inks.red; // the limit, drawn through whoever sticks out
      pen.fillRect(x, lid - 0.75, w, 1.5);
      pen.fillStyle = this.inks["red-fill"];
    }
    return true;
  }

  /** The learner's guess: a mark at its height, or an arrow where it would need more than there is.
      @param {Pen} pen @param {Layout} at @param {Now} now */
  paintGuess(pen, at, now) {
    const { guess, words } = this.scene;
    if (guess === null) return null;
    const height = this.end.weights + this.guessed();
    pen.font = `650 12px ${this.font}`;
    if (height <= now.memory) {
      const y = at.y(height);
      pen.strokeStyle = this.inks.page;
      pen.lineWidth = 5;
      line(pen, at.left - 4, y, at.right + 4);
      pen.strokeStyle = this.inks.text;
      pen.lineWidth = 2;
      pen.setLineDash([8, 4]);
      line(pen, at.left - 4, y, at.right + 4);
      pen.setLineDash([]);
      this.pill(pen, words.guess, at.left + 6, y, at);
      return { share: height / now.memory, beyond: false };
    }
    const said = `${words.guess} · ${words.beyond}`;
    const lines = pen.measureText(said).width + 22 < at.width - 4 ? [said] : [words.guess, words.beyond];
    const x = at.wide ? at.left : 2;
    pen.fillStyle = this.inks.text;
    pen.beginPath();
    const tip = at.head + 2;
    [[x + 7, tip], [x + 13, tip + 8], [x + 1, tip + 8]].forEach(([px, py], i) => (i ? pen.lineTo(px, py) : pen.moveTo(px, py)));
    pen.fill();
    pen.fillRect(x + 6, tip + 7, 2, 6);
    pen.textAlign = "left";
    lines.forEach((words, i) => pen.fillText(words, x + 19, tip + 11 + i * 14));
    return { share: height / now.memory, beyond: true };
  }

  /** Words on a ground of their own. @param {Pen} pen @param {string} words @param {number} x @param {number} y the middle @param {Layout} at */
  pill(pen, words, x, y, at, ink = this.inks.text) {
    const [wide, high] = [pen.measureText(words).width + 12, 18];
    const left = Math.min(x, at.width - wide - 2);
    pen.fillStyle = this.inks.page;
    pen.strokeStyle = ink;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.roundRect(left, y - high / 2, wide, high, 9);
    pen.fill();
    pen.stroke();
    pen.fillStyle = ink;
    pen.textAlign = "left";
    pen.fillText(words, left + 6, y + 4);
  }

  /** What each part is called: beside the columns, or on them where there is no room beside. @param {Pen} pen @param {Layout} at @param {Now} now @param {number} group */
  paintLabels(pen, at, now, group) {
    const { words } = this.scene;
    const users = Math.floor(now.users + 1e-9);
    const [stack, lid] = [now.weights + users * now.user, now.memory - now.kept];
    const over = now.weights > lid;
    const middle = (/** @type {number} */ low, /** @type {number} */ high) => (at.y(low) + at.y(high)) / 2;
    /** @type {Label[]} */
    const labels = [];
    const add = (/** @type {number} */ y, /** @type {string} */ ink, /** @type {string[]} */ ...said) => labels.push({ y, words: said, ink });
    if (over) add(middle(Math.min(now.weights, at.tall), lid), this.inks.red, words.too_small, words.missing);
    if (now.tried > 0.4 && !over) add(at.y(Math.min(stack + now.user, lid)) - (at.wide ? 2 : 15), this.inks.red, words.next, words.next_size);
    if (now.kept > 0) add(middle(lid, now.memory) + (over ? 0 : 4), this.inks.soft, words.kept, words.kept_size);
    if (!over && now.tried > 0.4 && at.y(stack) - at.y(lid) > 26) add(middle(stack, lid), this.inks.soft, words.free, words.free_size);
    const stripe = group > 1 && users < CROWD ? ` · ${number(group)} ${words.band}` : "";
    if (users > 0) add(middle(now.weights, stack), this.inks.green, `${words.cache} ${words.cache_size}`, stripe.slice(3));
    if (now.moved === 1) add(middle(0, Math.min(now.weights, lid)), this.inks["bar-weights"], words.weights, words.weights_size);
    if (at.wide) this.beside(pen, at, labels);
    else this.upon(pen, at, labels);
  }

  /** @param {Pen} pen @param {Layout} at @param {Label[]} labels from the top */
  beside(pen, at, labels) {
    const x = at.right + 50;
    let free = at.head + 2;
    pen.textAlign = "left";
    labels.sort((a, b) => a.y - b.y);
    labels.forEach(({ y, words, ink }, i) => {
      const lines = words.filter(Boolean);
      const below = labels.slice(i).reduce((sum, label) => sum + label.words.filter(Boolean).length * 15 + 4, 0);
      const from = clamp(y - lines.length * 7.5, free, Math.max(free, at.bottom - below + 4));
      lines.forEach((said, i) => {
        pen.font = `${i ? 500 : 650} ${i ? 12 : 13}px ${this.font}`;
        pen.fillStyle = i ? this.inks.soft : ink;
        pen.fillText(said, x, from + 12 + i * 15);
      });
      pen.strokeStyle = ink;
      pen.lineWidth = 1;
      pen.beginPath();
      pen.moveTo(at.right + 36, y);
      pen.lineTo(x - 4, from + 8);
      pen.stroke();
      free = from + lines.length * 15 + 4;
    });
  }

  /** @param {Pen} pen @param {Layout} at @param {Label[]} labels */
  upon(pen, at, labels) {
    pen.font = `600 11px ${this.font}`;
    for (const { y, words, ink } of labels) {
      const said = words.filter(Boolean).join(" · ");
      const wide = pen.measureText(said).width + 12;
      this.pill(pen, said, Math.max(2, (at.left + at.right - wide) / 2), clamp(y, at.head + 9, at.bottom - 10), at, ink);
    }
  }

  /** The count. @param {Pen} pen @param {Layout} at @param {Now} now */
  paintHead(pen, at, now) {
    const users = Math.floor(now.users + 1e-9);
    const { fit, fit_one } = this.scene.words;
    const size = at.flat ? 20 : 30;
    pen.textAlign = "left";
    pen.font = `750 ${size}px ${this.font}`;
    pen.fillStyle = users || now.tried < 1 ? this.inks.text : this.inks.red;
    const said = number(users);
    pen.fillText(said, at.wide ? at.left : 2, size * 0.86);
    const x = (at.wide ? at.left : 2) + pen.measureText(said).width + 8;
    pen.font = `600 ${at.flat ? 13 : 15}px ${this.font}`;
    pen.fillStyle = this.inks.soft;
    pen.fillText(users === 1 ? fit_one : fit, x, size * 0.86);
  }
}

/** @type {(part: number) => number} */
const ease = (part) => 1 - (1 - part) ** 3;

/** A state between two. Where only shares change, first the share of those who are in, then how many are.
    @param {Now} from @param {Now} to @param {number} part @param {boolean} shares @returns {Now} */
function between(from, to, part, shares) {
  const mix = (/** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ t) => a + (b - a) * ease(t);
  const grows = to.user > from.user; // then they leave first
  const [first, second] = shares ? [clamp(part * 2, 0, 1), clamp(part * 2 - 1, 0, 1)] : [part, part];
  const [size, count] = grows ? [second, first] : [first, second];
  return {
    memory: mix(from.memory, to.memory, part),
    weights: mix(from.weights, to.weights, part),
    kept: mix(from.kept, to.kept, part),
    user: mix(from.user, to.user, size),
    users: Math.round(mix(from.users, to.users, count)),
    moved: 1,
    tried: 0,
  };
}

/** @type {(n: number) => string} */
const short = (n) => (n >= 10_000 ? `${number(n / 1000)}k` : number(n));

/** @param {Pen} pen @param {number} from @param {number} y @param {number} to */
function line(pen, from, y, to) {
  pen.beginPath();
  pen.moveTo(from, y);
  pen.lineTo(to, y);
  pen.stroke();
}

/** @param {string} ground @param {string} ink @param {number} size */
function hatched(ground, ink, size) {
  return tile(ground, ink, size, (pen) => {
    for (let i = 0; i <= size; i++) pen.fillRect(i, size - i - 1, 1, 1);
  });
}

/** @param {string} ground @param {string} ink */
function dotted(ground, ink) {
  return tile(ground, ink, 4, (pen) => (pen.fillRect(0, 0, 2, 1), pen.fillRect(2, 2, 2, 1)));
}

/** @param {string} ground @param {string} ink @param {number} size @param {(pen: OffscreenCanvasRenderingContext2D) => void} draw */
function tile(ground, ink, size, draw) {
  const pen = new OffscreenCanvas(size, size).getContext("2d");
  pen.fillStyle = ground;
  pen.fillRect(0, 0, size, size);
  pen.fillStyle = ink;
  draw(pen);
  return pen.createPattern(pen.canvas, "repeat");
}
