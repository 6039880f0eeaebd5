// Puts the page of several campaigns together from the data in it.

const { campaigns, objectives } = report;
campaigns.forEach((campaign, n) => (campaign.colour = seriesColour(n)));
const unitOf = (objective) => (objective.unit === "1" ? "" : objective.unit);
const goalWords = ({ goal }) => (goal === "minimise" ? "low is good" : goal === "maximise" ? "high is good" : `${brief(goal.target)} is good`);
const names = campaigns.map((campaign) => campaign.name);

document.title = `${names.join(" and ")} · druse`;
byId("title").textContent = names.join(", ");
byId("summary").textContent = `Objectives: ${objectives.map((objective) => `${words(objective.name)} (${[unitOf(objective), goalWords(objective)].filter(Boolean).join(", ")})`).join("; ")}`;

/** Values as numbers to minimise. */
const costs = (member) => objectives.map(({ goal }, n) => (goal === "minimise" ? member.values[n] : goal === "maximise" ? -member.values[n] : Math.abs(member.values[n] - goal.target)));
const dominates = (a, b) => a.every((x, n) => x <= b[n]) && a.some((x, n) => x < b[n]);
const members = campaigns.flatMap((campaign) => campaign.front.map((member) => ({ ...member, campaign, costs: costs(member) })));
for (const member of members) member.best = !members.some((other) => dominates(other.costs, member.costs));

// ---- Numbers ----

const heads = (first) => [
  { title: first },
  ...campaigns.map(({ name, colour }) => ({ title: element("span", {}, element("i", { class: "dot", style: `background:${colour}`, "aria-hidden": "true" }), name), numeric: true })),
];
const last = (list) => list.filter(isNumber).at(-1);
const entry = (title, of) => [title, ...campaigns.map(of)];
byId("numbers").append(
  plainTable(
    heads(""),
    [
      entry("Evaluated", ({ counts }) => count(counts.evaluated)),
      entry("Within all limits", ({ counts }) => `${count(counts.within_limits)} (${percent(counts.within_limits, counts.evaluated)})`),
      entry("On the own front", ({ counts }) => count(counts.front)),
      entry("Of these on the front of all", (campaign) => count(members.filter((member) => member.campaign === campaign && member.best).length)),
      entry("Hypervolume, in one box", ({ curve }) => (isNumber(last(curve.hypervolume)) ? fixed(last(curve.hypervolume), 4) : "–")),
      entry("Energy", ({ bill }) => joules(bill.joules)),
      entry("CO₂e", ({ bill }) => grams(bill.grams_co2)),
      entry("Wall time", ({ bill }) => seconds(bill.seconds)),
      entry("Energy a candidate evaluated", ({ bill }) => (bill.joules_per_evaluated == null ? "–" : joules(bill.joules_per_evaluated))),
      entry("How energy is known", ({ basis }) => basis),
      ...[...new Set(campaigns.flatMap((campaign) => campaign.verdict_counts.map(([words]) => words)))].map((verdict) =>
        entry(`Novelty: ${verdict}`, (campaign) => count(campaign.verdict_counts.find(([words]) => words === verdict)?.[1] ?? 0)),
      ),
    ],
    "The campaigns in numbers",
  ),
);

// ---- Hypervolume ----

const series = (of) => campaigns.map((campaign) => ({ name: campaign.name, colour: campaign.colour, points: of(campaign.curve).map((x, n) => [x, campaign.curve.hypervolume[n]]) }));
const bases = [...new Set(campaigns.map((campaign) => campaign.basis))].join("; ");
const [energy, scale] = energyUnit(campaigns.flatMap(({ curve }) => curve.kwh));
const charts = [
  ["by-evaluations", "candidates evaluated", (curve) => curve.evaluated],
  ["by-energy", `${energy} (${bases})`, (curve) => curve.kwh.map((kwh) => kwh * scale)],
];
for (const [id, x, of] of charts) {
  const shown = series(of);
  const chart = new Curves(byId(id), { x, y: "hypervolume", series: shown });
  if (chart.empty) byId(id).append(element("p", { class: "muted" }, "The hypervolume is computed for two to four objectives, once a candidate is within all limits."));
  else {
    byId(id).append(keyOf(shown));
    byId(id).append(numbersTable("Numbers: step by step", ["Campaign", x, "Hypervolume"], shown.flatMap((each) => each.points.map(([a, b]) => [each.name, a, isNumber(b) ? fixed(b, 4) : "–"]))));
  }
}
byId("by-energy").append(element("p", { class: "muted note" }, "Hypervolumes are measured anew in one box that holds those of all campaigns: they differ from the ones that each campaign tells of itself."));

// ---- Fronts ----

