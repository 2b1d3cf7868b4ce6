// The page of the game. What the player does goes to the thread, what is seen comes back and is painted; no number of the game is
// made here. The address says which level and which traffic; the best own score is a fact of the learner's record.
import { still } from "./canvas.mjs";
import { keepSite } from "./keep.mjs";
import * as score from "./score.mjs";
import { Stage } from "./stage.mjs";
import { Strip } from "./strip.mjs";

const TURN_TICKS = 100; // 5 s, turn by turn
const TOLD_S = 5; // how it stands is told for so much of the game
const [LOW_HZ, OCTAVES] = [220, 2]; // the sound of an answer, by the memory in use

/** The lab around this page, where this is its scene. @type {Window | null} */
const lab = (() => {
  try {
    return parent !== window && parent.document.getElementById("play") ? parent : null;
  } catch {
    return null; // somebody else's page
  }
})();

const place = (/** @type {string} */ id) => document.getElementById(id);
const thread = new Worker(new URL("player.mjs", import.meta.url), { type: "module" });
const language = document.documentElement.lang;
const tell = (/** @type {string} */ method, /** @type {unknown} */ argument = undefined) => thread.postMessage({ language, method, argument });
const stage = new Stage(place("stage"));
/** @type {Map<string, Strip>} */
const strips = new Map([...document.querySelectorAll(".dial")].map((dial) => [dial.dataset.dial, new Strip(dial)]));
/** @type {{level: string, seed: number, places: string[]}} */
let game;
/** @type {any} */
let seen = null; // the last moment
let describedAt = 0; // of which moment it is said how it stands, s
/** @typedef {"starting" | "ready" | "running" | "paused" | "ending" | "over"} State */
/** @type {State} */
let state = "starting";
let waits = false; // a frame is asked for already
/** @type {AudioContext | undefined} */
let audio;

/** Whether the game can be played on, or begun. */
const plays = () => ["ready", "running", "paused"].includes(state);

/** @param {State} next */
function become(next) {
  state = next;
  document.body.dataset.state = next;
  place("begin").hidden = state !== "starting" && state !== "ready";
  place("result").hidden = state !== "over";
  place("start").disabled = state !== "ready";
  for (const id of ["pause", "step", "say"]) place(id).disabled = !plays() && (id !== "say" || state === "starting");
  place("pause").disabled ||= state === "ready"; // nothing runs yet: that it begins is another button's
  word("pause", state === "paused");
  place("pause").hidden = place("calm").checked;
  word("step", place("calm").checked);
  repaint();
}

/** A button says one of its two words. @param {string} id @param {boolean} second */
function word(id, second) {
  const node = place(id);
  node.dataset.first ??= node.textContent;
  node.textContent = second ? node.dataset.other : node.dataset.first;
}

// --- the address ---

/** The level and the seed that the address asks for. */
function asked() {
  const said = new URLSearchParams(location.hash.slice(1));
  const seed = said.get("seed");
  return JSON.stringify({ level: said.get("level") ?? undefined, ...(seed && /^\d{1,6}$/.test(seed) ? { seed: Number(seed) } : {}) });
}

/** The address of this game. @param {number} seed */
const address = (seed) => `#level=${game.level}&seed=${seed}`;

function open() {
  tell("open", asked());
}

// --- the best own score ---

/** Have the record read, and a game put into it. @param {{level: string, seed: number, points: number, at: string} | null} played */
async function keep(played = null) {
  tell("keep", JSON.stringify({ ...(await score.read(game.places)), played }));
}

// --- what comes back ---

/** @type {Record<string, (said: any) => void>} */
const TOLD = {
  open: (said) => {
    if (said.level !== game?.level) place("speed").value = "1";
    game = said;
    stage.clear(said.legend);
    for (const strip of strips.values()) strip.clear();
    place("title").textContent = said.title;
    place("aim").textContent = said.aim;
    place("promise").textContent = said.promise;
    place("described").textContent = "";
    for (const link of document.querySelectorAll("nav a")) setCurrent(link, link.dataset.level === said.level);
    for (const hand of document.querySelectorAll(".hand")) {
      const own = said.hands[hand.dataset.hand];
      hand.hidden = !own;
      if (own) setHand(hand, own);
    }
    place("best").hidden = true;
    keep();
    become("ready");
    show(said.seen);
  },
  seen: show,
  act: ({ hand, said, at, seen: now }) => {
    const output = document.querySelector(`.hand[data-hand="${hand}"] output`);
    if (output) {
      output.textContent = said;
      place(hand).setAttribute("aria-valuetext", said);
    }
    for (const strip of strips.values()) strip.mark(at);
    show(now);
  },
  keep: (said) => {
    score.write(game.places, said, () => keep(said.played));
    place("best").hidden = said.best === null;
    place("best").querySelector("strong").textContent = said.best;
  },
  describe: ({ described }) => {
    place("described").textContent = described;
    describedAt = seen.at;
  },
  end: ended,
  judged: ({ progress, best, cost, link, lesson }) => {
    place("verdict").textContent = progress ?? best ?? "";
    if (progress) return;
    place("cost").textContent = cost;
    keepSite("run");
    if (!link) return;
    const way = document.createElement("a");
    way.href = `${lab ? lab.location.href.split("#")[0] : document.querySelector(".ways a").getAttribute("href")}#${link}`;
    if (lab) way.target = "_parent";
    way.textContent = lesson;
    place("cost").append(" → ", way);
  },
  answer: ({ right, said }) => {
    place("feedback").textContent = said;
    place("feedback").dataset.state = right ? "ok" : "fail";
  },
  failure: fail,
};

