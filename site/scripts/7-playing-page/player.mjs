// The thread of run.html: Python with the application and the game. It keeps the game's clock while it runs, and sends what is seen;
// a message is [method, argument] of play.thread's Player, or one of the clock's own: run (times as fast), halt, step, judge.
import { lastLine, startPython } from "./python.mjs";

const BEAT_MS = 50;
const TICKS_PER_S = 20;
const MOST_TICKS = 40; // at once: where Python can't keep up, the game goes slower
/** @type {Promise<any>} */
let started;
let speed = 0; // 0: it stands
let last = 0; // when the clock was last looked at, ms
let owed = 0; // ticks
let opened = 0; // a game that is opened ends what was done for the one before

/** @param {string} language */
async function start(language) {
  const content = language === "en" ? [] : [`content.${language}.json`];
  const python = await startPython({}, ["play.zip", ...content]);
  python.runPython('import sys; sys.path.insert(1, "/play.zip")');
  return python.pyimport("play.thread").begin(language);
}

/** Let what has come meanwhile in. */
const turn = () => new Promise((resolve) => setTimeout(resolve));

/** So many ticks pass, and what is seen then is said. @param {any} player @param {number} ticks */
function go(player, ticks) {
  const seen = JSON.parse(player.go(ticks));
  if (seen.over) speed = 0;
  postMessage({ seen });
}

async function beat() {
  const player = await started;
  if (!speed) return;
  const now = performance.now();
  owed += ((now - last) / 1000) * speed * TICKS_PER_S;
  last = now;
  const ticks = Math.min(MOST_TICKS, Math.floor(owed));
  owed = Math.min(owed - ticks, 1);
  if (ticks) go(player, ticks);
  if (speed) setTimeout(beat, Math.max(0, BEAT_MS - (performance.now() - now)));
}

/** The judgement piece by piece, as long as it has more and nobody opens another game. @param {any} player */
async function judge(player) {
  const mine = opened;
  for (let more = true; more && mine === opened; await turn()) {
    const judged = JSON.parse(player.judge());
    postMessage({ judged });
    more = judged.more;
  }
}

/** @type {Record<string, (player: any, argument: any) => unknown>} */
const OWN = {
  run: (_, times) => {
    const stood = !speed;
    speed = times;
    last = performance.now();
    if (stood) beat();
  },
  halt: () => (speed = 0),
  step: (player, ticks) => go(player, ticks),
  judge,
};

addEventListener("message", async ({ data: { language, method, argument } }) => {
  try {
    started ??= start(language);
    const player = await started;
    if (method === "open") {
      opened++;
      speed = owed = 0;
    }
    if (OWN[method]) await OWN[method](player, argument);
    else postMessage({ [method]: JSON.parse(argument === undefined ? player[method]() : player[method](argument)) });
  } catch (failure) {
    postMessage({ failure: lastLine(failure) });
  }
});
