// Lines over a common axis, such as hypervolumes against evaluations.

class Curves {
  /** `series`: `{ name, colour, points: [[x, y], ..] }` with points in order of x. */
  constructor(host, { x, y, series }) {
    this.series = series.map((each) => ({ ...each, points: each.points.filter(([a, b]) => isNumber(a) && isNumber(b)) }));
    Object.assign(this, { host, x, y });
    this.empty = this.series.every((each) => !each.points.length);
    if (this.empty) return;
    const label = `${y} against ${x}: ${this.series.map((each) => this.words(each)).join("; ")}`;
    this.svg = svgNode("svg", { role: "img", "aria-label": label });
    host.append(this.svg);
    onResize(host, () => this.draw());
  }

  words({ name, points }) {
    if (!points.length) return `${name}: nothing`;
    const [first, last] = [points[0], points[points.length - 1]];
    return `${name ? `${name}: ` : ""}from ${brief(first[1])} at ${brief(first[0])} to ${brief(last[1])} at ${brief(last[0])}`;
  }

  draw() {
    const width = Math.max(260, this.host.clientWidth);
    const height = width < 500 ? 230 : 290;
    const all = this.series.flatMap((each) => each.points);
    const high = (n) => Math.max(...all.map((point) => point[n]), 0) || 1;
    const axes = axesIn({
      width,
      height,
      x: { domain: [0, high(0) * 1.02], title: this.x },
      y: { domain: [0, high(1) * 1.06], title: this.y },
    });
    const shapes = [...axes.shapes];
    for (const { name, colour, points } of this.series) {
      const at = points.map(([x, y]) => `${axes.x(x).toFixed(1)},${axes.y(y).toFixed(1)}`);
      shapes.push(svgNode("polyline", { points: at.join(" "), class: "curve", style: `stroke:${colour}` }));
      if (points.length > 60) continue;
      for (const [x, y] of points)
        shapes.push(svgNode("circle", { cx: axes.x(x), cy: axes.y(y), r: 3, style: `fill:${colour}` }, svgNode("title", {}, `${name ? `${name}, ` : ""}${brief(x)}: ${brief(y)}`)));
    }
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("height", height);
    this.svg.replaceChildren(...shapes);
  }
}

/** Names of series with their colours. */
const keyOf = (series) =>
  element(
    "ul",
    { class: "key" },
    series.map(({ name, colour }) => element("li", {}, element("i", { style: `background:${colour}`, "aria-hidden": "true" }), name)),
  );
