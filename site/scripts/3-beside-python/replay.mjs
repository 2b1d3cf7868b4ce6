// Replays: numbers that Python computed become pictures, and a clock moves through them. What is painted stands in blocks.mjs and
// floor.mjs; this file holds the clock and its buttons. None of them knows the lesson or holds a word of it: what is written on a
// canvas comes with the scene.
//
//   labReplay.show(root, scene, tell)   paints a scene (JSON text) into the canvases of root and takes over its buttons;
//                                       tell("at", position) and tell("pick", panel, request) say what happened
//   labReplay.repaint(root)             paints it again: something was picked (root's data-picked)
//   labReplay.frames(root)              how many frames it has played
//
// A painter has a length, where to begin, key frames, step(position, direction), paint(position), dress(), which reads its colours
// anew when light turns to dark, and, if things on it can be pressed, hit(canvas, x, y), sought(), where the picked one can be
// seen, and repick(position), which paints what a pick changes.
import { Blocks } from "./blocks.mjs";
import { clamp } from "./canvas.mjs";
import { Floor } from "./floor.mjs";

const TELL_EVERY_MS = 125;
const KEY_FRAME_MS = 1800;
const still = matchMedia("(prefers-reduced-motion: reduce)");
const dark = matchMedia("(prefers-color-scheme: dark)");
/**
 * What a painter is to the clock.
 * @typedef {{length: number, start: number, keys: number[], step(position: number, direction: number): number,
 *   paint(position: number): void, dress(): void, hit?(canvas: HTMLElement, x: number, y: number): [string, number],
 *   sought?(): number | undefined, repick?(position: number): void}} Painter
 *
 * @typedef {{painter: string, name: string, seconds: number}} Scene a painter's own, told in full where it is painted
 * @typedef {(...what: (string | number)[]) => void} Tell
 */

/** @type {Record<string, new (root: HTMLElement, scene: any) => Painter>} */
const PAINTERS = { blocks: Blocks, floor: Floor };

class Player {
  /** @type {Painter} */ painter;
  /** @type {Tell} */ tell;
  /** @type {number} */ seconds; // that the whole takes at speed 1
  /** @type {number} */ width; // of root, in CSS pixels
  playing = false;
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

  /** @param {Scene} scene @param {Tell} tell */
  show(scene, tell) {
    this.painter = new PAINTERS[scene.painter](this.root, scene);
    this.seconds = scene.seconds;
    this.tell = tell;
    this.pause();
    this.root.dataset.scene = scene.name;
    this.slider.max = String(this.painter.length);
    this.seek(this.painter.start);
    this.fresh = true;
  }

  /** @param {MouseEvent} event */
  press(event) {
    const { play } = event.target.closest("[data-play]")?.dataset ?? {};
    if (play === "toggle") this.playing ? this.pause() : this.play();
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
    this.slider.value = String(Math.floor(this.position));
    this.paint();
  }

  say(now = 0) {
    this.told = now;
    this.root.dataset.at = String(Math.floor(this.position));
    this.tell("at", Math.floor(this.position));
  }

  paint() {
    if (this.painter && this.root.clientWidth) this.painter.paint(this.position);
  }
}

/** @type {WeakMap<HTMLElement, Player>} */
const players = new WeakMap();
const playerOf = (/** @type {HTMLElement} */ root) => players.get(root) ?? (players.set(root, new Player(root)), players.get(root));

window.labReplay = {
  show: (root, scene, tell) => playerOf(root).show(JSON.parse(scene), tell),
  repaint: (root) => players.get(root)?.look(), // before the first scene there is nothing to paint, and nothing to press
  frames: (root) => playerOf(root).frames,
};