/** @param {HTMLElement} link @param {boolean} current */
function setCurrent(link, current) {
  if (!current) return link.removeAttribute("aria-current");
  link.setAttribute("aria-current", "page");
  link.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** @param {HTMLElement} hand @param {{value: number, said: string}} own */
function setHand(hand, { value, said }) {
  const input = hand.querySelector("input, select");
  if (input.dataset.words) {
    const { values } = JSON.parse(input.dataset.words);
    input.max = String(values.length - 1);
    input.value = String(values.indexOf(value));
    hand.querySelector("output").textContent = said;
    input.setAttribute("aria-valuetext", said);
  } else input.value = String(value);
}

/** A moment of the game. @param {any} now */
function show(now) {
  seen = now;
  stage.show(now, performance.now());
  place("left").textContent = now.left;
  place("points").textContent = now.points;
  if (place("surprise").textContent !== now.surprise) place("surprise").textContent = now.surprise;
  for (const [name, { text, share, state: well }] of Object.entries(now.dials)) {
    const strip = strips.get(name);
    strip.root.querySelector(".value").textContent = text;
    strip.root.dataset.state = well;
    strip.push(now.at, share);
    strip.paint(now.at);
  }
  if (now.at >= describedAt + TOLD_S) place("described").textContent = "";
  sound(now.done.length, now.dials.memory.share);
  repaint();
  if (!now.over || !plays()) return;
  become("ending"); // whatever else is on its way: it ends once
  tell("end");
}

/** @param {{points: number, shown: string, score: string, lines: string[], question: string | null, options: {id: string, text: string}[]}} said */
function ended({ points, shown, score, lines, question, options }) {
  keep({ level: game.level, seed: game.seed, points, at: new Date().toISOString() });
  become("over");
  place("described").textContent = "";
  place("points").textContent = shown;
  place("score").textContent = score;
  place("lines").textContent = lines.join(" · ");
  word("verdict", false);
  place("cost").textContent = "";
  place("ask").hidden = !question;
  place("question").textContent = question ?? "";
  place("feedback").textContent = "";
  place("options").replaceChildren(...options.map(({ id, text }) => option(id, text)));
  const next = document.querySelector("nav a[aria-current] + a");
  place("following").hidden = !next || lab !== null; // the scene has its own way to the other levels
  if (next) place("following").href = next.href;
  place("score").focus({ preventScroll: lab !== null });
  tell("judge");
}

/** An answer to choose. @param {string} id @param {string} text */
function option(id, text) {
  const label = document.createElement("label");
  const input = document.createElement("input");
  Object.assign(input, { type: "radio", name: "answer", value: id });
  label.append(input, " ", text);
  return label;
}

/** @param {string} reason */
function fail(reason) {
  place("begin").hidden = place("failed").hidden = false;
  place("aim").textContent = "";
  place("reason").textContent = reason;
}

thread.addEventListener("error", (event) => fail(event.message || "player.mjs"));
thread.addEventListener("message", ({ data }) => {
  for (const [name, said] of Object.entries(data)) TOLD[name](said);
});

// --- the painting ---

/** Paint with the next frame. */
function repaint() {
  if (!waits) requestAnimationFrame(frame);
  waits = true;
}

/** One frame, and the next, while the game runs or something is on its way. @param {number} now */
function frame(now) {
  waits = false;
  stage.paint(now);
  if (state === "running" || stage.moves(now)) repaint();
}

new ResizeObserver(() => {
  const { clientWidth, clientHeight } = stage.root;
  stage.resize(clientWidth, clientHeight);
  for (const strip of strips.values()) strip.room = { width: strip.root.clientWidth, height: strip.canvas.clientHeight };
  repaint();
  if (seen) for (const strip of strips.values()) strip.paint(seen.at);
}).observe(stage.root);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const painter of [stage, ...strips.values()]) painter.dress();
  repaint();
});

// --- what the player does ---

const speed = () => Number(place("speed").value);

