// The histogram of the distance to the nearest known structure, stacked by verdict.

/**
 * Bins of equal width from zero, that end near the 98th percentile; everything beyond it is
 * in one last bin, so that a few far structures do not squeeze the rest.
 */
const binsOf = (distances, mostBins) => {
  const sorted = [...distances].sort((a, b) => a - b);
  const most = sorted[sorted.length - 1];
  const usual = sorted[Math.floor(0.98 * (sorted.length - 1))];
  const end = most > 1.4 * usual && usual > 0 ? usual : most;
  const width = roundStep((end || 0.1) / mostBins);
  const n = Math.max(1, Math.floor(end / width + 1e-9) + 1);
  const bins = Array.from({ length: n }, (_, k) => ({ from: k * width, to: (k + 1) * width, parts: {}, total: 0 }));
  if (most >= n * width) bins.push({ from: n * width, to: Infinity, parts: {}, total: 0 });
  return { bins, width };
};

const binLabel = (bin, digits) =>
  bin.to === Infinity ? `${bin.from.toFixed(digits)} and more` : `${bin.from.toFixed(digits)} to ${bin.to.toFixed(digits)}`;

class Histogram {
  /** `choose(bin or null, label)` is called when a bar is clicked. */
  constructor(svg, rows, choose) {
    Object.assign(this, { svg, choose, chosen: null });
    const known = rows.filter((row) => typeof row.distance === "number" && !row.error);
    this.without = rows.length - known.length;
    this.empty = known.length === 0;
    if (this.empty) return;
    const { bins, width } = binsOf(known.map((row) => row.distance), 48);
    this.bins = bins;
    this.width = width;
    this.digits = Math.max(0, -Math.floor(Math.log10(width) + 1e-9));
    for (const row of known) {
      const bin = bins[Math.min(bins.length - 1, Math.floor(row.distance / width + 1e-9))];
      const name = verdictOf(row);
      bin.parts[name] = (bin.parts[name] ?? 0) + 1;
      bin.total += 1;
    }
    this.order = Object.keys(VERDICTS).filter((name) => bins.some((bin) => bin.parts[name]));
    new ResizeObserver(() => this.draw()).observe(svg.parentElement);
    this.draw();
  }

  toggle(bin) {
    this.chosen = this.chosen === bin ? null : bin;
    this.choose(this.chosen, this.chosen && binLabel(bin, this.digits));
    this.draw();
  }

  clear() {
    this.chosen = null;
    if (!this.empty) this.draw();
  }

  draw() {
    const width = Math.max(260, this.svg.parentElement.clientWidth);
    const height = width < 500 ? 240 : 330;
    const [left, right, top, bottom] = [44, 8, 10, 44];
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("height", height);
    const focused = document.activeElement?.dataset?.bin;
    const most = Math.max(...this.bins.map((bin) => bin.total));
    const step = Math.max(1, roundStep(most / 4));
    const y = (n) => height - bottom - ((height - top - bottom) * n) / (Math.ceil(most / step) * step);
    const across = (width - left - right) / this.bins.length;
    const x = (k) => left + k * across;
    const shapes = [];
    for (let n = 0; n <= Math.ceil(most / step) * step; n += step) {
      shapes.push(svgNode("line", { x1: left, x2: width - right, y1: y(n), y2: y(n), class: n ? "grid" : "axis" }));
      shapes.push(svgNode("text", { x: left - 6, y: y(n) + 4, "text-anchor": "end" }, count(n)));
    }
    const every = [1, 2, 5, 10, 20].find((n) => n * across >= 40) ?? 50;
    this.bins.forEach((bin, k) => {
      if (bin.to === Infinity) shapes.push(svgNode("text", { x: x(k) + across / 2, y: height - bottom + 16, "text-anchor": "middle" }, "≥"));
      else if (k % every === 0 && (k + every / 2 < this.bins.length || every === 1))
        shapes.push(svgNode("text", { x: x(k), y: height - bottom + 16, "text-anchor": "middle" }, bin.from.toFixed(this.digits)));
    });
    const middle = (left + width - right) / 2;
    shapes.push(
      svgNode("text", { x: middle, y: height - 8, "text-anchor": "middle", class: "title" }, "distance, in units of ∛(V/N)"),
    );
    this.bins.forEach((bin, k) => {
      if (!bin.total) return;
      const parts = this.order.filter((name) => bin.parts[name]);
      const label = `${binLabel(bin, this.digits)}: ${plural(bin.total, "structure", "structures")} (${parts
        .map((name) => `${verdictLabel(name)} ${count(bin.parts[name])}`)
        .join(", ")})`;
      const group = svgNode(
        "g",
        { role: "button", tabindex: 0, "aria-label": label, "aria-pressed": this.chosen === bin, "data-bin": k,
          class: this.chosen && this.chosen !== bin ? "bin faded" : "bin" },
        svgNode("title", {}, label),
        svgNode("rect", { x: x(k), y: top, width: across, height: height - top - bottom, class: "hit" }),
      );
      let below = 0;
      for (const name of parts) {
        const over = below + bin.parts[name];
        const bar = { x: x(k) + 1, y: y(over), width: Math.max(1, across - 2), height: Math.max(0.5, y(below) - y(over)) };
        group.append(svgNode("rect", { ...bar, style: `fill:${verdictColour(name)}`, class: "part" }));
        below = over;
      }
      group.addEventListener("click", () => this.toggle(bin));
      group.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        this.toggle(bin);
      });
      shapes.push(group);
    });
    this.svg.replaceChildren(...shapes);
    if (focused !== undefined) this.svg.querySelector(`[data-bin="${focused}"]`)?.focus();
  }
}
