// Puts the page of a campaign together from the data in it.

readLineages(rows);

const unitWords = (objective) => (objective.unit === "1" ? "" : `, ${objective.unit}`);
const axisOf = (objective, n) => ({
  name: objective.name,
  title: `${capital(words(objective.name))}${unitWords(objective)}`,
  short: capital(words(objective.name)),
  unit: objective.unit === "1" ? "" : objective.unit,
  goal: objective.goal,
  value: (row) => row.values[n],
  low: objective.goal === "minimise" ? true : objective.goal === "maximise" ? false : undefined,
});
const axes = objectives.map(axisOf);

// ---- Head ----

const { counts } = report;
const kinds = { crystal: "crystals", complex: "transition-metal complexes" };
document.title = `${report.name} · druse`;
byId("kind").textContent = `Campaign of ${kinds[report.domain] ?? report.domain}`;
byId("title").textContent = report.name;
const state = report.end ?? (counts.evaluated < report.budget ? "still running, or stopped" : "done");
byId("summary").append(
  `${plural(counts.front, "candidate", "candidates")} on the Pareto front of ${count(counts.evaluated)} evaluated ones, out of ${plural(counts.proposed, "proposal", "proposals")} · seed ${report.seed} · ${state}`,
);
if (counts.constraint_violations) byId("warning").textContent = `${plural(counts.constraint_violations, "evaluated candidate breaks", "evaluated candidates break")} a hard constraint: please report this.`;

// ---- Filters: the charts and the table show the same candidates ----

const filters = { text: "", elements: [], status: "", verdict: "", origin: "", ranges: {} };
const originOf = (row) => `${row.generator} · ${row.operator}`;
const elementsOf = (row) => (row.elements ??= new Set((row.formula ?? "").match(/[A-Z][a-z]?/g)));
const searched = (row) => (row.searched ??= [String(row.number), row.formula, row.shape, row.nearest, row.reason, row.stage].filter(Boolean).join("\n").toLowerCase());

const passes = (row) => {
  const { text, elements, status, verdict, origin, ranges } = filters;
  if (status === "evaluated" ? row.removed : status === "limits" ? row.removed || row.violation !== 0 : status && statusOf(row) !== status) return false;
  if (verdict && row.verdict !== verdict) return false;
  if (origin && originOf(row) !== origin) return false;
  for (const axis of axes) {
    const range = ranges[axis.name];
    if (range && !(axis.value(row) >= range[0] && axis.value(row) <= range[1])) return false;
  }
  if (elements.length && !elements.every((symbol) => elementsOf(row).has(symbol))) return false;
  return !text || searched(row).includes(text);
};

let waiting = false;
const applyFilters = () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    for (const row of rows) row.kept = passes(row);
    for (const button of document.querySelectorAll("[data-filter]")) button.setAttribute("aria-pressed", String(filters[button.dataset.filter] === button.dataset.value));
    for (const name of ["status", "verdict", "origin"]) byId(name).value = filters[name];
    table.filter((row) => row.kept);
    drawScatter();
    parallel?.draw();
    showRanges();
    hull?.again();
  });
};
const toggle = (name, value) => {
  filters[name] = filters[name] === value ? "" : value;
  applyFilters();
};

// ---- Tiles ----

const tile = (label, big, note, filter) =>
  element(
    filter ? "button" : "div",
    { class: "tile", ...(filter ? { type: "button", "data-filter": filter[0], "data-value": filter[1], "aria-pressed": "false", onclick: () => toggle(...filter) } : {}) },
    element("span", { class: "label" }, label),
    element("span", { class: "big" }, big),
    element("span", { class: "muted" }, note),
  );
