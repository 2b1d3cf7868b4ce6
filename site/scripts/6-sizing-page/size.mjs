// The page for engineers: what the form says goes to the thread as texts, parts of the page come back as markup that Python has
// made of escaped texts. The form is kept in the address (without prices) and, with them, on this device.
import { keepSite } from "./keep.mjs";

const KEPT = "kv_cache_lab_size_1";
const PRICE = "price.";
const SOON_MS = 250; // after the last change the question is asked

const place = (/** @type {string} */ id) => document.getElementById(id);
const form = /** @type {any} */ (place("ask"));
const measured = form.elements.namedItem("measured"); // its value: what a server was found to say, in a few numbers
const language = document.documentElement.lang;
const thread = new Worker(new URL("sizer.mjs", import.meta.url), { type: "module" });
let soon = 0;

/** What the form says: names, and the texts under each. @returns {Record<string, string[]>} */
function fields() {
  /** @type {Record<string, string[]>} */
  const found = {};
  for (const [name, value] of new FormData(form)) if (typeof value === "string") (found[name] ??= []).push(value);
  return found;
}

/** Fill the form with what it said before; what it doesn't have is passed over, and given back.
    @param {Record<string, string[]>} said */
function fill(said) {
  const passed = new Map(Object.entries(said).flatMap(([name, values]) => values.map((value) => [`${name}=${value}`, value])));
  for (const field of form.elements) {
    const values = said[field.name];
    if (!field.name || field.type === "file") continue;
    if (field === measured && values?.[0]) field.value = values[0]; // what the sender's server said, that nobody else can paste
    const options = field.tagName === "SELECT" ? [...field.options].map(({ value }) => value) : ["checkbox", "radio"].includes(field.type) ? [field.value] : values;
    for (const value of options ?? []) passed.delete(`${field.name}=${value}`);
    if (field.type === "checkbox" || field.type === "radio") field.checked = Boolean(values?.includes(field.value));
    else if (values && options.includes(values[0])) field.value = values[0];
  }
  return [...passed.values()];
}

/** @param {string} text @returns {Record<string, string[]> | null} */
function read(text) {
  try {
    const said = JSON.parse(text);
    const isForm = said && typeof said === "object" && Object.values(said).every((values) => Array.isArray(values) && values.every((value) => typeof value === "string"));
    return isForm ? said : null;
  } catch {
    return null;
  }
}

const coded = (/** @type {object} */ said) => btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(said)))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const decoded = (/** @type {string} */ text) => new TextDecoder().decode(Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0)));

let addressed = ""; // the address that the form has been filled from, or has written

/** What the address says, else what this device has kept; prices come from the device alone. */
function restore() {
  addressed = location.hash;
  let kept = null;
  try {
    kept = read(localStorage.getItem(KEPT) ?? "");
  } catch {
    // no storage: the form is as it comes
  }
  let linked = null;
  place("broken").hidden = true;
  try {
    linked = location.hash.startsWith("#q=") ? read(decoded(location.hash.slice(3))) : null;
  } catch {
    // no text at all
  }
  place("broken").hidden = Boolean(linked) || !location.hash.startsWith("#q=");
  const prices = Object.entries(kept ?? {}).filter(([name]) => name.startsWith(PRICE));
  const passed = linked ? fill({ ...linked, ...Object.fromEntries(prices) }) : [];
  if (!linked && kept) fill(kept);
  place("unknown").hidden = !passed.length;
  place("unknown-said").textContent = passed.join(", ").slice(0, 200);
}

function keep() {
  if (location.hash !== addressed) refill(); // a link put in meanwhile isn't written over
  const said = fields();
  try {
    localStorage.setItem(KEPT, JSON.stringify(said));
  } catch {
    // it holds for this visit
  }
  const shared = Object.fromEntries(Object.entries(said).filter(([name]) => !name.startsWith(PRICE)));
  addressed = `#q=${coded(shared)}`;
  history.replaceState(null, "", addressed);
}

