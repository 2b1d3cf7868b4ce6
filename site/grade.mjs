// The grader's page: takes files in, hands their texts to the grader's thread, shows what comes back. It knows no words and
// no rules: words stand on the page or come from Python, and text only ever becomes text.
const place = (id) => document.getElementById(id);
const MOST_BYTES = 2_000_001; // one more than a snapshot may have, so that Python can say that it is too large

const grader = new Worker(new URL("grader.mjs", import.meta.url), { type: "module" });

/** An element with a text. */
const made = (tag, text, attributes = {}) => {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
};

const fail = (reason) => {
  place("failed").hidden = false;
  place("reason").textContent = reason;
  place("starting").hidden = true;
  place("status").textContent = "";
};

/** Grade files: a list of [name, File]. Only .json counts. */
async function grade(named) {
  const chosen = named.filter(([name]) => name.toLowerCase().endsWith(".json"));
  for (const id of ["failed", "outcome"]) place(id).hidden = true;
  place("empty").hidden = chosen.length > 0;
  if (!chosen.length) return;
  place("status").textContent = "";
  place("starting").hidden = false;
  const texts = {};
  for (const [name, file] of chosen) texts[name] = await file.slice(0, MOST_BYTES).text();
  grader.postMessage(JSON.stringify({ files: texts, now: new Date().toISOString() }));
}

grader.addEventListener("error", (event) => fail(event.message || "grader.mjs"));
grader.addEventListener("message", ({ data }) => {
  place("starting").hidden = true;
  if (data.failure) fail(data.failure);
  else if (data.said) place("status").textContent = data.said;
  else show(JSON.parse(data.outcome));
});

/** Show what came of a class: who is flagged, the bars, the table to save. */
function show({ said, head, rows, histograms, csv }) {
  place("status").textContent = said;
  const line = (cells) => {
    const row = document.createElement("tr");
    row.append(...cells);
    return row;
  };
  place("head").replaceChildren(line(head.map((text) => made("th", text, { scope: "col" }))));
  place("rows").replaceChildren(
    ...rows.map(({ cells: [first, ...rest], state }) => {
      const row = line([made("th", first, { scope: "row" }), ...rest.map((text) => made("td", text))]);
      if (state) row.dataset.state = state;
      return row;
    }),
  );
  place("histograms").replaceChildren(...histograms.flatMap(({ title, bars }) => [made("h3", title), drawn(bars)]));
  URL.revokeObjectURL(place("save").href);
  place("save").href = URL.createObjectURL(new Blob([csv], { type: "text/csv" }));
  place("outcome").hidden = false;
  place("outcome-title").focus();
}

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
    const named = [...target.files].map((file) => [file.webkitRelativePath || file.name, file]);
    target.value = "";
    await grade(named);
  });
}

/** All files below a dropped entry, as [path, File]. */
async function below(entry) {
  if (entry.isFile) return [[entry.fullPath.slice(1), await new Promise((done, failed) => entry.file(done, failed))]];
  const reader = entry.createReader();
  const found = [];
  // A folder tells of a hundred entries at most, and has to be asked until it tells of none.
  for (;;) {
    const entries = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!entries.length) return (await Promise.all(found.map(below))).flat();
    found.push(...entries);
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
  try {
    await grade((await Promise.all(entries.map(below))).flat());
  } catch (failure) {
    fail(String(failure.message ?? failure));
  }
});
