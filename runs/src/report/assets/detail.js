// What an opened row shows: both structures in 3D and the evidence for the verdict.

const percentChange = (ratio) => (typeof ratio === "number" ? `${((ratio - 1) * 100).toFixed(1)} %` : "–");

/** Shares of the elements on each sublattice, in both crystals. */
const sublatticeTable = (family) => {
  const shares = (elements, values) =>
    elements.map((symbol, n) => `${symbol} ${fixed(values[n], 3)}`).join(", ");
  return element(
    "table",
    { class: "small" },
    element("caption", {}, "Who sits on which sublattice"),
    element("thead", {}, element("tr", {}, ["Sites", "Candidate", "Nearest known"].map((title) => element("th", { scope: "col" }, title)))),
    element(
      "tbody",
      {},
      family.sublattices.map((each) =>
        element(
          "tr",
          {},
          element("td", { class: "number" }, String(each.sites)),
          element("td", {}, shares(each.elements, each.first)),
          element("td", {}, shares(each.elements, each.second)),
        ),
      ),
    ),
  );
};

const mappingFacts = (mapping) => {
  const rows = mapping.lattice.map((row) => `(${row.join(" ")})`).join(" ");
  const furthest = mapping.distances.length ? Math.max(...mapping.distances) : null;
  return [
    fact("Cell mapping", element("code", {}, rows), ` in vectors of the ${mapping.of_first ? "candidate’s" : "known structure’s"} reduced cell`),
    fact("Site mapping", `${plural(mapping.sites.length, "pair", "pairs")} of sites, furthest apart ${fixed(furthest, 4)}`),
  ];
};

/** The list of facts beside the views. */
const evidenceList = (row, others) => {
  const evidence = row.evidence ?? {};
  const facts = [
    fact("Verdict", badge(verdictOf(row)), " ", element("span", { class: "muted" }, verdictMeaning(verdictOf(row)))),
    fact("Found", foundLabel(row.found_in)),
  ];
  if (row.nearest_id != null) {
    facts.push(fact("Nearest known", element("span", { class: "id" }, row.nearest_id), ` · ${row.nearest_set ?? ""}`));
    facts.push(fact(evidence.exact ? "Distance (PDD)" : "Distance (invariants)", fixed(row.distance, 4), element("span", { class: "muted" }, " in ∛(V/N)")));
    if (row.rms != null) facts.push(fact("Sites apart", `rms ${fixed(row.rms, 4)}, largest ${fixed(row.max_dist, 4)}`, element("span", { class: "muted" }, " in ∛(V/N)")));
    if (row.volume_ratio != null) facts.push(fact("Volume per site", `${percentChange(row.volume_ratio)} (nearest against candidate)`));
    if (row.strain != null) facts.push(fact("Strain", `${(row.strain * 100).toFixed(2)} %`));
  }
  if (evidence.elements?.length)
    facts.push(fact("Elements", evidence.elements.map(([from, to]) => `${from} → ${to}`).join(", ")));
  if (evidence.mapping) facts.push(...mappingFacts(evidence.mapping));
  if (evidence.mirror_image_only) facts.push(fact("Handedness", "mirror image only: no rotation makes them coincide"));
  if (evidence.family) {
    const mixing = evidence.family.mixing.map((set) => set.join(", ")).join("; ");
    facts.push(fact("Mixing", `${mixing}; largest difference of a share ${fixed(evidence.family.ratio_gap, 3)}`));
  }
  facts.push(fact("Matcher", row.matcher || "–"));
  facts.push(fact("Basis", evidence.exact ? "compared with full coordinates" : "invariants only: the verdict is not exact"));
  if (others.length) facts.push(fact("Same as", others));
  return element("dl", { class: "facts" }, facts.flat());
};

/** What the views show of a row: the structure and its nearest known one. */
const pairOf = (row) => [
  { title: "Candidate", id: row.id, formula: row.formula, structure: row.structure, missing: "The coordinates of this structure are not in the page." },
  {
    title: "Nearest known",
    id: row.nearest_id,
    formula: row.nearest_formula,
    structure: row.nearest_structure,
    missing:
      row.nearest_id == null
        ? "No known structure is near."
        : row.evidence?.exact
          ? "The coordinates of this structure are not in the page."
          : "The reference holds invariants of this structure only, no coordinates.",
  },
];

/** `others`: buttons for the rows of the same uniqueness group. */
const detailOf = (row, radii, others) => {
  if (row.error) return element("div", { class: "opened" }, element("p", { class: "error" }, row.error));
  const evidence = row.evidence ?? {};
  return element(
    "div",
    { class: "opened" },
    viewsOf(...pairOf(row), radii),
    element(
      "div",
      { class: "evidence" },
      evidence.words && element("p", { class: "words" }, evidence.words),
      evidenceList(row, others),
      evidence.family && sublatticeTable(evidence.family),
    ),
  );
};
