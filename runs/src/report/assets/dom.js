// Small helpers for building the page. Text goes in as text nodes only: names come from strangers'
// files and must never be read as markup.

const element = (tag, properties = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return node;
};

const byId = (id) => document.getElementById(id);

/** A colour or length that the style sheet defines. */
const styleValue = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const grouped = new Intl.NumberFormat("en", { useGrouping: true });
const count = (n) => grouped.format(n);

/** A number with `decimals` decimals, or a dash. */
const fixed = (value, decimals) => (typeof value === "number" ? value.toFixed(decimals) : "–");

const percent = (part, whole) => (whole > 0 ? `${((100 * part) / whole).toFixed(1)} %` : "–");

const plural = (n, one, many) => `${count(n)} ${n === 1 ? one : many}`;

/** A formula with its numbers as subscripts and a charge, as in `Fe(CN)6 4-`, above. */
const formulaNodes = (formula) => {
  const [, body, charge] = /^(.*?)(?: (\d*[+-]))?$/s.exec(formula || "");
  const parts = body.split(/((?<=[A-Za-z)])\d+(?:\.\d+)?)/).map((part, n) => (n % 2 ? element("sub", {}, part) : part));
  return charge ? [...parts, element("sup", {}, charge.replace("-", "−"))] : parts;
};

/** A symbol of a space group with its screw axes as subscripts; other shapes as they are. */
const shapeNodes = (shape) => (shape ?? "–").split(/_(\d)/).map((part, n) => (n % 2 ? element("sub", {}, part) : part));

/** A formula as plain text with its numbers lowered, for charts. */
const loweredFormula = (formula) => formula.replace(/(?<=[A-Za-z)])\d+/g, (digits) => [...digits].map((digit) => String.fromCharCode(0x2080 + Number(digit))).join(""));
