// Where a candidate comes from: its parents, theirs, and what became of its own children.

/** Generations of ancestors that are shown. */
const GENERATIONS = 5;
/** Children that are named. */
const MOST_CHILDREN = 16;

/** Candidates by number, and the children of each. */
const byNumber = new Map();
const childrenOf = new Map();
const readLineages = (rows) => {
  for (const row of rows) byNumber.set(row.number, row);
  for (const row of rows)
    for (const parent of row.parents) {
      if (!childrenOf.has(parent)) childrenOf.set(parent, []);
      childrenOf.get(parent).push(row);
    }
};

const originWords = (row) => `${row.operator} by ${row.generator}, step ${row.step}`;

/** A list in a list for each generation; one that was told already is named only. */
const ancestorsOf = (row, jump, depth, told) =>
  element(
    "ul",
    {},
    row.parents.map((number) => {
      const parent = byNumber.get(number);
      if (!parent) return element("li", {}, `${number} `, element("span", { class: "muted" }, "not in this page"));
      const known = told.has(number);
      told.add(number);
      const deeper = !known && parent.parents.length > 0;
      return element(
        "li",
        {},
        jump(parent),
        element("span", { class: "muted" }, known ? "see above" : originWords(parent)),
        deeper && (depth > 1 ? ancestorsOf(parent, jump, depth - 1, told) : element("span", { class: "muted" }, " …")),
      );
    }),
  );

/** `jump(row)` makes the button that leads to a candidate. */
const lineageOf = (row, jump) => {
  const children = childrenOf.get(row.number) ?? [];
  const best = [...children].sort((a, b) => Number(b.front ?? 0) - Number(a.front ?? 0) || a.number - b.number);
  return element(
    "div",
    { class: "lineage" },
    element("p", {}, capital(originWords(row)), row.note && element("span", { class: "muted" }, ` · ${row.note}`)),
    row.parents.length > 0 && element("p", { class: "muted" }, row.parents.length === 1 ? "Parent" : "Parents"),
    row.parents.length > 0 && ancestorsOf(row, jump, GENERATIONS, new Set([row.number])),
    children.length > 0 &&
      element(
        "p",
        {},
        element("span", { class: "muted" }, `${plural(children.length, "child", "children")}: `),
        best.slice(0, MOST_CHILDREN).map(jump),
        best.length > MOST_CHILDREN && `and ${count(best.length - MOST_CHILDREN)} more`,
      ),
  );
};
