// Ball-and-stick views of crystals on canvas. Views that share an orientation turn and zoom together.

const IDENTITY = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];
const product = (a, b) => a.map((row) => [0, 1, 2].map((n) => row[0] * b[0][n] + row[1] * b[1][n] + row[2] * b[2][n]));
const apply = (m, v) => m.map((row) => dot(row, v));
const turned = (x, y) => {
  const [cx, sx, cy, sy] = [Math.cos(x), Math.sin(x), Math.cos(y), Math.sin(y)];
  return product([[1, 0, 0], [0, cx, -sx], [0, sx, cx]], [[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]]);
};
const unit = (v) => times(v, 1 / Math.max(1e-12, Math.sqrt(dot(v, v))));

/** The rotation that looks along `towards` with `up` upwards. */
const looking = (towards, up) => {
  const z = unit(towards);
  const x = unit(cross(up, z));
  return [x, cross(z, x), z];
};

/** Radius of the ball of an atom (Å): smaller than the atom, and less different among the elements. */
const ballRadius = (covalent) => 0.2 + 0.2 * covalent;
const STICK = 0.08;

class Orientation {
  constructor() {
    this.views = [];
    this.labels = false;
    this.reset();
  }
  reset() {
    this.rotation = turned(0.32, -0.5);
    this.zoom = 1;
    this.redraw();
  }
  turn(x, y) {
    this.rotation = product(turned(x, y), this.rotation);
    this.redraw();
  }
  scale(factor) {
    this.zoom = Math.min(8, Math.max(0.3, this.zoom * factor));
    this.redraw();
  }
  /** Looks along a vector of the cell that is drawn of the first crystal. */
  along(axis) {
    const { cell } = this.views[0].drawing;
    this.rotation = looking(cell[axis], cell[axis === 2 ? 1 : 2]);
    this.redraw();
  }
  redraw() {
    for (const view of this.views) view.request();
  }
}

class View {
  /**
   * `setting` turns the crystal before the common rotation is applied; `borrowed` says that the cell of
   * the drawing belongs to another crystal.
   */
  constructor(canvas, drawing, orientation) {
    Object.assign(this, { canvas, drawing, orientation, setting: IDENTITY, borrowed: false, waiting: false });
    orientation.views.push(this);
    this.listen();
  }

