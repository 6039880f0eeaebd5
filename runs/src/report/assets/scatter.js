// Points in a plane, ten thousand and more: points and grid on canvas, all else in SVG above it.

/** A click or a pointer counts for a point that is not further away than this (pixels). */
const GRASP = 16;

class Scatter {
  /**
   * `describe(point)`: lines of text; `choose(point)`: called for a click or Enter; `name`: what the chart
   * is, for those who do not see it.
   */
  constructor(host, { name, describe, choose }) {
    Object.assign(this, { host, name, describe, choose, view: null, cursor: null });
    this.canvas = element("canvas", { class: "points", "aria-hidden": "true" });
    this.svg = svgNode("svg", { class: "over", "aria-hidden": "true" });
    this.tip = element("div", { class: "tip", "aria-hidden": "true", hidden: true });
    this.status = element("p", { class: "unseen", role: "status" });
    this.plane = element("div", { class: "plane", tabindex: 0, role: "application", "aria-roledescription": "scatter chart" }, this.canvas, this.svg, this.tip);
    host.append(this.plane, this.status);
    this.listen();
    onResize(host, () => this.draw());
  }

  /**
   * `view`: `{ points, x, y, look(point), along, selected, overlay(axes), bare, height(width), domains }`.
   * `x` and `y` are `{ title, value(point), low }`, `low` is true where less is better, undefined where it
   * does not matter; `look` gives `{ colour, radius, alpha, ring, hollow, layer }`, or null for a point that is not drawn;
   * `along` are the points that the arrow keys go through.
   */
  show(view) {
    this.view = view;
    this.members = new Set(view.along);
    this.draw();
  }

  domains() {
    const { x, y, points, domains } = this.view;
    if (domains) return domains;
    return [x, y].map((axis) => widened(extentOf(points.map(axis.value)), 0.05));
  }

  draw() {
    if (!this.view) return;
    const { x, y, points, look, along, overlay, bare } = this.view;
    const width = Math.max(260, this.host.clientWidth);
    const height = this.view.height ? this.view.height(width) : Math.round(Math.min(560, Math.max(300, width * 0.62)));
    const [across, up] = this.domains();
    const axes = axesIn({ width, height, x: { domain: across, title: x.title }, y: { domain: up, title: y.title }, bare });
    this.plane.style.height = `${height}px`;
    // On paper the width is another one.
    this.plane.style.aspectRatio = `${width} / ${height}`;
    const density = Math.max(1, window.devicePixelRatio || 1);
    this.canvas.width = Math.round(width * density);
    this.canvas.height = Math.round(height * density);
    const pen = this.canvas.getContext("2d");
    pen.setTransform(density, 0, 0, density, 0, 0);
    // The grid lies below the points, all other lines above.
    const grid = axes.shapes.filter((shape) => shape.getAttribute("class") === "grid");
    const ends = (shape) => ["x1", "y1", "x2", "y2"].map((name) => Number(shape.getAttribute(name)));
    for (const [x1, y1, x2, y2] of grid.map(ends)) line(pen, [x1, y1], [x2, y2], 1, styleValue("--line"));
    this.places = [];
    const { left, right, top, bottom } = axes.box;
    let beyond = 0;
    for (const point of points) {
      const seen = look(point);
      const [a, b] = [x.value(point), y.value(point)];
      if (!seen || !isNumber(a) || !isNumber(b)) continue;
      const [px, py] = [axes.x(a), axes.y(b)];
      if (px < left - 1 || px > right + 1 || py < top - 1 || py > bottom + 1) beyond += 1;
      else this.places.push({ point, px, py, seen });
    }
    this.places.sort((p, q) => (p.seen.layer ?? 0) - (q.seen.layer ?? 0));
    const colours = new Map();
    const ring = styleValue("--surface");
    const edge = styleValue("--text");
    for (const { px, py, seen } of this.places) {
      if (!colours.has(seen.colour)) colours.set(seen.colour, canvasColour(seen.colour));
      pen.globalAlpha = seen.alpha;
      pen.beginPath();
      pen.arc(px, py, seen.radius, 0, 2 * Math.PI);
      pen.fillStyle = colours.get(seen.colour);
      if (seen.hollow) {
        pen.strokeStyle = colours.get(seen.colour);
        pen.lineWidth = 1.2;
        pen.stroke();
      } else pen.fill();
      if (seen.ring) {
        pen.strokeStyle = seen.ring === "edge" ? edge : ring;
        pen.lineWidth = 1;
        pen.stroke();
      }
    }
    pen.globalAlpha = 1;
    this.axes = axes;
    this.beyond = beyond;
    const above = axes.shapes.filter((shape) => !grid.includes(shape));
    const shapes = [...above, ...this.staircase(axes), ...(overlay?.(axes) ?? [])];
    const marked = this.view.selected && this.places.find(({ point }) => point === this.view.selected);
    if (marked) shapes.push(svgNode("circle", { cx: marked.px, cy: marked.py, r: marked.seen.radius + 5, class: "chosen" }));
    this.marker = svgNode("circle", { r: 0, class: "cursor" });
    shapes.push(this.marker);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("height", height);
    this.svg.replaceChildren(...shapes);
    this.plane.setAttribute(
      "aria-label",
      `${this.name}: ${y.title} against ${x.title}, ${plural(this.places.length, "candidate", "candidates")}. Left and right arrow go through ${plural(along.length, "candidate", "candidates")} of the front, Enter shows one.`,
    );
  }