const axes = objectives.map((objective, n) => ({
  title: `${capital(words(objective.name))}${unitOf(objective) ? `, ${unitOf(objective)}` : ""}`,
  value: (member) => member.values[n],
  low: objective.goal === "minimise" ? true : objective.goal === "maximise" ? false : undefined,
}));
const describe = (member) => [
  `${member.formula}${member.shape ? `, ${member.shape}` : ""}`,
  `${member.campaign.name}, candidate ${member.number}`,
  ...objectives.map((objective, n) => `${words(objective.name)} ${brief(member.values[n])}${unitOf(objective) ? ` ${unitOf(objective)}` : ""}`),
  member.best ? "on the front of all" : "beaten by a candidate of another campaign",
];
let chosen = null;
const scatter = new Scatter(byId("scatter"), { name: "Fronts", describe, choose: (member) => { chosen = chosen === member ? null : member; drawFronts(); } });
const drawFronts = () => {
  const x = axes[byId("across").value];
  const y = axes[byId("up").value] ?? { title: "", value: () => 0 };
  const look = (member) => ({ colour: member.campaign.colour, radius: members.length > 600 ? 3.5 : 5.5, alpha: member.best ? 0.95 : 0.55, ring: member.best ? "edge" : null, hollow: !member.best, layer: member.best ? 2 : 1 });
  scatter.show({ points: members, x, y, look, along: members, selected: chosen });
  byId("scatter-note").textContent = `Filled: on the front of all campaigns together; hollow: beaten by a candidate of another one. ${chosen ? `Chosen: ${describe(chosen).join(", ")}.` : ""}`;
};
for (const [id, place] of [["across", 0], ["up", Math.min(1, axes.length - 1)]]) {
  byId(id).append(...axes.map((axis, n) => element("option", { value: n, selected: n === place }, axis.title.split(",")[0])));
  byId(id).addEventListener("change", drawFronts);
}
byId("scatter-key").append(keyOf(campaigns));
byId("members").append(
  numbersTable(
    "Numbers: the members of the fronts",
    ["Campaign", "No.", "Formula", ...axes.map((axis) => axis.title), "Front of all"],
    members.slice(0, 1000).map((member) => [member.campaign.name, member.number, member.formula, ...member.values, member.best ? "yes" : "no"]),
  ),
);

// ---- Funnels and ledgers ----

/** All stages of all campaigns, in the order of the first that has them. */
const stagesOf = (lists) => [...new Set(lists.flat())];
const shares = (part, whole) => (whole > 0 ? barOf([{ share: part / whole, colour: "var(--accent)" }]) : "");
const stages = stagesOf(campaigns.map(({ funnel }) => funnel.filter((stage) => stage.kind !== "objective" || stage.survivors < stage.entered).map(({ stage }) => stage)));
byId("funnel").append(
  plainTable(
    heads("Went on, of those that came"),
    [
      entry("proposed", ({ counts }) => count(counts.proposed)),
      entry("duplicates", ({ counts }) => count(counts.duplicate)),
      ...stages.map((name) =>
        entry(name, ({ funnel }) => {
          const found = funnel.find((each) => each.stage === name);
          return found ? element("span", {}, `${count(found.survivors)} of ${count(found.entered)}`, shares(found.survivors, found.entered)) : "–";
        }),
      ),
      entry("rejected for", ({ reasons }) => {
        const list = Object.entries(reasons).sort((a, b) => b[1] - a[1]);
        return list.length ? list.map(([reason, n]) => `${reason} ${count(n)}`).join(", ") : "–";
      }),
    ],
    "Funnels side by side",
  ),
);
const most = Math.max(1e-12, ...campaigns.flatMap(({ bill }) => [bill.engine_joules, ...bill.stages.map((stage) => stage.joules)]));
const spent = (j) => element("span", {}, joules(j), shares(j, most));
byId("ledger").append(
  plainTable(
    heads("Stage"),
    [
      ...stagesOf(campaigns.map(({ bill }) => bill.stages.map(({ stage }) => stage))).map((name) =>
        entry(name, ({ bill }) => {
          const found = bill.stages.find((each) => each.stage === name);
          return found ? spent(found.joules) : "–";
        }),
      ),
      entry("the engine itself", ({ bill }) => spent(bill.engine_joules)),
    ],
    "Energy by stage, side by side",
  ),
);

// ---- What was run ----

byId("identity").append(
  plainTable(
    heads(""),
    [
      entry("Folder", ({ folder }) => folder),
      entry("Seed", ({ seed }) => String(seed)),
      entry("Generators", ({ generators }) => generators.join(", ")),
      entry("Budget", ({ budget }) => count(budget)),
      entry("End", ({ end }) => end ?? "not at its end"),
      entry("Campaign SHA-256", ({ hash }) => element("code", { title: hash }, hash.slice(0, 16))),
    ],
    "What was run",
  ),
);
byId("protocol").append(...report.protocol.map((text) => element("li", {}, text)));
for (const campaign of campaigns) {
  const own = campaign.own_protocol.filter((text) => !report.protocol.includes(text));
  if (own.length) byId("own-protocols").append(element("h3", {}, `Only of ${campaign.name}`), element("ul", { class: "protocol" }, own.map((text) => element("li", {}, text))));
}

const redraw = () => drawFronts();
window.addEventListener("beforeprint", () => { document.documentElement.classList.add("on-paper"); redraw(); });
window.addEventListener("afterprint", () => { document.documentElement.classList.remove("on-paper"); redraw(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
drawFronts();