const { curve, bill } = report;
const volumes = curve.hypervolume.filter(isNumber);
const verdicts = Object.entries(report.verdict_counts);
const newest = verdicts.find(([name]) => ["new", "new_ligand", "new_composition"].includes(name));
byId("tiles").append(
  tile("Evaluated", count(counts.evaluated), `budget ${count(report.budget)}`, ["status", "evaluated"]),
  tile("Within all limits", count(counts.within_limits), `${percent(counts.within_limits, counts.evaluated)} of the evaluated`, ["status", "limits"]),
  tile("Pareto front", count(counts.front), `of ${plural(objectives.length, "objective", "objectives")}`, ["status", "front"]),
  newest
    ? tile("New", count(newest[1]), verdictMeaning(newest[0]).replace(/\.$/, ""), ["verdict", newest[0]])
    : tile("New", "0", verdicts.length ? "all evaluated ones are known in part" : "no novelty was looked up"),
  tile("Hypervolume", volumes.length ? brief(volumes[volumes.length - 1]) : "–", volumes.length ? `${brief(volumes[0])} after the first step` : "defined for two to four objectives"),
  tile("Energy", joules(bill.joules), `${report.basis.startsWith("estimate") ? "estimated" : "measured"} · ${grams(bill.grams_co2)} CO₂e · ${seconds(bill.seconds)}`),
);

// ---- The chosen candidate ----

let chosen = null;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const jump = (row) =>
  element("button", { type: "button", class: "jump", onclick: () => choose(row, true) }, `${count(row.number)} `, ...formulaNodes(row.formula));
const choose = (row, scroll) => {
  chosen = row;
  byId("chosen").replaceChildren(candidateView(row, jump));
  scatter.status.textContent = `Shown: ${row.formula}, candidate ${row.number}`;
  if (parallel) parallel.selected = row.removed ? null : row;
  drawScatter();
  parallel?.draw();
  hull?.again();
  const frame = byId("chosen").getBoundingClientRect();
  if (scroll && (frame.top < 0 || frame.top > innerHeight * 0.8)) byId("chosen").scrollIntoView({ block: "start", behavior: calm.matches ? "auto" : "smooth" });
};

// ---- Front ----

const describe = (row) => [
  `${row.formula}${row.shape ? `, ${row.shape}` : ""}`,
  ...objectives.map((objective, n) => `${words(objective.name)} ${brief(row.values[n])}${unitOf(objective) ? ` ${unitOf(objective)}` : ""}`),
  `${statusWords(row)}${row.verdict ? ` · ${verdictLabel(row.verdict).toLowerCase()}` : ""} · candidate ${row.number}`,
];
const scatter = new Scatter(byId("scatter"), { name: "Pareto front", describe, choose: (row) => choose(row, true) });
const frontRows = evaluated.filter((row) => row.front);
const within = evaluated.filter((row) => row.violation === 0);
const counted = within.length > 1 ? within : evaluated;

const generators = report.candidates.generators;
const COLOURINGS = [
  verdicts.length > 0 && { name: "novelty", title: "Novelty", colour: (row) => verdictColour(row.verdict ?? "failed"), key: () => verdicts.map(([name]) => ({ name: verdictLabel(name), colour: verdictColour(name) })) },
  { name: "generator", title: "Generator", colour: (row) => seriesColour(generators.indexOf(row.generator)), key: () => generators.map((name, n) => ({ name, colour: seriesColour(n) })) },
  { name: "step", title: "Step", ramp: true, value: (row) => row.step, low: undefined },
  ...axes.map((axis) => ({ name: axis.name, title: axis.short, ramp: true, value: axis.value, low: axis.low })),
].filter(Boolean);
for (const each of COLOURINGS) {
  if (!each.ramp) continue;
  // Bright is good, or late.
  const domain = extentOf(counted.map(each.value));
  const share = (row) => (each.value(row) - domain[0]) / (domain[1] - domain[0]);
  each.domain = domain;
  each.colour = (row) => (isNumber(each.value(row)) ? gradientColour(each.low ? 1 - share(row) : share(row)) : "var(--failed)");
}

