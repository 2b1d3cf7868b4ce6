// Replays: numbers that Python computed become pictures, and a clock moves through them. What is painted stands in blocks.mjs,
// floor.mjs and wall.mjs; this file holds the clock and its buttons. None of them knows the lesson or holds a word of it: what is written on a
// canvas comes with the scene.
//
//   labReplay.show(root, scene, tell)   paints a scene (JSON text) into the canvases of root and takes over its buttons;
//                                       tell("at", position) and tell("pick", panel, request) say what happened
//                                       a scene without `seconds` has no clock: the next one takes its place (change)
//   labReplay.repaint(root)             paints it again: something was picked (root's data-picked)
//   labReplay.frames(root)              how many frames it has played
//
// A painter has a length, where to begin, key frames, step(position, direction), paint(position), dress(), which reads its colours
// anew when light turns to dark, and, if things on it can be pressed, hit(canvas, x, y), sought(), where the picked one can be
// seen, and repick(position), which paints what a pick changes.
import { Blocks } from "./blocks.mjs";
import { clamp, still } from "./canvas.mjs";
import { Floor } from "./floor.mjs";
import { Wall } from "./wall.mjs";

const TELL_EVERY_MS = 125;
const KEY_FRAME_MS = 1800;
const [dark, paper] = [matchMedia("(prefers-color-scheme: dark)"), matchMedia("print")];
/**
 * What a painter is to the clock.
 * @typedef {{length: number, start: number, keys: number[], step(position: number, direction: number): number,
 *   paint(position: number): void, dress(): void, hit?(canvas: HTMLElement, x: number, y: number): [string, number],
 *   sought?(): number | undefined, repick?(position: number): void, change?(scene: any, slow: boolean): void}} Painter
 *
 * @typedef {{painter: string, name: string, seconds?: number, plays?: boolean, chosen?: string}} Scene a painter's own, told in
 *   full where it is painted; plays: it begins by itself; chosen: what isn't moved by a slider
 * @typedef {(...what: (string | number)[]) => void} Tell
 */

/** @type {Record<string, new (root: HTMLElement, scene: any) => Painter>} */
const PAINTERS = { blocks: Blocks, floor: Floor, wall: Wall };

class Player {
  /** @type {Painter} */ painter;
  /** @type {Tell} */ tell;
  /** @type {number} */ seconds; // that the whole takes at speed 1
  playing = false;
  plays = false; // by itself
  fresh = true; // nobody has moved it yet
  speed = 1;
  position = 0;
  before = 0; // when the frame before was painted, ms
  told = 0; // when it last said where it is, ms
  frames = 0;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.slider = root.querySelector('[data-play="position"]');
    root.addEventListener("click", (event) => this.press(event));
    root.addEventListener("input", (event) => this.slider && event.target === this.slider && this.seek(Number(this.slider.value)));
    root.addEventListener("change", (event) => {
      if (event.target.dataset.play === "speed") this.speed = Number(event.target.value);
    });
    watch(root, () => this.painter, () => this.paint());
  }

  /** @param {Scene} scene @param {Tell} tell */
  show(scene, tell) {
    this.painter = new PAINTERS[scene.painter](this.root, scene);
    this.seconds = scene.seconds;
    this.tell = tell;
    this.pause();
    this.root.dataset.scene = scene.name;
    if (this.slider) this.slider.max = String(this.painter.length);
    this.plays = Boolean(scene.plays);
    const begins = this.plays && !still.matches;
    this.seek(begins ? 0 : this.painter.start);
    this.fresh = true;
    if (begins) this.begin();
  }

  /** Play once it is in sight. */
  begin() {
    const { painter } = this;
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      seen.disconnect();
      if (this.painter === painter && this.fresh) this.play();
    }, { threshold: 0.6 });
    seen.observe(this.root);
  }

  /** @param {MouseEvent} event */
  press(event) {
    const { play } = event.target.closest("[data-play]")?.dataset ?? {};
    if (play === "toggle") this.playing ? this.pause() : this.play();
    if (play === "again") this.playing ? this.skip() : this.play();
    if (play === "back") this.go(-1);
    if (play === "on") this.go(1);
    const canvas = event.target.closest("canvas");
    const found = canvas && this.painter.hit?.(canvas, event.offsetX, event.offsetY);
    if (found) this.tell("pick", ...found);
  }

  /** One step, or with reduced motion one key frame. @param {number} direction */
  go(direction) {
    this.pause();
    const { keys } = this.painter;
    const key = direction > 0 ? keys.find((at) => at > this.position) : keys.findLast((at) => at < this.position);
    this.seek(still.matches ? (key ?? this.position) : this.painter.step(this.position, direction));
  }

  /** To the end. */
  skip() {
    this.move(this.painter.length);
    this.pause();
  }

  play() {
    if (!this.painter) return;
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

  /** @param {number} now */
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

  /** @param {number} position */
  seek(position) {
    this.move(position);
    this.say();
  }

  /** @param {number} position */
  move(position) {
    this.fresh = false;
    this.position = clamp(position, 0, this.painter.length);
    if (this.slider) this.slider.value = String(Math.floor(this.position));
    this.paint();
  }

  say(now = 0) {
    this.told = now;
    this.root.dataset.at = String(Math.floor(this.position));
    this.tell("at", Math.floor(this.position));
  }

  /** On paper, what plays by itself stands at its end. */
  paint() {
    const at = this.plays && paper.matches ? this.painter.length : this.position;
    if (this.painter && this.root.clientWidth) this.painter.paint(at);
  }
}