  listen() {
    const { canvas, orientation } = this;
    let last = null;
    canvas.addEventListener("pointerdown", (event) => {
      last = [event.clientX, event.clientY];
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!last) return;
      orientation.turn((event.clientY - last[1]) * 0.01, (event.clientX - last[0]) * 0.01);
      last = [event.clientX, event.clientY];
    });
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => (last = null));
    canvas.addEventListener(
      "wheel",
      (event) => {
        // Only once the view was chosen: a reader who scrolls the page must not get stuck in it.
        if (document.activeElement !== canvas) return;
        event.preventDefault();
        orientation.scale(Math.exp(-event.deltaY * 0.0015));
      },
      { passive: false },
    );
    const keys = {
      ArrowLeft: () => orientation.turn(0, -0.15), ArrowRight: () => orientation.turn(0, 0.15),
      ArrowUp: () => orientation.turn(-0.15, 0), ArrowDown: () => orientation.turn(0.15, 0),
      "+": () => orientation.scale(1.2), "=": () => orientation.scale(1.2), "-": () => orientation.scale(1 / 1.2),
      0: () => orientation.reset(), Escape: () => canvas.blur(),
    };
    canvas.addEventListener("keydown", (event) => {
      const act = keys[event.key];
      if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      act();
    });
  }

  request() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  draw() {
    const { canvas, drawing, orientation } = this;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!width || !height) return;
    const density = Math.max(1, window.devicePixelRatio || 1);
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
    const pen = canvas.getContext("2d");
    pen.setTransform(density, 0, 0, density, 0, 0);
    const background = styleValue("--view");
    pen.fillStyle = background;
    pen.fillRect(0, 0, width, height);

    const rotation = product(orientation.rotation, this.setting);
    const scale = (orientation.zoom * 0.47 * Math.min(width, height)) / (drawing.extent + 0.5);
    const place = (point) => {
      const [x, y, z] = apply(rotation, point);
      return [width / 2 + x * scale, height / 2 - y * scale, z];
    };
    const parts = [];
    const ink = styleValue("--cell");
    for (const [from, to] of drawing.edges) {
      // In pieces, so that atoms in front of an edge hide it where they are; every second one of a cell
      // that is not the crystal's own.
      const at = (t) => place(add(times(from, 1 - t), times(to, t)));
      for (let n = 0; n < 24; n += this.borrowed ? 2 : 1) {
        const [p, q] = [at(n / 24), at((n + 1) / 24)];
        parts.push({ depth: (p[2] + q[2]) / 2, draw: () => line(pen, p, q, 1.2, ink) });
      }
    }
    for (const half of drawing.halves) {
      const [p, q] = [place(half.from), place(half.to)];
      const colour = elementColour(half.symbol);
      const order = half.order ?? 1;
      // Bonds of a higher order as lines side by side; those to a metal are thin.
      const stick = Math.max(1.5, 2 * STICK * scale) * (half.thin ? 0.6 : order > 1 ? 1.1 / order : 1);
      const aside = order > 1 ? sideways(p, q, 2 * STICK * scale) : [0, 0];
      parts.push({
        depth: (p[2] + q[2]) / 2,
        draw: () => {
          for (let n = 0; n < order; n++) {
            const shift = n - (order - 1) / 2;
            const [from, to] = [p, q].map(([x, y]) => [x + shift * aside[0], y + shift * aside[1]]);
            line(pen, from, to, stick + 1.2, "rgba(0,0,0,0.45)");
            line(pen, from, to, stick, cssColour(colour.map((c) => c * 0.88)));
          }
        },
      });
    }
    for (const atom of drawing.atoms) {
      const p = place(atom.at);
      const radius = Math.max(2.5, ballRadius(atom.radius) * scale);
      parts.push({ depth: p[2], draw: () => ball(pen, p, radius, atom.parts, orientation.labels) });
    }
    parts.sort((a, b) => a.depth - b.depth);
    for (const part of parts) part.draw();

    pen.fillStyle = styleValue("--text");
    pen.font = "italic 600 13px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    const origin = place(drawing.origin);
    drawing.tips.forEach((tip, n) => {
      const p = place(tip);
      const away = Math.hypot(p[0] - origin[0], p[1] - origin[1]);
      if (away > 8) pen.fillText("abc"[n], p[0] + ((p[0] - origin[0]) / away) * 11, p[1] + ((p[1] - origin[1]) / away) * 11);
    });
  }
}

/** A vector of this length across a line in the plane of the picture. */
const sideways = (p, q, length) => {
  const [x, y] = [q[0] - p[0], q[1] - p[1]];
  const size = Math.hypot(x, y) || 1;
  return [(-y / size) * length, (x / size) * length];
};

/** A ball; one with several occupants is cut like a pie, with vacancies left white. */
const ball = (pen, [x, y], radius, parts, labelled) => {
  const circle = () => {
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
  };
  const whole = Math.max(1, parts.reduce((sum, [, share]) => sum + share, 0));
  circle();
  pen.fillStyle = "#fff";
  pen.fill();
  let angle = -Math.PI / 2;
  for (const [symbol, share] of parts) {
    const next = angle + (2 * Math.PI * share) / whole;
    pen.beginPath();
    if (share < whole) pen.moveTo(x, y);
    pen.arc(x, y, radius, angle, next);
    pen.fillStyle = cssColour(elementColour(symbol));
    pen.fill();
    angle = next;
  }
  const light = pen.createRadialGradient(x - radius * 0.35, y - radius * 0.4, radius * 0.1, x, y, radius);
  light.addColorStop(0, "rgba(255,255,255,0.6)");
  light.addColorStop(0.45, "rgba(255,255,255,0.05)");
  light.addColorStop(1, "rgba(0,0,0,0.38)");
  circle();
  pen.fillStyle = light;
  pen.fill();
  pen.lineWidth = 0.8;
  pen.strokeStyle = "rgba(0,0,0,0.6)";
  pen.stroke();
  if (labelled && radius > 5) {
    const text = parts.map(([symbol]) => symbol).join("/");
    const ink = parts.length === 1 ? inkOn(elementColour(parts[0][0])) : "#111";
    pen.font = `600 ${Math.max(9, Math.min(15, radius * (text.length > 2 ? 0.6 : 0.95)))}px system-ui, sans-serif`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineWidth = 2.5;
    pen.strokeStyle = ink === "#fff" ? "rgba(0,0,0,0.45)" : "rgba(255,255,255,0.6)";
    pen.strokeText(text, x, y);
    pen.fillStyle = ink;
    pen.fillText(text, x, y);
  }
};
