// The report, and what its words mean.

const report = JSON.parse(byId("data").textContent);

/** Name for people and meaning by verdict, from most to least known. */
const VERDICTS = { ...report.verdicts, failed: ["failed", "Could not be audited; the row says why."] };

const FOUND = {
  training: ["In the training data", "known, and the generator may have seen it"],
  reference: ["In the reference only", "known, but not in the training data"],
  none: ["In neither", "no match in any set that was given"],
};

const words = (name) => name.replaceAll("_", " ");
const verdictOf = (row) => (row.error ? "failed" : (row.verdict ?? "failed"));
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const verdictLabel = (name) => capital(VERDICTS[name]?.[0] ?? words(name));
const verdictMeaning = (name) => VERDICTS[name]?.[1] ?? "";
const foundLabel = (name) => FOUND[name]?.[0] ?? words(name ?? "");

/** Style sheet name of a verdict's colour. */
const verdictColour = (name) => `var(--${name in VERDICTS ? words(name).replaceAll(" ", "-") : "failed"})`;

const badge = (name) =>
  element("span", { class: "badge" }, element("i", { style: `background:${verdictColour(name)}`, "aria-hidden": "true" }), verdictLabel(name));