function run() {
  if (state !== "ready" && state !== "paused") return;
  if (place("calm").checked) return become("paused");
  become("running");
  if (lab === top) frameElement?.scrollIntoView({ block: "nearest" }); // what is moved and what answers, in one window
  tell("run", speed());
}

function pause() {
  if (state !== "running") return;
  become("paused");
  tell("halt");
}

const toggle = () => (state === "running" ? pause() : state === "paused" && run());

function step() {
  if (!plays()) return;
  pause();
  become("paused");
  tell("step", place("calm").checked ? TURN_TICKS : 1);
}

/** The first move begins the game. @param {string} hand @param {number} value */
function act(hand, value) {
  if (!plays()) return;
  tell("act", JSON.stringify({ hand, value }));
  if (state === "ready") run();
}

for (const hand of document.querySelectorAll(".hand")) {
  const input = hand.querySelector("input, select");
  const values = input.dataset.words ? JSON.parse(input.dataset.words).values : null;
  input.addEventListener(values ? "input" : "change", () => act(hand.dataset.hand, values ? values[Number(input.value)] : Number(input.value)));
}
/** @param {boolean} on */
function flood(on) {
  if (place("flood").getAttribute("aria-pressed") === String(on)) return;
  place("flood").setAttribute("aria-pressed", String(on));
  act("flood", Number(on));
}
place("flood").setAttribute("aria-pressed", "false");
place("flood").addEventListener("pointerdown", (event) => {
  /** @type {any} */ (place("flood")).setPointerCapture(/** @type {any} */ (event).pointerId);
  flood(true);
});
for (const end of ["pointerup", "pointercancel", "blur"]) place("flood").addEventListener(end, () => flood(false));
place("flood").addEventListener("keydown", (/** @type {any} */ event) => {
  if (event.key !== " " && event.key !== "Enter") return;
  event.preventDefault();
  if (!event.repeat) flood(true);
});
place("flood").addEventListener("keyup", () => flood(false));

place("start").addEventListener("click", () => {
  run();
  const first = /** @type {HTMLElement | undefined} */ ([...document.querySelectorAll(".hand:not([hidden]) :is(input, select)")][0]);
  (place("calm").checked ? place("step") : first)?.focus({ preventScroll: true });
});
place("pause").addEventListener("click", toggle);
place("step").addEventListener("click", step);
place("say").addEventListener("click", () => tell("describe"));
place("speed").addEventListener("change", () => state === "running" && tell("run", speed()));
place("calm").addEventListener("change", () => {
  pause();
  become(state);
});
place("again").addEventListener("click", () => {
  open();
});
place("other").addEventListener("click", () => (location.hash = address((game.seed % 999_999) + 1)));
place("copy").addEventListener("click", async () => {
  const link = new URL(address(game.seed), location.href).href;
  const copied = await navigator.clipboard?.writeText(link).then(
    () => true,
    () => false,
  );
  if (!copied) place("copied").textContent = link; // to be copied by hand
  place("copied").hidden = false;
});
place("options").addEventListener("change", ({ target }) => tell("answer", target.value));
addEventListener("hashchange", open);
document.addEventListener("visibilitychange", () => document.hidden && pause());
// Another page has changed the record, or dropped it: a game under way isn't held up for that.
addEventListener("storage", () => ["ready", "over"].includes(state) && keep());
addEventListener("keydown", (event) => event.key === "Escape" && toggle());
place("stage").addEventListener("keydown", (/** @type {any} */ event) => {
  const deed = { " ": toggle, ArrowRight: step, Enter: () => tell("describe") }[/** @type {string} */ (event.key)];
  if (!deed) return;
  event.preventDefault();
  deed();
});

// --- the sound: a tick for an answer, higher as the memory fills ---

place("sound").addEventListener("change", () => {
  if (place("sound").checked) audio ??= new AudioContext();
});

/** @param {number} answers @param {number} memory */
function sound(answers, memory) {
  if (!audio || !place("sound").checked || state !== "running") return;
  for (let i = 0; i < Math.min(answers, 3); i++) {
    const [tone, volume, at] = [audio.createOscillator(), audio.createGain(), audio.currentTime + i * 0.015];
    tone.frequency.value = LOW_HZ * 2 ** (OCTAVES * memory);
    volume.gain.setValueAtTime(0.08, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.09);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.1);
  }
}

for (const link of document.querySelectorAll("nav a")) link.href += `#level=${link.dataset.level}`;
if (lab) {
  document.documentElement.dataset.within = "lab";
  const dress = () => {
    document.documentElement.dataset.theme = lab.document.documentElement.dataset.theme ?? "";
    for (const painter of [stage, ...strips.values()]) painter.dress();
    repaint();
  };
  lab.addEventListener("lab:theme", dress);
  dress();
}
place("calm").checked = still.matches;
become("starting");
open();
