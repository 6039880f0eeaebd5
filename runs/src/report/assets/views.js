// Views of structures in 3D with their tools: one, or two that turn together.

const fact = (name, ...value) => [element("dt", {}, name), element("dd", {}, ...value)];

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
const alignment = ([first, second], [structure, known], radii) => {
  const given = [first.drawing, second.drawing];
  const best = bestTurn(...given);
  if (!best) return null;
  const cell = { lattice: compactCell(given[0].lattice), origin: [0, 0, 0] };
  const own = cell.lattice.flat().every((x, n) => Math.abs(x - given[0].lattice.flat()[n]) < 1e-9);
  const compact = own ? given[0] : drawingOf(structure, radii, cell);
  const aligned = drawingOf(known, radii, cellInto(compact, given[1], best));
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

/** What is drawn of a structure. */
const drawingFor = (structure, radii) => (structure.positions ? moleculeDrawing(structure, radii) : drawingOf(structure, radii));

/**
 * A structure, and beside it the one that it is compared with, turning together. Each is
 * `{ title, id, formula, structure, missing }`; `missing` says why there is no structure.
 */
const viewsOf = (own, known, radii) => {
  const orientation = new Orientation();
  const place = ({ title, structure, missing }) => {
    if (!structure) return noView(missing);
    const size = plural(structure.species.length, structure.positions ? "atom" : "site", structure.positions ? "atoms" : "sites");
    const label = `${title}, ${size}, in 3D. Drag or use the arrow keys to turn, plus and minus to zoom, 0 to reset.`;
    const canvas = element("canvas", { tabindex: 0, role: "img", "aria-label": label });
    canvas.view = new View(canvas, drawingFor(structure, radii), orientation);
    return canvas;
  };
  const shown = [own, known].filter(Boolean);
  const figures = shown.map((each) => figure(each.title, each.id, each.formula, place(each)));
  const structures = shown.map((each) => each.structure).filter(Boolean);
  const align = structures.length === 2 && alignment(orientation.views, structures, radii);
  const button = (text, title, act) => element("button", { type: "button", title, "aria-label": title, onclick: act }, text);
  const labels = element("input", { type: "checkbox", onchange: () => { orientation.labels = labels.checked; orientation.redraw(); } });
  const cell = structures.length > 0 && !structures[0].positions;
  const tools = element(
    "div",
    { class: "tools" },
    cell && ["a", "b", "c"].map((name, n) => button(name, `Look along ${name}`, () => orientation.along(n))),
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
    element("div", { class: shown.length > 1 ? "pair" : "single" }, figures),
    structures.length > 0 && element("div", { class: "under" }, legend(structures), tools),
  );
};