const drawScatter = () => {
  if (!objectives.length) return;
  const x = axes[byId("across").value];
  const y = axes[byId("up").value] ?? { title: "", value: () => 0 };
  const colouring = COLOURINGS[byId("colour").value];
  const many = evaluated.length > 2000;
  const look = (row) => {
    const colour = colouring.colour(row);
    if (!row.kept) return { colour: "var(--strong-line)", radius: many ? 1.5 : 2.5, alpha: 0.12 };
    if (row.front) return { colour, radius: frontRows.length > 300 ? 4 : 6, alpha: 1, ring: "edge", layer: 3 };
    if (row.violation === 0) return { colour, radius: many ? 2.4 : 4, alpha: many ? 0.5 : 0.55, layer: 1 };
    return { colour, radius: many ? 1.6 : 3, alpha: 0.3, hollow: !many };
  };
  // What is outside of the limits must not squeeze the rest; filters leave the picture where it is.
  const domains = [x, y].map((axis) => widened(extentOf(counted.map(axis.value)), 0.05));
  scatter.show({ points: evaluated, x, y, look, along: frontRows.filter((row) => row.kept), selected: chosen, domains });
  const notes = ["Large points: the front; small: dominated; faint: outside of a limit or of the filters. The line bounds what the front reaches in these two."];
  if (scatter.beyond) notes.push(`${plural(scatter.beyond, "candidate lies", "candidates lie")} outside of the picture.`);
  byId("scatter-note").textContent = notes.join(" ");
  byId("scatter-key").replaceChildren(
    colouring.ramp
      ? element("ul", { class: "key" }, element("li", {}, brief(colouring.domain[colouring.low ? 1 : 0]), " ", element("i", { class: "ramp", "aria-hidden": "true", style: `background:linear-gradient(to right,${GRADIENT.map(([r, g, b]) => `rgb(${r} ${g} ${b})`).join(",")})` }), brief(colouring.domain[colouring.low ? 0 : 1])))
      : keyOf(colouring.key()),
  );
};
const options = (list, chosenPlace) => list.map((title, n) => element("option", { value: n, selected: n === chosenPlace }, title));
byId("across").append(...options(axes.map((axis) => axis.short), 0));
byId("up").append(...options(axes.map((axis) => axis.short), Math.min(1, axes.length - 1)));
byId("colour").append(...options(COLOURINGS.map((each) => each.title), 0));
for (const id of ["across", "up", "colour"]) byId(id).addEventListener("change", drawScatter);

// ---- Parallel coordinates, and the same ranges as numbers ----

const parallel =
  objectives.length > 1 && evaluated.length
    ? new Parallel(byId("parallel"), { axes: axes.map((axis) => ({ ...axis, title: axis.short })), rows: evaluated, ranges: filters.ranges, changed: () => applyFilters(), choose: (row) => choose(row) })
    : null;
if (!parallel) byId("parallel-panel").hidden = true;
const rangeInputs = axes.map((axis) => {
  const input = (end, label) =>
    element("input", {
      type: "number", step: "any", placeholder: label, "aria-label": `${axis.short}, ${label}`,
      onchange: () => {
        const [low, high] = rangeInputs.find((each) => each.axis === axis).inputs.map((each) => (each.value === "" ? null : Number(each.value)));
        if (low === null && high === null) delete filters.ranges[axis.name];
        else filters.ranges[axis.name] = [low ?? -Infinity, high ?? Infinity];
        applyFilters();
      },
    });
  return { axis, inputs: [input(0, "at least"), input(1, "at most")] };
});
byId("ranges").append(
  ...rangeInputs.map(({ axis, inputs }) =>
    element("div", { class: "range-of" }, element("span", {}, axis.title, " ", element("span", { class: "muted" }, goalWords(objectives.find((each) => each.name === axis.name)))), inputs[0], element("span", { class: "muted" }, "to"), inputs[1]),
  ),
);
const showRanges = () => {
  for (const { axis, inputs } of rangeInputs)
    inputs.forEach((input, end) => {
      if (input === document.activeElement) return;
      const value = filters.ranges[axis.name]?.[end];
      input.value = isNumber(value) ? String(Number(value.toPrecision(5))) : "";
    });
};

