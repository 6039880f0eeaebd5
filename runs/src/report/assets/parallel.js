// All objectives at once: one axis each, one line a candidate. Better is up on every axis.

class Parallel {
  /**
   * `axes`: `{ name, title, unit, goal, value(row) }`; `ranges`: `[low, high]` by name, shared with the
   * filters; `changed()` is called when a range is drawn.
   */
  constructor(host, { axes, rows, ranges, changed, choose }) {
    Object.assign(this, { host, axes, rows, ranges, changed, choose, selected: null });
    this.canvas = element("canvas", { class: "points", "aria-hidden": "true" });
    this.svg = svgNode("svg", { class: "over", role: "img", "aria-label": `Parallel coordinates of ${axes.map((axis) => axis.title).join(", ")}. The numbers below set the same limits.` });
    this.plane = element("div", { class: "plane" }, this.canvas, this.svg);
    host.append(this.plane);
    this.listen();
    onResize(host, () => this.draw());
  }

  layout() {
    const width = Math.max(280, this.host.clientWidth);
    const height = width < 500 ? 300 : 360;
    const edge = width < 500 ? 34 : 70;
    const step = this.axes.length > 1 ? (width - 2 * edge) / (this.axes.length - 1) : 0;
    const [top, bottom] = [46, height - 26];
    const counted = this.rows.filter((row) => row.violation === 0);
    const used = counted.length > 1 ? counted : this.rows;
    const scales = this.axes.map((axis) => {
      const domain = extentOf(used.map(axis.value));
      const up = axis.goal !== "minimise";
      return scaleOf(domain, up ? [bottom, top] : [top, bottom]);
    });
    return { width, height, top, bottom, scales, at: (n) => (this.axes.length > 1 ? edge + n * step : width / 2) };
  }

  draw() {
    const place = (this.place = this.layout());
    const { width, height, scales, at, top, bottom } = place;
    this.plane.style.height = `${height}px`;
    // On paper the width is another one.
    this.plane.style.aspectRatio = `${width} / ${height}`;
    const density = Math.max(1, window.devicePixelRatio || 1);
    this.canvas.width = Math.round(width * density);
    this.canvas.height = Math.round(height * density);
    const pen = this.canvas.getContext("2d");
    pen.setTransform(density, 0, 0, density, 0, 0);
    const path = (row) => {
      pen.beginPath();
      let begun = false;
      this.axes.forEach((axis, n) => {
        const value = axis.value(row);
        if (!isNumber(value)) return (begun = false);
        const y = Math.min(bottom + 14, Math.max(top - 14, scales[n](value)));
        if (begun) pen.lineTo(at(n), y);
        else pen.moveTo(at(n), y);
        begun = true;
      });
      pen.stroke();
    };
    const layer = (rows, colour, alpha, thick) => {
      pen.strokeStyle = canvasColour(colour);
      pen.globalAlpha = alpha;
      pen.lineWidth = thick;
      rows.forEach(path);
    };
    const kept = this.rows.filter((row) => row.kept);
    const left = this.rows.filter((row) => !row.kept && row.violation === 0);
    const faint = (n) => Math.max(0.04, Math.min(0.45, 40 / n));
    if (left.length <= 3000) layer(left, "var(--strong-line)", faint(left.length) * 0.3, 1);
    layer(kept.filter((row) => !row.front && row.violation === 0), "var(--strong-line)", faint(kept.length), 1);
    const front = kept.filter((row) => row.front);
    layer(front, "var(--accent)", Math.max(0.25, Math.min(0.9, 60 / front.length)), 1.4);
    if (this.selected) layer([this.selected], "var(--chosen)", 1, 3);
    pen.globalAlpha = 1;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("height", height);
    this.svg.replaceChildren(...this.axes.flatMap((axis, n) => this.axisShapes(axis, n)));
  }