/** Show the fields of what is chosen, and no others. */
function arrange() {
  for (const part of document.querySelectorAll("[data-when]")) {
    const [name, value] = part.getAttribute("data-when").split("=");
    /** @type {HTMLElement} */ (part).hidden = !new FormData(form).getAll(name).includes(value);
  }
  place("server-measured").hidden = !measured.value;
}

/** Sliders stand where their fields are: a decade of the field is a step of one. */
function follow() {
  for (const slider of form.querySelectorAll("[data-moves]")) {
    const said = form.elements.namedItem(slider.dataset.moves).value;
    const value = Number(said.replace(",", "."));
    if (value > 0) slider.value = String(Math.log10(value));
    slider.setAttribute("aria-valuetext", said); // else its logarithm is read out
  }
}

form.addEventListener("input", (/** @type {any} */ { target: slider }) => {
  if (!slider.dataset.moves) return follow();
  const value = 10 ** Number(slider.value);
  const whole = slider.dataset.moves === "users" || value >= 10;
  const said = whole ? value.toFixed(0) : String(Number(value.toPrecision(2)));
  form.elements.namedItem(slider.dataset.moves).value = said;
  slider.setAttribute("aria-valuetext", said);
});

let current = 0; // the question that the form asks; an answer to another is passed over

/** The list shows the model that is sized: a config.json of one's own while there is one, and whoever chooses another has none any
    more. @param {any} changed the field that was changed, if it was one */
function choose(changed) {
  const own = place("own-model");
  const [list, config] = [form.elements.namedItem("model"), form.elements.namedItem("config")];
  const gone = changed === list && list.value !== own.value && config.value.trim() !== "";
  if (gone) config.value = "";
  const has = config.value.trim() !== "";
  if (changed) place("config-gone").hidden = !gone;
  own.hidden = own.disabled = !has;
  if (has) list.value = own.value;
  else if (list.value === own.value || !list.value) list.value = beside || list.dataset.first;
  if (!has) beside = list.value;
}

let beside = ""; // the model of the list that a config.json stands in for

let glancing = false; // one glance at a time: what a slider passes over meanwhile nobody has to see

function glance() {
  if (glancing || place("result").hidden) return;
  glancing = true;
  requestAnimationFrame(() => {
    if (soon) thread.postMessage({ language, method: "glance", argument: JSON.stringify(fields()), question: current });
    else glancing = false; // a page behind others has no frames: the question was asked meanwhile, and a glance would end it
  });
}

/** @param {any} [event] */
function ask(event) {
  choose(event?.target);
  current += 1;
  place("old").hidden = false; // what stands there, if anything does, answers another question from now on
  arrange();
  glance();
  clearTimeout(soon);
  soon = window.setTimeout(() => {
    soon = 0;
    keep();
    place("answer").setAttribute("aria-busy", "true");
    thread.postMessage({ language, method: "ask", argument: JSON.stringify(fields()), question: current });
  }, SOON_MS);
}

/** Put parts in their places; what is the same stays as it is. @param {Record<string, string>} parts */
function show(parts) {
  for (const [id, markup] of Object.entries(parts)) {
    const part = place(id);
    if (part.dataset.shown === markup) continue;
    const focused = part.contains(document.activeElement) ? /** @type {HTMLInputElement} */ (document.activeElement).value : null;
    part.dataset.shown = markup;
    part.innerHTML = markup;
    if (focused !== null) /** @type {HTMLElement | null} */ (part.querySelector(`input[value="${CSS.escape(focused)}"]`))?.focus();
  }
}

/** Mark the field that a refusal is about, several boxes by what holds them, and no other. @param {string} name
    @returns {HTMLElement | null} */
function mark(name) {
  for (const field of form.querySelectorAll("[aria-invalid]")) ["aria-invalid", "aria-describedby"].forEach((said) => field.removeAttribute(said));
  const named = name && form.elements.namedItem(name);
  const field = named instanceof RadioNodeList ? /** @type {HTMLElement} */ (named[0]).closest("[role=group]") : named;
  if (!(field instanceof HTMLElement)) return null;
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", "refusal");
  return field;
}

