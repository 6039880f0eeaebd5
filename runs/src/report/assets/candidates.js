// The candidates of the page, made of its columns; what they are called and what is good.

const { objectives } = report;
const columnsOf = report.candidates.evaluated;
const removedOf = report.candidates.removed;
const onFront = new Set(report.front);
/** Properties that are no objectives at the same time. */
const propertyNames = Object.keys(columnsOf.properties).filter((name) => !objectives.some((objective) => objective.name === name));

/** A number to minimise, from a value. */
const costOf = (goal) => (goal === "minimise" ? (x) => x : goal === "maximise" ? (x) => -x : (x) => Math.abs(x - goal.target));

const namesOf = (list) => (place) => (place === null || place === undefined ? null : list[place]);
const generatorOf = namesOf(report.candidates.generators);
const operatorOf = namesOf(report.candidates.operators);

/** Limits that a candidate is outside of, in words. */
const brokenBy = (value) =>
  report.limits
    .map(({ name, min, max }) => {
      const found = value(name);
      if (!isNumber(found)) return null;
      if (isNumber(min) && found < min) return `${words(name)} ${brief(found)}, at least ${brief(min)}`;
      if (isNumber(max) && found > max) return `${words(name)} ${brief(found)}, at most ${brief(max)}`;
      return null;
    })
    .filter(Boolean);

const propertyOf = (row, name) => (row.place === undefined ? undefined : (columnsOf.properties[name]?.[row.place] ?? columnsOf.objectives[name]?.[row.place]));

const evaluated = (columnsOf.number ?? []).map((number, place) => {
  const row = {
    place,
    number,
    status: "evaluated",
    front: onFront.has(number),
    kept: true,
    step: columnsOf.step[place],
    formula: columnsOf.formula[place],
    shape: columnsOf.shape[place],
    violation: columnsOf.violation[place],
    generator: generatorOf(columnsOf.generator[place]),
    operator: operatorOf(columnsOf.operator[place]),
    parents: columnsOf.parents[place],
    cpu: columnsOf.cpu[place],
    structureText: columnsOf.structure[place],
    verdict: namesOf(report.candidates.verdicts)(columnsOf.verdict[place]),
    nearest: columnsOf.nearest[place],
    distance: columnsOf.distance[place],
    matcher: namesOf(report.candidates.matchers)(columnsOf.matcher[place]),
    values: objectives.map(({ name }) => columnsOf.objectives[name][place]),
    note: report.candidates.notes[number],
    byChance: report.candidates.by_chance[number],
    measured: report.candidates.measured[number],
  };
  row.structureLeftOut = !row.structureText && report.candidates.without_view > 0;
  return row;
});
for (const row of evaluated) row.limitsBroken = row.violation === 0 ? [] : brokenBy((name) => propertyOf(row, name));

const removed = (removedOf.number ?? []).map((number, place) => ({
  number,
  removed: true,
  kept: true,
  values: [],
  limitsBroken: [],
  status: removedOf.status[place],
  step: removedOf.step[place],
  formula: removedOf.formula[place],
  stage: namesOf(report.candidates.stages)(removedOf.stage[place]),
  reason: removedOf.reason[place],
  generator: generatorOf(removedOf.generator[place]),
  operator: operatorOf(removedOf.operator[place]),
  parents: removedOf.parents[place],
}));

const rows = [...evaluated, ...removed];
rows.forEach((row, index) => (row.index = index));

/** What became of a candidate: the values of the filter of that name. */
const STATUSES = { front: "on the front", within: "within all limits", outside: "outside of a limit", rejected: "rejected", failed: "failed" };
const statusOf = (row) => (row.removed ? row.status : row.front ? "front" : row.violation === 0 ? "within" : "outside");
/** The same in a table. */
const SHORT = { front: "front", within: "within limits", outside: "outside", rejected: "rejected", failed: "failed" };
const statusWords = (row) => STATUSES[statusOf(row)] ?? words(row.status);