// ---- Hypervolume ----

const volumeOver = (x) => [{ name: "", colour: "var(--accent)", points: x.map((value, n) => [value, curve.hypervolume[n]]) }];
const noVolume = () => element("p", { class: "muted" }, objectives.length < 2 || objectives.length > 4 ? "The hypervolume is computed for two to four objectives." : "No step has found a candidate within all limits yet.");
if (volumes.length) {
  new Curves(byId("by-evaluations"), { x: "candidates evaluated", y: "hypervolume", series: volumeOver(curve.evaluated) });
  const [unit, scale] = energyUnit(curve.kwh);
  new Curves(byId("by-energy"), { x: `${unit} (${report.basis})`, y: "hypervolume", series: volumeOver(curve.kwh.map((kwh) => kwh * scale)) });
  byId("by-evaluations").append(
    numbersTable(
      "Numbers: step by step",
      ["Step", "Evaluated", "Front", "Hypervolume", "Hours", "kWh"],
      curve.evaluated.map((n, step) => [step, n, curve.front[step], isNumber(curve.hypervolume[step]) ? fixed(curve.hypervolume[step], 4) : "–", curve.hours[step], curve.kwh[step]]),
    ),
  );
  byId("by-energy").append(
    element("p", { class: "muted note" }, "The hypervolume is measured in a box from the ideal to 10 % beyond the nadir of the first step’s candidates; a front that leaves the box at the good side counts more than 1."),
  );
} else for (const id of ["by-evaluations", "by-energy"]) byId(id).append(noVolume());

// ---- Funnel, ledger, limits ----

const before = [
  ["proposed", counts.proposed],
  ["duplicates of earlier ones", counts.duplicate],
  ["not evaluated yet", counts.pending],
].filter(([, n], place) => n > 0 || place === 0);
byId("funnel").append(
  element("p", { class: "muted" }, before.map(([what, n]) => `${count(n)} ${what}`).join(" · ")),
  report.funnel.length ? funnelTable(report.funnel, report.reasons) : element("p", { class: "muted" }, "The stages of this campaign were not written down."),
);
byId("bill").append(
  ...[
    fact("Energy", `${joules(bill.joules)} (${report.basis})`),
    fact("CO₂e", `${grams(bill.grams_co2)} at ${brief(bill.grams_co2_per_kwh)} g/kWh`),
    fact("Time", `${seconds(bill.seconds)} wall, ${seconds(bill.cpu_seconds)} CPU in the stages`),
    fact("Each", [bill.joules_per_evaluated != null && `${joules(bill.joules_per_evaluated)} a candidate evaluated`, bill.joules_per_front_member != null && `${joules(bill.joules_per_front_member)} a candidate of the front`].filter(Boolean).join(", ") || "–"),
    ...(bill.reused ? [fact("Saved", `${seconds(bill.saved_cpu_seconds)} of CPU time, ${joules(bill.saved_joules)}: ${plural(bill.reused, "result was", "results were")} known already`)] : []),
  ].flat(),
);
byId("ledger").append(ledgerTable(bill));

const KNOWN = { exactly: "exactly", at_least: "at least", not: "not known", by_construction: "built in" };
const gainOf = ({ gain }) => (gain && isNumber(gain.hypervolume_with) && isNumber(gain.hypervolume_without) ? fixed(gain.hypervolume_without - gain.hypervolume_with, 4) : "–");
byId("limits").append(
  plainTable(
    ["Constraint", "Removed", "Front gains", "Hypervolume gains", "Known"].map((title, n) => ({ title, numeric: n > 0 && n < 4 })),
    report.constraints.constraints.map((cost) => [words(cost.constraint), cost.known === "by_construction" ? "–" : count(cost.removed), cost.gain ? count(cost.gain.new) : "–", gainOf(cost), KNOWN[cost.known] ?? cost.known]),
    "What the front would gain without each constraint",
  ),
  element("details", {}, element("summary", {}, "How this is known"), report.constraints.protocol.map((sentence) => element("p", { class: "muted" }, sentence))),
);