/** Say the answer in a line to those who hear the page: the design and whether it keeps its promises, once until it changes. */
function tellOf() {
  const told = [...place("headline").querySelectorAll("h2, h2 ~ .state:not([data-state=waiting])")].slice(0, 2).map((part) => part.textContent);
  if (place("told").textContent !== told.join(": ")) place("told").textContent = told.join(": ");
}

thread.addEventListener("error", (event) => fail(event.message || "sizer.mjs"));
thread.addEventListener("message", ({ data }) => {
  if (data.fed) return fed();
  glancing = false;
  if (data.failure) fail(data.failure);
  if (data.loading) place("state").textContent = place("state").dataset.other;
  if (data.loading) return;
  if (data.read) {
    show(data.parts);
    if (data.rate) form.elements.namedItem("rate").value = String(Number(data.rate.toPrecision(3)));
    ask();
    return;
  }
  if (data.measured !== undefined) {
    show(data.parts);
    const isOther = measured.checked && measured.value !== data.measured;
    measured.value = data.measured;
    remember();
    if (isOther) ask();
    else arrange();
    return;
  }
  if (data.parts?.glance !== undefined && !place("old").hidden) show(data.parts);
  if (data.question !== current || data.glance) return;
  if (data.config) place("own-model").textContent = data.config;
  place("refusal").hidden = !data.refusal;
  const field = mark(data.field);
  if (data.refusal) {
    place("refusal").textContent = data.refusal;
    for (let group = field && field.closest("details"); group; group = group.parentElement.closest("details")) group.open = true;
    place("result").hidden = place("state").hidden = true; // it answers another question
  }
  if (data.parts?.headline) {
    show({ ...data.parts, glance: "" });
    place("failed").hidden = place("state").hidden = place("old").hidden = true;
    place("result").hidden = false;
    tellOf();
  } else if (data.parts) {
    place("failed").hidden = true;
    place("result").hidden = !place("headline").textContent;
    if (data.parts.progress) place("state").textContent = data.parts.progress; // seen until there is an answer
    place("state").hidden = !data.parts.progress && !place("result").hidden;
  }
  if (data.refusal || data.more === false) place("answer").removeAttribute("aria-busy");
  if (data.more === false) keepSite("size");
});

/** @param {string} reason */
function fail(reason) {
  place("state").hidden = true;
  place("failed").hidden = false;
  place("reason").textContent = reason;
}

