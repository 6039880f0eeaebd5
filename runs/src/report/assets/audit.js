// Puts the page of an audit together from the data in it.

const rows = report.rows;
rows.forEach((row, index) => (row.index = index));

const groups = new Map();
for (const row of rows) {
  if (row.group == null) continue;
  if (!groups.has(row.group)) groups.set(row.group, []);
  groups.get(row.group).push(row);
}
const groupOf = (row) => groups.get(row.group) ?? [];

const failed = rows.filter((row) => row.error).length;
const audited = rows.length - failed;

// ---- Head ----

byId("summary").append(
  plural(rows.length, "structure", "structures"),
  failed ? `: ${count(audited)} audited, ${count(failed)} failed` : ", all audited",
);
byId("protocol").append(...[fact("Matcher", report.matcher), fact("Protocol", report.protocol)].flat());

const setRow = (role) => (set) =>
  element(
    "tr",
    {},
    element("td", {}, role),
    element("th", { scope: "row" }, set.name),
    element("td", { class: "number" }, count(set.structures)),
    element("td", {}, set.exact ? "full structures: exact" : "invariants only: not exact"),
    element("td", {}, element("code", { title: set.sha256 }, set.sha256.slice(0, 12))),
  );
byId("sets").append(...report.training.map(setRow("Training")), ...report.references.map(setRow("Reference")));

// ---- Filters ----

const filters = { text: "", verdict: "", found: "", elements: [], bin: null };
const elementsIn = (row) => new Set((row.formula ?? "").match(/[A-Z][a-z]?/g));

const passes = (row) => {
  const { text, verdict, found, elements, bin } = filters;
  if (verdict && verdictOf(row) !== verdict) return false;
  if (found && (row.error || row.found_in !== found)) return false;
  if (bin && !(row.distance >= bin.from && row.distance < bin.to)) return false;
  if (elements.length) {
    const own = elementsIn(row);
    if (!elements.every((symbol) => own.has(symbol))) return false;
  }
  if (!text) return true;
  return [row.id, row.formula, row.nearest_id, row.nearest_formula, row.error].some((field) => field?.toLowerCase().includes(text));
};

const applyFilters = () => {
  for (const button of document.querySelectorAll("[data-filter]"))
    button.setAttribute("aria-pressed", String(filters[button.dataset.filter] === button.dataset.value));
  byId("verdict").value = filters.verdict;
  byId("found").value = filters.found;
  table.filter(passes);
};
const toggle = (name, value) => {
  filters[name] = filters[name] === value ? "" : value;
  applyFilters();
};

// ---- Counts ----

const tallied = new Map(report.counts);
if (failed) tallied.set("failed", failed);
const mostCommon = Math.max(1, ...tallied.values());
byId("verdicts").append(
  ...[...tallied].map(([name, n]) =>
    element(
      "li",
      {},
      element(
        "button",
        { type: "button", "data-filter": "verdict", "data-value": name, "aria-pressed": "false", title: verdictMeaning(name), onclick: () => toggle("verdict", name) },
        element("span", { class: "name" }, badge(name)),
        element("span", { class: "n" }, count(n), element("small", {}, ` ${percent(n, rows.length)}`)),
        element("span", { class: "bar", "aria-hidden": "true" }, element("i", { style: `width:${(100 * n) / mostCommon}%;background:${verdictColour(name)}` })),
      ),
    ),
  ),
);

const foundIn = (name) => rows.filter((row) => !row.error && row.found_in === name).length;
const tile = (name, n, note) =>
  element(
    "button",
    { type: "button", class: "tile", "data-filter": "found", "data-value": name, "aria-pressed": "false", onclick: () => toggle("found", name) },
    element("span", { class: "label" }, FOUND[name][0]),
    element("span", { class: "big" }, count(n), element("small", {}, ` ${percent(n, audited)}`)),
    element("span", { class: "muted" }, note),
  );
const { groups: distinct, greedy, of } = report.unique;
byId("tiles").append(
  tile("training", foundIn("training"), report.training.length ? FOUND.training[1] : "no training set was given"),
  tile("reference", foundIn("reference"), FOUND.reference[1]),
  tile("none", foundIn("none"), FOUND.none[1]),
  element(
    "div",
    { class: "tile" },
    element("span", { class: "label" }, "Unique"),
    element("span", { class: "big" }, count(distinct), element("small", {}, ` groups of ${count(of)} · ${percent(distinct, of)}`)),
    element("span", { class: "muted" }, `independent of input order; counted first come, first kept: ${count(greedy)}`),
  ),
);

// ---- Table ----

const groupCell = (row) => (groupOf(row).length > 1 ? `${count(groupOf(row).length)} alike` : "–");
const nearestCell = (row) =>
  row.nearest_id == null
    ? "–"
    : [element("span", { class: "id" }, row.nearest_id), " ", element("span", { class: "muted" }, formulaNodes(row.nearest_formula), ` · ${row.nearest_set ?? ""}`)];