// ---- Novelty ----

const commonest = Math.max(1, ...verdicts.map(([, n]) => n));
byId("verdicts").append(
  ...verdicts.map(([name, n]) =>
    element(
      "li",
      {},
      element(
        "button",
        { type: "button", "data-filter": "verdict", "data-value": name, "aria-pressed": "false", title: verdictMeaning(name), onclick: () => toggle("verdict", name) },
        element("span", { class: "name" }, badge(name)),
        element("span", { class: "n" }, count(n), element("small", {}, ` ${percent(n, counts.evaluated)}`)),
        element("span", { class: "bar", "aria-hidden": "true" }, element("i", { style: `width:${(100 * n) / commonest}%;background:${verdictColour(name)}` })),
      ),
    ),
  ),
);
byId("verdicts-note").textContent = verdicts.length ? "Verdicts of the evaluated candidates; choose one to see only these. Each candidate names its nearest known structure." : "Nothing was compared with what is known.";

// ---- Hull ----

let hull = null;
if (report.hull) {
  byId("hull-panel").hidden = false;
  const systems = report.hull.systems;
  const diagram = new HullDiagram(byId("hull"), { choose: (row) => !row.phase && choose(row, true), describe });
  byId("system").append(...options(systems.map((system) => system.join("–")), 0));
  hull = {
    again: () => {
      const system = systems[byId("system").value];
      diagram.show(system, chosen);
      byId("hull-numbers").replaceChildren(diagram.table());
      byId("hull-key").replaceChildren(
        system.length === 2
          ? keyOf([{ name: "known phases, filled on the hull", colour: "var(--text)" }, ...verdicts.map(([name]) => ({ name: verdictLabel(name), colour: verdictColour(name) }))])
          : element("ul", { class: "key" }, element("li", {}, element("i", { style: "background:var(--text)", "aria-hidden": "true" }), "known stable phases"), element("li", {}, "candidates: 0.2 eV/atom above the hull ", element("i", { class: "ramp", "aria-hidden": "true", style: `background:linear-gradient(to right,${GRADIENT.map(([r, g, b]) => `rgb(${r} ${g} ${b})`).join(",")})` }), "on it or below")),
      );
      byId("hull-note").textContent = `Candidates are drawn with a ring, large on the front. Energies of formation in eV/atom; phases: ${report.hull.reference}.`;
    },
  };
  byId("system").addEventListener("change", hull.again);
}

// ---- Table ----

