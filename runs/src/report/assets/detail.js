// What an opened row shows: both structures in 3D and the evidence for the verdict.

const fact = (name, ...value) => [element("dt", {}, name), element("dd", {}, ...value)];

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

const figure = (title, id, formula, content) =>
  element(
    "figure",
    {},
    element("figcaption", {}, element("b", {}, title), " ", element("span", { class: "id" }, id ?? ""), " ", element("span", { class: "muted" }, formulaNodes(formula))),
    content,
  );

const noView = (text) => element("div", { class: "no-view" }, element("p", {}, text));

const legend = (structures) => {
  const symbols = [...new Set(structures.flatMap((each) => each.species.flatMap((site) => occupants(site).map(([symbol]) => symbol))))];
  return element(
    "ul",
    { class: "legend", "aria-label": "Elements" },
    symbols.map((symbol) =>
      element("li", {}, element("i", { style: `background:${cssColour(elementColour(symbol))}`, "aria-hidden": "true" }), symbol),
    ),
  );
};

/**
 * A switch that draws both structures in one cell: a compact one of the candidate's lattice. Off: each
 * in its own cell.
 */
const alignment = ([first, second], row, radii) => {
  const given = [first.drawing, second.drawing];
  const best = bestTurn(...given);
  if (!best) return null;
  const cell = { lattice: compactCell(given[0].lattice), origin: [0, 0, 0] };
  const own = cell.lattice.flat().every((x, n) => Math.abs(x - given[0].lattice.flat()[n]) < 1e-9);
  const compact = own ? given[0] : drawingOf(row.structure, radii, cell);
  const aligned = drawingOf(row.nearest_structure, radii, cellInto(compact, given[1], best));
  if (!compact.atoms.length || !aligned.atoms.length) return null;
  const box = element("input", { type: "checkbox", checked: true, onchange: () => lay(box.checked) });
  const lay = (on) => {
    [first.drawing, second.drawing] = on ? [compact, aligned] : given;
    first.borrowed = on && !own;
    second.borrowed = on;
    second.setting = on ? best.turn : IDENTITY;
    first.orientation.redraw();
  };
  lay(true);
  return box;
};

/** Both structures, turning together. */
const viewsOf = (row, radii) => {
  const orientation = new Orientation();
  const place = (structure, name, missing) => {
    if (!structure) return noView(missing);
    const label = `${name}, ${plural(structure.species.length, "site", "sites")}, in 3D. Drag or use the arrow keys to turn, plus and minus to zoom, 0 to reset.`;
    const canvas = element("canvas", { tabindex: 0, role: "img", "aria-label": label });
    canvas.view = new View(canvas, drawingOf(structure, radii), orientation);
    return canvas;
  };
  const missing =
    row.nearest_id == null
      ? "No known structure is near."
      : row.evidence?.exact
        ? "The coordinates of this structure are not in the page."
        : "The reference holds invariants of this structure only, no coordinates.";
  const own = place(row.structure, "Candidate", "The coordinates of this structure are not in the page.");
  const known = place(row.nearest_structure, "Nearest known structure", missing);
  const structures = [row.structure, row.nearest_structure].filter(Boolean);
  const align = structures.length === 2 && alignment(orientation.views, row, radii);
  const button = (text, title, act) => element("button", { type: "button", title, "aria-label": title, onclick: act }, text);
  const labels = element("input", { type: "checkbox", onchange: () => { orientation.labels = labels.checked; orientation.redraw(); } });
  const tools = element(
    "div",
    { class: "tools" },
    ["a", "b", "c"].map((name, n) => button(name, `Look along ${name}`, () => orientation.along(n))),
    button("−", "Zoom out", () => orientation.scale(1 / 1.25)),
    button("+", "Zoom in", () => orientation.scale(1.25)),
    button("Reset", "Reset the view", () => orientation.reset()),
    element("label", {}, labels, " Symbols"),
    align && element("label", { title: "Turns the nearest known structure to lie as the candidate and draws both in a compact cell of the candidate; dashed where that is not the cell of the file" }, align, " In the same cell"),
  );
  const resized = new ResizeObserver(() => orientation.redraw());
  for (const view of orientation.views) resized.observe(view.canvas);
  return element(
    "div",
    { class: "views" },
    element(
      "div",
      { class: "pair" },
      figure("Candidate", row.id, row.formula, own),
      figure("Nearest known", row.nearest_id, row.nearest_formula, known),
    ),
    structures.length > 0 && element("div", { class: "under" }, legend(structures), tools),
  );
};

/** `others`: buttons for the rows of the same uniqueness group. */
const detailOf = (row, radii, others) => {
  if (row.error) return element("div", { class: "opened" }, element("p", { class: "error" }, row.error));
  const evidence = row.evidence ?? {};
  return element(
    "div",
    { class: "opened" },
    viewsOf(row, radii),
    element(
      "div",
      { class: "evidence" },
      evidence.words && element("p", { class: "words" }, evidence.words),
      evidenceList(row, others),
      evidence.family && sublatticeTable(evidence.family),
    ),
  );
};
