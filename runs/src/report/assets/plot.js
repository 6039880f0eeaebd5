// What charts share: elements of SVG, scales with round ticks, and numbers in few digits.

/** The namespace of the elements in the page: no address has to be written down. */
const SVG_SPACE = document.querySelector("svg")?.namespaceURI;

const svgNode = (tag, attributes = {}, ...children) => {
  const node = document.createElementNS(SVG_SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return node;
};

/** The smallest of 1, 2, 5 times a power of ten that is not below a number. */
const roundStep = (x) => {
  const power = 10 ** Math.floor(Math.log10(x));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => step >= x * (1 - 1e-9));
};

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** A number in four digits, without zeros behind. */
const brief = (value) => {
  if (!isNumber(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-4) return value.toExponential(2).replace(/\.?0+e/, "e").replace("e+", "e");
  return size >= 1000 ? count(Math.round(value)) : String(Number(value.toPrecision(4)));
};

/** Smallest and largest of some numbers; a little around them where they are all the same. */
const extentOf = (values) => {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!isNumber(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return [0, 1];
  const pad = low === high ? Math.abs(low) * 0.1 || 1 : 0;
  return [low - pad, high + pad];
};

/** Wider by a share on both sides, so that nothing lies on the edge. */
const widened = ([low, high], share) => [low - share * (high - low), high + share * (high - low)];

/** A linear scale from values to pixels. */
const scaleOf = ([low, high], [from, to]) => {
  const scale = (value) => from + ((value - low) / (high - low)) * (to - from);
  scale.domain = [low, high];
  scale.back = (pixel) => low + ((pixel - from) / (to - from)) * (high - low);
  return scale;
};

/** Round values within a domain, and their words. */
const ticksOf = ([low, high], most) => {
  const step = roundStep((high - low) / Math.max(1, most));
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const text = (value) => (decimals > 5 || Math.abs(value) >= 1e6 ? brief(value) : Number(value.toFixed(decimals)).toLocaleString("en", { minimumFractionDigits: decimals }));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => (first + n) * step).map((value) => ({ value, text: text(value) }));
};

/**
 * The axes of a chart of this size: `{ shapes, x, y, box }`. `x` and `y` are `{ domain, title }`; with
 * `bare` there are no axes.
 */
const axesIn = ({ width, height, x, y, bare = false }) => {
  const box = bare
    ? { left: 8, right: width - 8, top: 8, bottom: height - 8 }
    : { left: 62, right: width - 12, top: 26, bottom: height - 44 };
  const across = scaleOf(x.domain, [box.left, box.right]);
  const up = scaleOf(y.domain, [box.bottom, box.top]);
  const shapes = [];
  if (bare) return { shapes, x: across, y: up, box };
  for (const { value, text } of ticksOf(y.domain, (box.bottom - box.top) / 48)) {
    shapes.push(svgNode("line", { x1: box.left, x2: box.right, y1: up(value), y2: up(value), class: "grid" }));
    shapes.push(svgNode("text", { x: box.left - 7, y: up(value) + 4, "text-anchor": "end" }, text));
  }
  for (const { value, text } of ticksOf(x.domain, (box.right - box.left) / 84)) {
    shapes.push(svgNode("line", { x1: across(value), x2: across(value), y1: box.top, y2: box.bottom, class: "grid" }));
    shapes.push(svgNode("text", { x: across(value), y: box.bottom + 17, "text-anchor": "middle" }, text));
  }
  shapes.push(svgNode("line", { x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom, class: "axis" }));
  shapes.push(svgNode("line", { x1: box.left, x2: box.left, y1: box.top, y2: box.bottom, class: "axis" }));
  shapes.push(svgNode("text", { x: (box.left + box.right) / 2, y: height - 8, "text-anchor": "middle", class: "title" }, x.title));
  shapes.push(svgNode("text", { x: 4, y: 14, class: "title" }, y.title));
  return { shapes, x: across, y: up, box };
};

/** Colours of series, by their place. */
const SERIES = 8;
const seriesColour = (place) => `var(--series-${(place % SERIES) + 1})`;

/** A straight line on canvas. */
const line = (pen, p, q, width, colour) => {
  pen.beginPath();
  pen.moveTo(p[0], p[1]);
  pen.lineTo(q[0], q[1]);
  pen.lineWidth = width;
  pen.strokeStyle = colour;
  pen.stroke();
};

/** A colour as canvas understands it. */
const canvasColour = (colour) => {
  const name = /^var\((--[\w-]+)\)$/.exec(colour)?.[1];
  return name ? styleValue(name) : colour;
};

/** Blue over green to yellow for 0 to 1: a few points of viridis (Smith and van der Walt, 2015). */
const GRADIENT = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [240, 220, 50]];
const gradientColour = (share) => {
  const place = Math.min(1, Math.max(0, share)) * (GRADIENT.length - 1);
  const n = Math.min(GRADIENT.length - 2, Math.floor(place));
  return cssMix(GRADIENT[n], GRADIENT[n + 1], place - n);
};
const cssMix = (a, b, t) => `rgb(${a.map((c, n) => Math.round(c + (b[n] - c) * t)).join(" ")})`;

/** Calls `draw` when the width of an element changes. */
const onResize = (node, draw) => {
  let width = 0;
  new ResizeObserver(() => {
    if (node.clientWidth === width) return;
    width = node.clientWidth;
    draw();
  }).observe(node);
};

/** A table with the numbers of a chart, folded away. */
const numbersTable = (summary, heads, rows) =>
  element(
    "details",
    { class: "numbers" },
    element("summary", {}, summary),
    element(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": summary },
      element(
        "table",
        {},
        element("thead", {}, element("tr", {}, heads.map((head) => element("th", { scope: "col", class: "number" }, head)))),
        element("tbody", {}, rows.map((row) => element("tr", {}, row.map((cell) => element("td", { class: "number" }, typeof cell === "number" ? brief(cell) : (cell ?? "–")))))),
      ),
    ),
  );