const picked = new Set();
const showPicked = () => {
  byId("picked").textContent = picked.size ? `${plural(picked.size, "candidate", "candidates")} selected` : "None selected; files of all shown:";
};
const pickBox = (row) => {
  const box = element("input", {
    type: "checkbox", checked: picked.has(row), "aria-label": `Select candidate ${row.number}`,
    onchange: () => { box.checked ? picked.add(row) : picked.delete(row); showPicked(); },
  });
  return box;
};
const mark = (row) => element("span", { class: `mark ${statusOf(row)}`, title: statusWords(row) }, SHORT[statusOf(row)] ?? row.status);
const columns = [
  { title: "No.", value: (row) => row.number, cell: (row) => element("span", { class: "id" }, count(row.number)) },
  { title: "Formula", value: (row) => row.formula, cell: (row) => element("span", { class: "formula" }, formulaNodes(row.formula)) },
  { title: capital(report.shape), value: (row) => row.shape, cell: (row) => (row.shape ? element("span", {}, shapeNodes(row.shape)) : "–") },
  { title: "Became", value: (row) => Object.keys(STATUSES).indexOf(statusOf(row)), cell: (row) => (row.removed ? element("span", {}, mark(row), " ", element("small", {}, row.reason ?? "")) : mark(row)) },
  ...axes.map((axis, n) => ({
    title: axis.short, numeric: true, hint: [axis.unit, goalWords(objectives[n])].filter(Boolean).join(", "), value: axis.value,
    cell: (row) => (isNumber(axis.value(row)) ? element("span", {}, row.measured?.[axis.name] ? "measured " : "", brief(axis.value(row))) : "–"),
  })),
  { title: "Novelty", value: (row) => row.verdict && verdicts.findIndex(([name]) => name === row.verdict), cell: (row) => (row.verdict ? badge(row.verdict) : "–") },
  { title: "Nearest known", value: (row) => row.nearest, cell: (row) => (row.nearest == null ? "–" : element("span", {}, element("span", { class: "id" }, row.nearest), " ", report.known[row.nearest] ? element("span", { class: "muted" }, formulaNodes(report.known[row.nearest][0])) : "")) },
  { title: "Origin", hint: "Operator, generator and step", value: originOf, cell: (row) => element("span", {}, row.operator, " ", element("small", {}, `${row.generator}, ${row.step}`)) },
  { title: "Select", class: "pick", value: (row) => (picked.has(row) ? 0 : 1), cell: (row) => (row.removed ? "–" : pickBox(row)) },
];
const changed = ({ shown, page, size }) => {
  const first = page * size;
  byId("shown").textContent = shown.length === rows.length ? plural(rows.length, "candidate", "candidates") : `${count(shown.length)} of ${plural(rows.length, "candidate", "candidates")}`;
  byId("range").textContent = shown.length ? `${count(first + 1)}–${count(Math.min(shown.length, first + size))}` : "0";
  byId("previous").disabled = page === 0;
  byId("next").disabled = page + 1 >= table.pages();
};
const table = new Table({ rows, columns, detail: (row) => candidateView(row, jump), head: byId("head"), body: byId("rows"), changed: (shown) => changed(shown) });
// A phone shows cards: fewer of them.
table.size = innerWidth < 700 ? 10 : 25;
byId("size").value = String(table.size);
// The front first, by the first objective.
const byFront = { value: (row) => (row.front ? 0 : 1e6) + (row.removed ? 2e6 : 0) };
table.sorting = { column: byFront, direction: 1 };

const notShown = [
  report.candidates.unlisted > 0 && `${plural(report.candidates.unlisted, "rejected candidate is", "rejected candidates are")} counted, not listed.`,
  report.candidates.without_view > 0 && `${plural(report.candidates.without_view, "candidate has", "candidates have")} no structure here: with all of them the page would be too large.`,
].filter(Boolean);
byId("left-out").textContent = notShown.join(" ");

const option = (value, text) => element("option", { value }, text);
byId("status").append(option("", "Whatever became of them"), option("evaluated", "Evaluated"), option("limits", "Within all limits, front too"), ...Object.entries(STATUSES).filter(([name]) => rows.some((row) => statusOf(row) === name)).map(([name, text]) => option(name, capital(text))));
byId("verdict").append(option("", "Any novelty"), ...verdicts.map(([name]) => option(name, verdictLabel(name))));
const origins = [...new Set(rows.map(originOf))].sort();
byId("origin").append(option("", "Any origin"), ...origins.map((name) => option(name, name)));
for (const name of ["status", "verdict", "origin"]) {
  byId(name).addEventListener("change", (event) => {
    filters[name] = event.target.value;
    applyFilters();
  });
}
byId("verdict").hidden = !verdicts.length;
byId("text").addEventListener("input", (event) => {
  filters.text = event.target.value.trim().toLowerCase();
  applyFilters();
});
byId("elements").addEventListener("input", (event) => {
  filters.elements = event.target.value.match(/[A-Za-z]+/g)?.map((word) => word[0].toUpperCase() + word.slice(1).toLowerCase()) ?? [];
  applyFilters();
});
byId("reset").addEventListener("click", () => {
  Object.assign(filters, { text: "", elements: [], status: "", verdict: "", origin: "" });
  for (const name of Object.keys(filters.ranges)) delete filters.ranges[name];
  byId("text").value = "";
  byId("elements").value = "";
  applyFilters();
});
byId("previous").addEventListener("click", () => table.turn(table.page - 1));
byId("next").addEventListener("click", () => table.turn(table.page + 1));
byId("size").addEventListener("change", (event) => {
  table.size = Number(event.target.value);
  table.turn(0);
});
byId("sorting").append(option("", "Front first"), ...columns.slice(0, -1).flatMap(({ title }, n) => [option(`${n} 1`, `${title} ↑`), option(`${n} -1`, `${title} ↓`)]));
byId("sorting").addEventListener("change", (event) => {
  const [n, direction] = event.target.value.split(" ").map(Number);
  table.sort(event.target.value ? columns[n] : byFront, event.target.value ? direction : 1);
});