const columns = [
  { title: "Id", value: (row) => row.id, cell: (row) => element("span", { class: "id" }, row.id) },
  { title: "Formula", value: (row) => row.formula, cell: (row) => element("span", {}, formulaNodes(row.formula)) },
  { title: "Sites", numeric: true, value: (row) => row.sites, cell: (row) => (row.error ? "–" : count(row.sites)) },
  { title: "Verdict", value: (row) => [...tallied.keys()].indexOf(verdictOf(row)), cell: (row) => badge(verdictOf(row)) },
  { title: "Found", value: (row) => (row.error ? null : row.found_in), cell: (row) => (row.error ? "–" : { training: "training", reference: "reference", none: "neither" }[row.found_in] ?? "–") },
  { title: "Nearest known", value: (row) => row.nearest_id, cell: (row) => (row.error ? element("span", { class: "error" }, row.error) : element("span", {}, nearestCell(row))) },
  { title: "Distance", numeric: true, hint: "Earth mover’s distance of pointwise distance distributions, in ∛(V/N)", value: (row) => row.distance, cell: (row) => fixed(row.distance, 3) },
  { title: "rms", numeric: true, hint: "Root mean square distance of paired sites, in ∛(V/N)", value: (row) => row.rms, cell: (row) => fixed(row.rms, 3) },
  { title: "Group", numeric: true, hint: "Structures of the input that are the same as this one, with itself", value: (row) => (groupOf(row).length > 1 ? row.group : null), cell: groupCell },
];

const othersOf = (row) => {
  const others = groupOf(row).filter((other) => other !== row);
  const jump = (other) => {
    if (!passes(other)) resetFilters();
    table.reveal(other);
  };
  const most = 12;
  const links = others.slice(0, most).map((other) => element("button", { type: "button", class: "jump", onclick: () => jump(other) }, other.id));
  if (others.length > most) links.push(` and ${count(others.length - most)} more`);
  return links;
};

const changed = ({ shown, page, size }) => {
  const first = page * size;
  byId("shown").textContent =
    shown.length === rows.length ? plural(rows.length, "row", "rows") : `${count(shown.length)} of ${plural(rows.length, "row", "rows")}`;
  byId("range").textContent = shown.length ? `${count(first + 1)}–${count(Math.min(shown.length, first + size))}` : "0";
  byId("previous").disabled = page === 0;
  byId("next").disabled = page + 1 >= table.pages();
};

const table = new Table({
  rows,
  columns,
  detail: (row) => detailOf(row, report.elements, othersOf(row)),
  head: byId("head"),
  body: byId("rows"),
  changed: (shown) => changed(shown),
});

const histogram = new Histogram(byId("histogram"), rows, (bin, label) => {
  filters.bin = bin;
  byId("bin").textContent = bin ? `Distance ${label} ×` : "";
  byId("bin").hidden = !bin;
  applyFilters();
});
byId("bin").addEventListener("click", () => histogram.toggle(filters.bin));
if (histogram.empty) byId("histogram").replaceWith(element("p", { class: "muted" }, "No structure has a known neighbour to measure a distance to."));
else if (histogram.without) byId("without").textContent = `${plural(histogram.without, "structure", "structures")} without a distance ${histogram.without === 1 ? "is" : "are"} not drawn.`;

if (report.left_out) byId("left-out").textContent = `${plural(report.left_out, "row has", "rows have")} no 3D views here: with them the page would be too large.`;

const option = (value, text) => element("option", { value }, text);
byId("verdict").append(option("", "All verdicts"), ...[...tallied.keys()].map((name) => option(name, name === "failed" ? "Failed only" : verdictLabel(name))));
byId("found").append(option("", "Found anywhere"), ...Object.keys(FOUND).map((name) => option(name, foundLabel(name))));
byId("verdict").addEventListener("change", (event) => toggle("verdict", event.target.value));
byId("found").addEventListener("change", (event) => toggle("found", event.target.value));
byId("text").addEventListener("input", (event) => {
  filters.text = event.target.value.trim().toLowerCase();
  applyFilters();
});
byId("elements").addEventListener("input", (event) => {
  filters.elements = event.target.value.match(/[A-Za-z]+/g)?.map((word) => word[0].toUpperCase() + word.slice(1).toLowerCase()) ?? [];
  applyFilters();
});
const resetFilters = () => {
  Object.assign(filters, { text: "", verdict: "", found: "", elements: [], bin: null });
  byId("text").value = "";
  byId("elements").value = "";
  byId("bin").hidden = true;
  histogram.clear();
  applyFilters();
};
byId("reset").addEventListener("click", resetFilters);
byId("previous").addEventListener("click", () => table.turn(table.page - 1));
byId("next").addEventListener("click", () => table.turn(table.page + 1));
// Where the head of the table has no room (phones), a list takes its place.
byId("sorting").append(
  option("", "Input order"),
  ...columns.flatMap(({ title }, n) => [option(`${n} 1`, `${title} ↑`), option(`${n} -1`, `${title} ↓`)]),
);
byId("sorting").addEventListener("change", (event) => {
  const [n, direction] = event.target.value.split(" ").map(Number);
  table.sort(event.target.value ? columns[n] : null, direction);
});
byId("size").addEventListener("change", (event) => {
  table.size = Number(event.target.value);
  table.turn(0);
});

// ---- Paper and colours ----

/** More rows than this are not laid out for paper. */
const MOST_PRINTED = 3000;
const redraw = () => {
  for (const canvas of document.querySelectorAll("canvas")) canvas.view.draw();
};
window.addEventListener("beforeprint", () => {
  document.documentElement.classList.add("on-paper");
  if (table.shown.length <= MOST_PRINTED) table.render(true);
  redraw();
});
window.addEventListener("afterprint", () => {
  document.documentElement.classList.remove("on-paper");
  table.render();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

applyFilters();