  axisShapes(axis, n) {
    const { top, bottom, scales, at, width } = this.place;
    const x = at(n);
    const scale = scales[n];
    const anchor = this.axes.length === 1 ? "middle" : n === 0 ? "start" : n === this.axes.length - 1 ? "end" : "middle";
    const edge = { start: 2, end: width - 2, middle: x }[anchor];
    const shapes = [svgNode("line", { x1: x, x2: x, y1: top, y2: bottom, class: "axis" })];
    // Titles that have no room beside each other stand on two lines.
    const longest = Math.max(...this.axes.map(({ title }) => title.length));
    const narrow = width / this.axes.length < 7.6 * longest;
    shapes.push(svgNode("text", { x: edge, y: n % 2 && narrow ? 28 : 14, "text-anchor": anchor, class: "title" }, axis.title));
    if (axis.unit && !narrow) shapes.push(svgNode("text", { x: edge, y: 29, "text-anchor": anchor }, axis.unit));
    for (const { value, text } of ticksOf(scale.domain, 5)) {
      const last = n === this.axes.length - 1 && n > 0;
      shapes.push(svgNode("line", { x1: x - 4, x2: x + 4, y1: scale(value), y2: scale(value), class: "axis" }));
      shapes.push(svgNode("text", { x: last ? x - 8 : x + 8, y: scale(value) + 4, "text-anchor": last ? "end" : "start", class: "halo" }, text));
    }
    const range = this.ranges[axis.name];
    if (range) {
      const [low, high] = [Math.max(range[0], scale.domain[0]), Math.min(range[1], scale.domain[1])];
      const [a, b] = [scale(low), scale(high)].sort((p, q) => p - q);
      shapes.push(svgNode("rect", { x: x - 9, width: 18, y: a - 1, height: Math.max(3, b - a + 2), class: "range" }));
    }
    shapes.push(svgNode("rect", { x: x - 20, width: 40, y: top - 12, height: bottom - top + 24, class: "brush", "data-axis": n }));
    return shapes;
  }

  listen() {
    let drag = null;
    const valueAt = (event, n) => {
      const y = event.clientY - this.plane.getBoundingClientRect().top;
      return this.place.scales[n].back(Math.min(this.place.bottom + 12, Math.max(this.place.top - 12, y)));
    };
    this.svg.addEventListener("pointerdown", (event) => {
      const n = event.target.dataset?.axis;
      if (n === undefined) return this.click(event);
      event.preventDefault();
      this.svg.setPointerCapture(event.pointerId);
      drag = { n: Number(n), from: valueAt(event, Number(n)), y: event.clientY, moved: false };
    });
    this.svg.addEventListener("pointermove", (event) => {
      if (!drag) return;
      drag.moved ||= Math.abs(event.clientY - drag.y) > 3;
      if (!drag.moved) return;
      const axis = this.axes[drag.n];
      this.ranges[axis.name] = [drag.from, valueAt(event, drag.n)].sort((a, b) => a - b);
      this.changed();
    });
    const end = () => {
      // A click on an axis takes its limits away.
      if (drag && !drag.moved) {
        delete this.ranges[this.axes[drag.n].name];
        this.changed();
      }
      drag = null;
    };
    for (const name of ["pointerup", "pointercancel"]) this.svg.addEventListener(name, end);
  }

  /** Chooses the candidate whose line is nearest to a click. */
  click(event) {
    const frame = this.plane.getBoundingClientRect();
    const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
    const { at, scales } = this.place;
    const n = this.axes.findIndex((_, k) => k + 1 < this.axes.length && x >= at(k) && x <= at(k + 1));
    if (n < 0) return;
    const t = (x - at(n)) / (at(n + 1) - at(n));
    let [best, least] = [null, 8];
    for (const row of this.rows) {
      if (!row.kept) continue;
      const [a, b] = [this.axes[n].value(row), this.axes[n + 1].value(row)];
      if (!isNumber(a) || !isNumber(b)) continue;
      const far = Math.abs(scales[n](a) * (1 - t) + scales[n + 1](b) * t - y) + (row.front ? 0 : 3);
      if (far < least) [best, least] = [row, far];
    }
    if (best) this.choose(best);
  }
}