const wanted = () => (picked.size ? rows.filter((row) => picked.has(row)) : table.shown);
byId("pick-shown").addEventListener("click", () => {
  for (const row of table.shown) if (!row.removed) picked.add(row);
  table.render();
  showPicked();
});
byId("pick-none").addEventListener("click", () => {
  picked.clear();
  table.render();
  showPicked();
});
byId("downloads").append(
  ...FORMATS.filter((format) => format.ending !== "vasp").map((format) => element("button", { type: "button", class: "file", "data-format": format.ending, onclick: () => downloadAll(wanted(), format) }, format.label)),
  element("button", { type: "button", class: "file", "data-format": "csv", onclick: () => download(`${report.name.replace(/[^\w-]+/g, "-")}.csv`, csvOf(wanted())) }, "CSV"),
);
showPicked();

// ---- What was run ----

byId("identity").append(
  ...[
    fact("Campaign", report.name),
    fact("Seed", String(report.seed)),
    fact("Designs", kinds[report.domain] ?? report.domain),
    fact("Budget", `${plural(report.budget, "candidate", "candidates")}; ${state}`),
    fact("Objectives", objectives.map((objective) => `${words(objective.name)} (${[unitOf(objective), goalWords(objective)].filter(Boolean).join(", ")})`).join("; ")),
    fact("Limits", report.limits.map(({ name, min, max }) => `${words(name)} ${[isNumber(min) && `at least ${brief(min)}`, isNumber(max) && `at most ${brief(max)}`].filter(Boolean).join(" and ")}`).join("; ") || "none"),
    fact("Campaign SHA-256", element("code", {}, report.hash)),
    fact("Page written by", `druse ${report.druse}`),
  ].flat(),
);
byId("protocol").append(...report.protocol.map((text) => element("li", {}, text)));
if (report.file) {
  byId("file").hidden = false;
  byId("file").querySelector("pre").textContent = report.file;
}

// ---- Paper and colours ----

/** More rows than this are not laid out for paper. */
const MOST_PRINTED = 1000;
const redraw = () => {
  drawScatter();
  parallel?.draw();
  hull?.again();
  for (const canvas of document.querySelectorAll("canvas")) canvas.view?.draw();
};
window.addEventListener("beforeprint", () => {
  document.documentElement.classList.add("on-paper");
  if (table.shown.length <= MOST_PRINTED) table.render(true);
  redraw();
});
window.addEventListener("afterprint", () => {
  document.documentElement.classList.remove("on-paper");
  table.render();
  redraw();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

for (const row of rows) row.kept = true;
table.update();
/** The candidate of the front that gives up least: the smallest sum of costs, scaled from best to worst. */
const compromise = () => {
  const costs = objectives.map(({ goal }, n) => frontRows.map((row) => (isNumber(row.values[n]) ? costOf(goal)(row.values[n]) : Infinity)));
  const sums = frontRows.map((_, place) =>
    costs.reduce((sum, list) => {
      const [low, high] = extentOf(list);
      return sum + (list[place] - low) / (high - low);
    }, 0),
  );
  return frontRows[sums.indexOf(Math.min(...sums))];
};
const first = compromise() ?? evaluated[0] ?? rows[0];
if (first) choose(first);
else byId("chosen").append(element("p", { class: "muted" }, "No candidate yet."));
