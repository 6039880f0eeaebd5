// Tables with a bar in each row: funnel and ledger.

/** A bar of parts `{ share, colour, title }`; shares of the whole width. */
const barOf = (parts) =>
  element(
    "span",
    { class: "bar", "aria-hidden": "true" },
    parts.filter(({ share }) => share > 0).map(({ share, colour, title }) => element("i", { style: `width:${(100 * share).toFixed(2)}%;background:${colour}`, title })),
  );

/** `heads`: `{ title, numeric }`; `rows`: lists of cells, the first of which names the row. */
const plainTable = (heads, rows, caption) =>
  element(
    "table",
    { class: "plain" },
    caption && element("caption", { class: "unseen" }, caption),
    element("thead", {}, element("tr", {}, heads.map(({ title, numeric }) => element("th", { scope: "col", class: numeric && "number" }, title)))),
    element(
      "tbody",
      {},
      rows.map((cells) =>
        element("tr", {}, cells.map((cell, n) => (n === 0 ? element("th", { scope: "row" }, cell) : element("td", { class: heads[n].numeric && "number" }, cell)))),
      ),
    ),
  );

const seconds = (s) => (s < 100 ? `${s.toFixed(1)} s` : s < 6000 ? `${(s / 60).toFixed(1)} min` : `${(s / 3600).toFixed(1)} h`);
const joules = (j) => (j < 3600 ? `${brief(j)} J` : j < 3.6e6 ? `${brief(j / 3600)} Wh` : `${brief(j / 3.6e6)} kWh`);
/** The unit in which some kWh read well, and what it takes to get there. */
const energyUnit = (kwh) => (Math.max(0, ...kwh) < 0.5 ? ["Wh", 1000] : ["kWh", 1]);
const grams = (g) => (g < 0.1 ? `${brief(g * 1000)} mg` : g < 1000 ? `${brief(g)} g` : `${brief(g / 1000)} kg`);

/** How many candidates came to each stage and what was against the others. */
const funnelTable = (funnel, reasons) => {
  const shown = funnel.filter((stage) => stage.kind !== "objective" || stage.rejected + stage.failed > 0);
  const most = Math.max(1, ...shown.map((stage) => stage.entered));
  const why = (stage) =>
    Object.entries(reasons[stage] ?? {})
      .sort((a, b) => b[1] - a[1])
      .map(([reason, n]) => `${reason} ${count(n)}`)
      .join(", ");
  const rows = shown.map((line) => {
    const parts = [
      { share: line.survivors / most, colour: "var(--accent)", title: `${count(line.survivors)} went on` },
      { share: line.rejected / most, colour: "var(--rejected)", title: `${count(line.rejected)} rejected` },
      { share: line.failed / most, colour: "var(--failed)", title: `${count(line.failed)} failed` },
    ];
    const chance = line.chance && `${count(line.chance.passed)} more passed by chance; ${count(line.chance.within_limits.count)} of these are within all limits`;
    const notes = [why(line.stage), chance].filter(Boolean);
    return [[element("span", {}, line.stage), notes.map((note) => element("small", { class: "why" }, note)), barOf(parts)], count(line.entered), count(line.rejected), count(line.failed), count(line.survivors)];
  });
  const heads = ["Stage", "Came", "Rejected", "Failed", "Went on"].map((title, n) => ({ title, numeric: n > 0 }));
  return plainTable(heads, rows, "Candidates by stage of the funnel");
};

/** Time and energy by stage. */
const ledgerTable = (bill) => {
  const most = Math.max(1e-12, bill.engine_joules, ...bill.stages.map((line) => line.joules));
  const bar = (j) => barOf([{ share: j / most, colour: "var(--accent)", title: joules(j) }]);
  const rows = bill.stages.map((line) => [
    [element("span", {}, line.stage), bar(line.joules)],
    count(line.runs),
    line.cpu_seconds < 0.05 ? "< 0.1 s" : seconds(line.cpu_seconds),
    joules(line.joules),
    line.reused ? count(line.reused) : "–",
  ]);
  rows.push([[element("span", {}, "the engine itself"), bar(bill.engine_joules)], "–", "–", joules(bill.engine_joules), "–"]);
  const heads = ["Stage", "Runs", "CPU time", "Energy", "Known"].map((title, n) => ({ title, numeric: n > 0 }));
  return plainTable(heads, rows, "Time and energy by stage");
};