form.addEventListener("input", ask);
form.addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
place("designs").addEventListener("change", ({ target }) => {
  thread.postMessage({ language, method: "choose", argument: Number(/** @type {HTMLInputElement} */ (target).value), question: current });
});
/** Arrows lead along the designs of the chart, by their price; one of them is reached by Tab. */
place("chart").addEventListener("keydown", (event) => {
  const points = /** @type {SVGElement[]} */ (/** @type {unknown} */ ([...place("chart").querySelectorAll("[role=img]")]));
  const at = points.findIndex((point) => point.matches(":focus")) + ({ ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? NaN);
  if (!points[at]) return;
  event.preventDefault();
  for (const [i, point] of points.entries()) point.setAttribute("tabindex", i === at ? "0" : "-1");
  points[at].focus();
});
place("config-file").addEventListener("change", async ({ target }) => {
  const [file] = /** @type {HTMLInputElement} */ (target).files;
  if (!file) return;
  place("config").value = await file.slice(0, 1e6).text();
  ask({ target: place("config") });
});
/** A file that is dropped goes to the field of its group; one that is dropped elsewhere doesn't take the page's place. */
addEventListener("dragover", (event) => event.dataTransfer.types.includes("Files") && event.preventDefault());
addEventListener("drop", (event) => {
  const [file] = event.dataTransfer.files;
  if (!file) return; // a text, which goes where it is let go
  event.preventDefault();
  const near = /** @type {Element} */ (event.target).closest("details, [data-when]");
  const input = /** @type {any} */ (near?.querySelector("input[type=file]") ?? place(/\.json$/i.test(file.name) ? "config-file" : "trace"));
  input.files = event.dataTransfer.files;
  for (let group = input.closest("details"); group; group = group.parentElement.closest("details")) group.open = true;
  if (input.id === "trace") form.elements.namedItem("workload").value = "file";
  input.dispatchEvent(new Event("change", { bubbles: true }));
});
const PIECE = 1 << 18; // of a server's text: a log of 50 MB is read piece by piece

const tell = (/** @type {string} */ method, /** @type {unknown} */ argument = undefined) => thread.postMessage({ language, method, argument });
const OF_SERVER = ["log-model", "log-gpu", "log-count"];
const readServer = () => tell("end_server", JSON.stringify(OF_SERVER.map((id) => place(id).value)));

function readPasted() {
  tell("begin_server");
  for (let at = 0; at < place("log").value.length; at += PIECE) tell("feed_server", place("log").value.slice(at, at + PIECE));
  readServer();
}
place("log").addEventListener("input", readPasted);

const PASTED = "kv_cache_lab_size_server"; // a server's text outlives a change of language, and no tab

function remember() {
  try {
    sessionStorage.removeItem(PASTED);
    sessionStorage.setItem(PASTED, JSON.stringify([measured.value, ...["log", ...OF_SERVER].map((id) => place(id).value)]));
  } catch {
    // no storage, or no room: it goes with the page
  }
}

/** Put a server's text back, unless the form reckons with another's. */
function putBack() {
  try {
    const [was, ...said] = JSON.parse(sessionStorage.getItem(PASTED) ?? "[]");
    if (!said[0] || (measured.checked && measured.value !== was)) return;
    for (const [i, id] of ["log", ...OF_SERVER].entries()) place(id).value = said[i];
    readPasted();
  } catch {
    // nothing was kept
  }
}
let fed = () => {}; // the thread has read a piece

/** Hand a file's text over, piece by piece as it is read: of a file of 50 MB nobody holds the whole.
    @param {File} file @param {string} method @param {HTMLElement} said how far it is */
async function feed(file, method, said) {
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const wide = first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  const decoder = new TextDecoder(wide);
  delete said.dataset.shown; // what stood there goes, even if the same comes again
  for (let at = 0; at < file.size; at += PIECE) {
    said.textContent = `${Math.round((100 * at) / file.size)} %`;
    const read = new Promise((done) => (fed = () => done(null)));
    tell(method, decoder.decode(await file.slice(at, at + PIECE).arrayBuffer(), { stream: true }));
    await read;
  }
}

place("log-file").addEventListener("change", async ({ target }) => {
  const [file] = target.files;
  if (!file) return;
  place("log").value = ""; // the file is what was read
  tell("begin_server");
  await feed(file, "feed_server", place("server-used"));
  readServer();
});
place("trace").addEventListener("change", async ({ target }) => {
  const [file] = target.files;
  if (!file) return;
  tell("begin_trace");
  await feed(file, "feed_trace", place("trace-said"));
  tell("end_trace");
});
for (const id of ["log-model", "log-gpu", "log-count"]) place(id).addEventListener("change", readServer);

place("server-measured").addEventListener("change", () => ask()); // it stands outside of the form that it belongs to

place("copy").addEventListener("click", async () => {
  keep();
  const copied = await navigator.clipboard?.writeText(location.href).then(
    () => true,
    () => false,
  );
  if (!copied) place("copied").textContent = location.href; // to be copied by hand
  place("copied").hidden = false;
});
/** Another question has been put into the address. */
function refill() {
  restore();
  follow();
  arrange();
}
addEventListener("hashchange", () => {
  if (location.hash === addressed) return;
  refill();
  ask();
});
for (const choice of form.querySelectorAll("select[data-first]")) choice.value = choice.dataset.first;
place("may-use").open = matchMedia("(min-width: 52rem)").matches; // else the answer is far away
restore();
follow();
ask();
putBack();