  /** The edge of what no other point is better than in these two: a line of steps. */
  staircase({ x: across, y: up, box }) {
    const { x, y, along } = this.view;
    if (x.low === undefined || y.low === undefined || !along.length) return [];
    const cost = (axis, point) => (axis.low ? 1 : -1) * axis.value(point);
    const ordered = along
      .filter((point) => isNumber(x.value(point)) && isNumber(y.value(point)))
      .sort((p, q) => cost(x, p) - cost(x, q) || cost(y, p) - cost(y, q));
    const steps = [];
    for (const point of ordered) if (!steps.length || cost(y, point) < cost(y, steps[steps.length - 1])) steps.push(point);
    if (!steps.length) return [];
    const worstY = y.low ? box.top : box.bottom;
    const worstX = x.low ? box.right : box.left;
    let path = `M${across(x.value(steps[0]))},${worstY}`;
    steps.forEach((point, n) => {
      const next = steps[n + 1];
      path += `V${up(y.value(point))}H${next ? across(x.value(next)) : worstX}`;
    });
    return [svgNode("path", { d: path, class: "staircase" })];
  }

  nearest(event) {
    const frame = this.plane.getBoundingClientRect();
    const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
    let best = null;
    let least = GRASP * GRASP;
    for (const place of this.places ?? []) {
      // Of two points in the same place, the one on top.
      const far = (place.px - x) ** 2 + (place.py - y) ** 2 - (place.seen.layer ?? 0) * 4;
      if (far <= least) [best, least] = [place, far];
    }
    return best;
  }

  point(place, speak) {
    this.cursor = place?.point ?? null;
    this.tip.hidden = !place;
    this.marker?.setAttribute("r", place ? place.seen.radius + 3 : 0);
    if (!place) return;
    this.marker.setAttribute("cx", place.px);
    this.marker.setAttribute("cy", place.py);
    const lines = this.describe(place.point);
    this.tip.replaceChildren(...lines.map((line, n) => element(n ? "span" : "b", {}, line)));
    const width = this.plane.clientWidth;
    this.tip.style.left = `${Math.min(width - this.tip.offsetWidth - 4, Math.max(4, place.px + 12))}px`;
    this.tip.style.top = `${place.py > 120 ? place.py - this.tip.offsetHeight - 10 : place.py + 12}px`;
    if (speak) this.status.textContent = lines.join(", ");
  }

  listen() {
    const { plane } = this;
    plane.addEventListener("pointermove", (event) => event.pointerType !== "touch" && this.point(this.nearest(event)));
    plane.addEventListener("pointerleave", () => this.point(null));
    plane.addEventListener("click", (event) => {
      const place = this.nearest(event);
      if (place) this.choose(place.point);
    });
    plane.addEventListener("blur", () => this.point(null));
    plane.addEventListener("keydown", (event) => {
      const { x } = this.view;
      const order = this.places.filter(({ point }) => this.members.has(point)).sort((p, q) => x.value(p.point) - x.value(q.point));
      if (!order.length || event.ctrlKey || event.metaKey || event.altKey) return;
      const now = order.findIndex(({ point }) => point === this.cursor);
      const go = { ArrowRight: now + 1, ArrowLeft: now < 0 ? order.length - 1 : now - 1, Home: 0, End: order.length - 1 }[event.key];
      if (go !== undefined) {
        event.preventDefault();
        this.point(order[Math.min(order.length - 1, Math.max(0, go))], true);
      } else if ((event.key === "Enter" || event.key === " ") && this.cursor) {
        event.preventDefault();
        this.choose(this.cursor);
      }
    });
  }
}
