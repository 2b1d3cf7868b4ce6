// The grader's page: takes files in, hands their texts to the grader's thread, shows what comes back. It knows no words and
// no rules: words stand on the page or come from Python, and text only ever becomes text.
import { keepSite } from "./keep.mjs";

/**
 * A file by its name; or in its place null, why it gives no bytes, and a detail.
 * @typedef {[name: string, file: File, why?: string, detail?: string]} Named
 *
 * What came of a class: texts for the page, and files to save.
 * @typedef {{said: string, head: string[], rows: {cells: string[], flags: string, remarks: string, state: string}[],
 *   unread: string[], unreadTitle: string, counted: string, lists: string[],
 *   histograms: {title: string, bars: Bar[]}[], saves: {label: string, name: string, text: string}[], files: number}} Outcome
 * @typedef {[label: string, count: number]} Bar
 */

const place = (/** @type {string} */ id) => document.getElementById(id);
const { lang: language, dataset } = document.documentElement;
const others = dataset.languages.split(" ").filter((other) => other !== language);
// Where people write 0,5 their spreadsheets part cells at semicolons.
const separator = (0.5).toLocaleString().includes(",") ? ";" : ",";
let job = 0; // which class is shown: the one that was given last
/** @type {Named[]} */
let handedIn = []; // what that class is made of
const LIST = /\.(csv|xls)$/i; // as course systems write the list of a class

const grader = new Worker(new URL("grader.mjs", import.meta.url), { type: "module" });

/** An element with a text. @param {string} tag @param {string} text @param {Record<string, any>} attributes */
const made = (tag, text, attributes = {}) => {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

const fail = (/** @type {string} */ reason) => {
  place("failed").hidden = false;
  place("reason").textContent = reason;
  place("starting").hidden = true;
  place("status").textContent = "";
};

/** Grade files. @param {Named[]} files */
function grade(files) {
  for (const id of ["failed", "outcome", "empty"]) place(id).hidden = true;
  place("status").textContent = "";
  place("starting").hidden = false;
  job += 1;
  grader.postMessage({ job, files, now: new Date().toISOString(), language, others, separator });
}

/** Take what somebody gives: a class, or lists alone, which belong to the class that is shown. @param {Named[]} named */
function given(named) {
  const names = new Set(named.map(([name]) => name));
  const isList = named.length && [...names].every((name) => LIST.test(name));
  handedIn = isList ? [...handedIn.filter(([name]) => !names.has(name)), ...named] : named;
  grade(handedIn);
}

grader.addEventListener("error", (event) => fail(event.message || "grader.mjs"));
grader.addEventListener("message", ({ data }) => {
  if (data.job !== job) return;
  place("starting").hidden = true;
  if (data.failure) fail(data.failure);
  else if (data.said) place("status").textContent = data.said;
  else show(JSON.parse(data.outcome));
});

/** Show what came of a class: who, how far, what is flagged, what was not read, the bars, the files to save. @param {Outcome} outcome */
function show({ said, head, rows, unread, unreadTitle, counted, lists, histograms, saves, files }) {
  place("status").textContent = said;
  place("empty").hidden = files > 0;
  place("unread").hidden = !unread.length;
  place("unread").open = !files;
  place("unread-title").textContent = unreadTitle;
  place("unread").querySelector("ul").replaceChildren(...unread.map((text) => made("li", text)));
  const line = (/** @type {HTMLElement[]} */ cells) => {
    const row = document.createElement("tr");
    row.append(...cells);
    return row;
  };
  place("head").replaceChildren(line(head.map((text) => made("th", text, { scope: "col" }))));
  place("rows").replaceChildren(
    ...rows.map(({ cells: [first, ...rest], flags, remarks, state }) => {
      const cell = (/** @type {string} */ text, /** @type {number} */ i) => made("td", text, { "data-head": head[i + 1] });
      const found = cell("", rest.length);
      if (flags) found.append(made("p", flags, { class: "flags" }));
      if (remarks) found.append(made("p", remarks, { class: "remarks" })); // no reason to doubt, so in no red
      const row = line([made("th", first, { scope: "row" }), ...rest.map(cell), found]);
      if (state) row.dataset.state = state;
      return row;
    }),
  );
  place("table").hidden = place("saves").hidden = !rows.length;
  place("class").hidden = !histograms.length;
  place("counted").textContent = counted;
  place("histograms").replaceChildren(...histograms.flatMap(({ title, bars }) => [made("h3", title), drawn(bars)]));
  place("lists").hidden = !lists.length;
  place("lists").replaceChildren(...lists.map((text) => made("li", text)));
  for (const old of place("saves").querySelectorAll("a")) URL.revokeObjectURL(old.href);
  place("saves").replaceChildren(
    ...saves.map(({ label, name, text }, i) => {
      const href = URL.createObjectURL(new Blob([text], { type: name.endsWith(".json") ? "application/json" : "text/csv" }));
      return made("a", label, { class: i ? "button quiet" : "button", href, download: name });
    }),
  );
  place("outcome").hidden = false;
  keepSite("grade", others); // whose files are in whatever languages the learners had
  place("outcome-title").focus();
}

/** A histogram. @param {Bar[]} bars */
function drawn(bars) {
  const list = made("dl", "", { class: "bars" });
  const most = Math.max(1, ...bars.map(([, count]) => count));
  for (const [label, count] of bars) {
    const value = document.createElement("dd");
    value.append(made("meter", "", { max: most, value: count, "aria-hidden": "true" }), made("span", String(count)));
    list.append(made("dt", label), value);
  }
  return list;
}

// --- files: chosen, or dropped with the folders that they lie in ---
for (const id of ["folder", "files"]) {
  place(id).addEventListener("change", async ({ target }) => {
    /** @type {Named[]} */
    const named = [...target.files].map((file) => [file.webkitRelativePath || file.name, file]);
    target.value = "";
    given(named);
  });
}

/** All files below a dropped entry. @param {any} entry a FileSystemEntry @returns {Promise<Named[]>} */
async function below(entry) {
  const name = entry.fullPath.slice(1);
  try {
    if (entry.isFile) return [[name, await new Promise((done, failed) => entry.file(done, failed))]];
    const reader = entry.createReader();
    /** @type {any[]} */
    const found = [];
    // A folder tells of a hundred entries at most, and has to be asked until it tells of none.
    for (;;) {
      const entries = await new Promise((done, failed) => reader.readEntries(done, failed));
      found.push(...entries);
      if (!entries.length) break;
    }
    return found.length ? (await Promise.all(found.map(below))).flat() : [[name, null, "folder_empty"]];
  } catch (failure) {
    return [[name, null, "refused", String(failure.message ?? failure)]];
  }
}

const drop = place("drop");
for (const name of ["dragover", "dragleave", "drop"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.toggleAttribute("data-over", name === "dragover");
  });
}
drop.addEventListener("drop", async ({ dataTransfer }) => {
  const entries = [...dataTransfer.items].map((item) => item.webkitGetAsEntry()).filter(Boolean);
  given((await Promise.all(entries.map(below))).flat());
});