/** A picture without a clock: the next scene takes the place of the last one, by the same painter, as soon as it can be seen. */
class Picture {
  /** @type {Painter} */ painter;
  /** @type {Scene | undefined} */ waits; // not painted yet
  /** @type {string} */ chosen;
  seen = false;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    watch(root, () => this.painter, () => {
      this.turn();
      this.painter?.paint(0);
    });
    new IntersectionObserver((entries) => {
      this.seen = entries.at(-1).isIntersecting;
      if (this.seen) this.turn();
    }).observe(root);
  }

  /** @param {Scene} scene */
  show(scene) {
    this.root.dataset.scene = scene.name;
    this.waits = scene;
    if (this.seen) this.turn();
  }

  /** Paint what waits. */
  turn() {
    const { painter, waits } = this;
    if (!waits) return;
    this.waits = undefined;
    if (painter) painter.change(waits, this.seen && waits.chosen !== this.chosen);
    else {
      this.painter = new PAINTERS[waits.painter](this.root, waits);
      this.painter.paint(0);
    }
    this.chosen = waits.chosen;
  }
}

/**
 * Have a picture painted anew when its room changes, light turns to dark, or screen to paper.
 * @param {HTMLElement} root @param {() => Painter} painter @param {() => void} paint
 */
function watch(root, painter, paint) {
  /** @type {Map<Element, string>} */
  const known = new Map();
  const seen = new ResizeObserver((entries) => {
    const changed = entries.filter(({ target, contentRect: { width, height } }) => {
      const size = target.closest(".wall, .fills") ? `${width} ${height}` : `${width}`; // of the others the height follows from what is painted
      return known.get(target) !== size && known.set(target, size);
    });
    if (changed.length) requestAnimationFrame(paint);
  });
  for (const room of root.matches(".floor") ? root.querySelectorAll(".canvas") : [root]) seen.observe(room);
  const dress = () => {
    painter()?.dress();
    paint();
  };
  for (const look of [dark, paper]) look.addEventListener("change", dress);
  addEventListener("lab:theme", dress);
}

/** @type {WeakMap<HTMLElement, Picture>} */
const pictures = new WeakMap();
/** @param {HTMLElement} root */
const pictureOf = (root) => pictures.get(root) ?? (pictures.set(root, new Picture(root)), pictures.get(root));
/** @type {WeakMap<HTMLElement, Player>} */
const players = new WeakMap();
const playerOf = (/** @type {HTMLElement} */ root) => players.get(root) ?? (players.set(root, new Player(root)), players.get(root));

window.labReplay = {
  show: (root, text, tell) => {
    const scene = JSON.parse(text);
    if (scene.seconds) playerOf(root).show(scene, tell);
    else pictureOf(root).show(scene);
  },
  repaint: (root) => players.get(root)?.look(), // before the first scene there is nothing to paint, and nothing to press
  frames: (root) => playerOf(root).frames,
};
