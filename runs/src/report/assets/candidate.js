// All that is known of one candidate: its views, values, novelty, lineage and files.

const PROPERTY_WORDS = { converged: "relaxed to the end" };
const propertyWords = (name) => PROPERTY_WORDS[name] ?? words(name);
const propertyValue = (name, value) => (name === "converged" ? (value === 1 ? "yes" : "no") : brief(value));

const unitOf = (objective) => (objective.unit === "1" ? "" : objective.unit);
const goalWords = ({ goal }) => (goal === "minimise" ? "low is good" : goal === "maximise" ? "high is good" : `${brief(goal.target)} is good`);

/** How many of the candidates within all limits are better, by one objective. */
const rankOf = (row, n) => {
  const cost = costOf(objectives[n].goal);
  const own = row.values[n];
  if (!isNumber(own)) return null;
  let better = 0;
  let all = 0;
  for (const other of evaluated) {
    if (other.violation !== 0 || !isNumber(other.values[n])) continue;
    all += 1;
    if (cost(other.values[n]) < cost(own)) better += 1;
  }
  return { better, all };
};

const objectivesTable = (row) =>
  plainTable(
    ["Objective", "Value", "Better ones"].map((title, n) => ({ title, numeric: n > 0 })),
    objectives.map((objective, n) => {
      const rank = row.violation === 0 && rankOf(row, n);
      const measured = row.measured?.[objective.name];
      return [
        [element("span", {}, words(objective.name)), element("small", { class: "why" }, `${[unitOf(objective), goalWords(objective)].filter(Boolean).join(", ")}`)],
        [brief(row.values[n]), measured && element("small", { class: "why" }, `measured; ${isNumber(measured.predicted) ? `predicted ${brief(measured.predicted)}; ` : ""}${measured.source}`)],
        rank ? `${count(rank.better)} of ${count(rank.all)}` : "–",
      ];
    }),
    "Objectives of the candidate",
  );

const nearestFacts = (row) => {
  if (!row.verdict) return [];
  const known = report.known[row.nearest];
  const facts = [fact("Novelty", badge(row.verdict), " ", element("span", { class: "muted" }, verdictMeaning(row.verdict)))];
  if (row.nearest != null)
    facts.push(
      fact(
        "Nearest known",
        element("span", { class: "id" }, row.nearest),
        known && [" ", formulaNodes(known[0]), element("span", { class: "muted" }, ` · ${known[1]}`)].flat(),
        isNumber(row.distance) && element("span", { class: "muted" }, ` · distance ${fixed(row.distance, 3)}`),
      ),
    );
  if (row.matcher) facts.push(fact("Matcher", element("span", { class: "muted" }, row.matcher)));
  return facts;
};

/** What an energy above the hull rests on. */
const hullFacts = (row) => {
  const [known, fall] = ["known_compositions", "hull_sensitivity"].map((name) => propertyOf(row, name));
  if (!isNumber(known) || !isNumber(fall)) return [];
  const loss = fall > 0 ? `; ${fixed(fall, 3)} eV/atom lower above it without the one that counts most` : "";
  return [fact("Hull rests on", `${plural(known, "known composition", "known compositions")}${loss}`)];
};

const structureFacts = (row, structure) => {
  if (!structure) return [];
  if (structure.kind === "complex")
    return [
      fact("Geometry", row.shape ?? "–"),
      fact("Charge", `${structure.charge > 0 ? "+" : ""}${structure.charge}, multiplicity ${structure.multiplicity}`),
      fact("Complex", element("code", {}, structure.text)),
    ];
  const [a, b, c, alpha, beta, gamma] = structure.cell.map((x, n) => fixed(x, n < 3 ? 3 : 2));
  return [
    fact("Space group", ...(row.shape ? [...shapeNodes(row.shape), ` (${structure.group})`] : ["none found; written in P1"])),
    fact("Cell", `${a} × ${b} × ${c} Å, ${alpha}° ${beta}° ${gamma}°`),
    fact(
      "Sites",
      structure.sites
        .slice(0, 12)
        .map(({ species, letter, multiplicity }) => `${occupants(species).map(([symbol]) => symbol).join("/")} ${multiplicity}${letter}`)
        .join(", ") + (structure.sites.length > 12 ? " …" : ""),
    ),
  ];
};

const filesOf = (row, structure) =>
  element(
    "p",
    { class: "files no-print" },
    structure &&
      FORMATS.map((format) => element("button", { type: "button", class: "file", "data-format": format.ending, onclick: () => downloadAll([row], format) }, format.label)),
  );

/** `jump(row)` makes the button that leads to another candidate. */
const candidateView = (row, jump) => {
  const head = element(
    "p",
    { class: "who" },
    element("b", { class: "formula" }, formulaNodes(row.formula)),
    " ",
    element("span", { class: "muted" }, `candidate ${count(row.number)} · ${statusWords(row)}`),
  );
  if (row.removed)
    return element(
      "div",
      { class: "candidate" },
      element("div", {}, head, element("p", { class: "error" }, `${capital(row.status)}${row.stage ? ` at ${row.stage}` : ""}: ${row.reason ?? "no reason was written down"}`), lineageOf(row, jump)),
    );
  const structure = structureOf(row);
  const known = report.known[row.nearest]?.[2];
  const own = { title: "Candidate", id: "", formula: row.formula, structure, missing: row.structureLeftOut ? "Left out: with all structures the page would be too large. “druse show DIR --candidate N” has it." : "This candidate has no positions." };
  const other = known ? { title: "Nearest known", id: row.nearest, formula: report.known[row.nearest][0], structure: readCrystal(known, {}), missing: "" } : null;
  const properties = propertyNames.filter((name) => isNumber(propertyOf(row, name)));
  return element(
    "div",
    { class: "candidate" },
    element("div", {}, head, viewsOf(own, other, report.candidates.elements), filesOf(row, structure)),
    element(
      "div",
      { class: "facts-of" },
      objectivesTable(row),
      row.limitsBroken.length > 0 && element("p", { class: "error" }, `Outside of ${row.limitsBroken.join(", ")}`),
      row.byChance && element("p", { class: "muted" }, `Passed ${row.byChance.join(", ")} by chance, to find out what these cost.`),
      element(
        "dl",
        { class: "facts" },
        [...nearestFacts(row), ...hullFacts(row), ...structureFacts(row, structure), ...(isNumber(row.cpu) ? [fact("CPU time", seconds(row.cpu))] : [])].flat(),
      ),
      properties.length > 0 &&
        element(
          "details",
          {},
          element("summary", {}, `${plural(properties.length, "property", "properties")}`),
          element("dl", { class: "facts" }, properties.flatMap((name) => fact(propertyWords(name), propertyValue(name, propertyOf(row, name))))),
        ),
      element("h3", {}, "Lineage"),
      lineageOf(row, jump),
    ),
  );
};
