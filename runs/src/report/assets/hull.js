// The convex hull of one chemical system: energy against composition for two elements, a triangle for three.

const amountsBefore = new Map();

/** Atoms of each element in a formula without brackets. */
const amountsOf = (formula) => {
  if (amountsBefore.has(formula)) return amountsBefore.get(formula);
  const amounts = new Map();
  amountsBefore.set(formula, amounts);
  for (const [, symbol, n] of (formula ?? "").matchAll(/([A-Z][a-z]?)(\d+(?:\.\d+)?)?/g)) amounts.set(symbol, (amounts.get(symbol) ?? 0) + Number(n ?? 1));
  return amounts;
};

/** Shares of the atoms by element of a system; null for a formula outside of it. */
const sharesIn = (formula, system) => {
  const amounts = amountsOf(formula);
  if (![...amounts.keys()].every((symbol) => system.includes(symbol))) return null;
  const all = [...amounts.values()].reduce((sum, n) => sum + n, 0);
  return all > 0 ? system.map((symbol) => (amounts.get(symbol) ?? 0) / all) : null;
};

/** Stable phases as corners of facets: for three elements the triangles of the hull seen from below. */
const facetsOf = (stable) => {
  const facets = [];
  const epsilon = 1e-6;
  for (let i = 0; i < stable.length; i++)
    for (let j = i + 1; j < stable.length; j++)
      for (let k = j + 1; k < stable.length; k++) {
        const [a, b, c] = [stable[i], stable[j], stable[k]];
        const area = (b.at[0] - a.at[0]) * (c.at[1] - a.at[1]) - (c.at[0] - a.at[0]) * (b.at[1] - a.at[1]);
        if (Math.abs(area) < 1e-9) continue;
        const below = stable.some((other) => {
          if (other === a || other === b || other === c) return false;
          const u = ((b.at[0] - other.at[0]) * (c.at[1] - other.at[1]) - (c.at[0] - other.at[0]) * (b.at[1] - other.at[1])) / area;
          const v = ((c.at[0] - other.at[0]) * (a.at[1] - other.at[1]) - (a.at[0] - other.at[0]) * (c.at[1] - other.at[1])) / area;
          return other.formation < u * a.formation + v * b.formation + (1 - u - v) * c.formation - epsilon;
        });
        if (!below) facets.push([a, b, c]);
      }
  return facets;
};

class HullDiagram {
  constructor(host, { choose, describe }) {
    this.scatter = new Scatter(host, { name: "Convex hull", choose, describe: (point) => (point.phase ? [point.formula, `known phase ${point.id}`, `${fixed(point.above, 3)} eV/atom above the hull`] : describe(point)) });
    this.known = report.hull.formula.map((formula, n) => ({
      phase: true,
      formula,
      id: report.hull.id[n],
      formation: report.hull.formation[n],
      above: report.hull.above[n],
    }));
  }

  /** Shows a system: a list of two or three symbols. */
  show(system, selected) {
    this.system = system;
    this.selected = selected;
    const placed = (point, formula, formation, above) => {
      const shares = sharesIn(formula, system);
      if (!shares || !isNumber(formation)) return null;
      // The corners of the triangle: first element left, second right, third on top.
      const at = system.length === 2 ? [shares[1], formation] : [shares[1] + shares[2] / 2, (shares[2] * Math.sqrt(3)) / 2];
      return { point, at, formation, above };
    };
    const phases = this.known.map((phase) => placed(phase, phase.formula, phase.formation, phase.above)).filter(Boolean);
    this.phases = phases;
    const candidates = evaluated.map((row) => placed(row, row.formula, propertyOf(row, "formation_energy"), propertyOf(row, "energy_above_hull"))).filter(Boolean);
    this.candidates = candidates;
    const stable = phases.filter((each) => each.above <= 1e-9);
    const places = new Map([...phases, ...candidates].map((each) => [each.point, each]));
    const binary = system.length === 2;
    const worst = 0.2;
    const look = (point) => {
      if (point.phase) return point.above <= 1e-9 ? { colour: "var(--text)", radius: 4, alpha: 1, layer: 1 } : { colour: "var(--strong-line)", radius: 3, alpha: 0.6, hollow: true };
      const above = places.get(point).above;
      const base = { radius: point.front ? 6 : 4.5, ring: "edge", layer: point.front ? 3 : 2, alpha: point.kept ? 0.95 : 0.15 };
      return { ...base, colour: binary ? verdictColour(point.verdict) : gradientColour(1 - Math.max(0, above) / worst) };
    };
    // Phases far above the hull only take room.
    const near = phases.filter((each) => each.above < 0.3);
    const counted = [...stable, ...candidates.filter((each) => each.above < 1)].map((each) => each.formation);
    const shownAlong = candidates.filter((each) => each.point.front).map((each) => each.point);
    this.scatter.show({
      points: [...near.map((each) => each.point), ...candidates.map((each) => each.point)],
      x: { title: binary ? `share of ${system[1]}` : "", value: (point) => places.get(point)?.at[0] },
      y: { title: binary ? "formation energy, eV/atom" : "", value: (point) => places.get(point)?.at[1] },
      look,
      along: shownAlong.length ? shownAlong : candidates.map((each) => each.point),
      selected,
      bare: !binary,
      height: binary ? (width) => Math.round(Math.min(460, Math.max(300, width * 0.55))) : (width) => Math.round(Math.min(560, Math.max(260, width * 0.8))),
      domains: binary ? [[-0.02, 1.02], widened(extentOf([...counted, 0]), 0.1)] : this.triangleDomains(),
      overlay: (axes) => (binary ? this.line(axes, stable) : this.triangle(axes, stable)),
    });
  }

  /** Room around the triangle for the symbols, at equal scales of both axes. */
  triangleDomains() {
    const width = Math.max(260, this.scatter.host.clientWidth) - 16;
    const height = Math.round(Math.min(560, Math.max(260, (width + 16) * 0.8))) - 16;
    const unit = Math.max(1.12 / width, 1.04 / height);
    const [w, h] = [unit * width, unit * height];
    return [[0.5 - w / 2, 0.5 + w / 2], [Math.sqrt(3) / 4 - h / 2 - 0.0, Math.sqrt(3) / 4 + h / 2]];
  }

  line({ x, y }, stable) {
    const ordered = [...stable].sort((a, b) => a.at[0] - b.at[0]);
    const path = ordered.map(({ at }) => `${x(at[0])},${y(at[1])}`).join(" ");
    // Names that would run into each other stand on lines of their own.
    const ends = [-Infinity, -Infinity, -Infinity];
    const text = ordered.map(({ point, at }) => {
      const name = loweredFormula(point.formula);
      const anchor = at[0] < 0.02 ? "start" : at[0] > 0.98 ? "end" : "middle";
      const width = 7.5 * name.length;
      const from = x(at[0]) - { start: 0, middle: width / 2, end: width }[anchor];
      const row = Math.max(0, ends.findIndex((end) => end < from));
      ends[row] = from + width;
      return svgNode("text", { x: x(at[0]), y: y(at[1]) + 17 + 14 * row, "text-anchor": anchor, class: "halo strong" }, name);
    });
    return [svgNode("polyline", { points: path, class: "hull-line" }), ...text];
  }

  triangle({ x, y }, stable) {
    const corner = [[0, 0], [1, 0], [0.5, Math.sqrt(3) / 2]];
    const points = (list) => list.map((at) => `${x(at[0])},${y(at[1])}`).join(" ");
    const facets = stable.length <= 70 ? facetsOf(stable) : [];
    const shapes = facets.map((facet) => svgNode("polygon", { points: points(facet.map(({ at }) => at)), class: "facet" }));
    shapes.push(svgNode("polygon", { points: points(corner), class: "frame" }));
    this.system.forEach((symbol, n) => {
      const [dx, dy, anchor] = [[-10, 16, "middle"], [10, 16, "middle"], [0, -8, "middle"]][n];
      shapes.push(svgNode("text", { x: x(corner[n][0]) + dx, y: y(corner[n][1]) + dy, "text-anchor": anchor, class: "corner" }, symbol));
    });
    // Names of compounds, as many as have room beside each other; all of them stand in the table.
    const taken = [];
    for (const { point, at } of stable.filter(({ point }) => amountsOf(point.formula).size > 1)) {
      const name = loweredFormula(point.formula);
      const [left, top] = [x(at[0]) + 7, y(at[1]) - 16];
      const room = { left, right: left + 6.8 * name.length, top, bottom: top + 13 };
      if (taken.some((other) => room.left < other.right && room.right > other.left && room.top < other.bottom && room.bottom > other.top)) continue;
      taken.push(room);
      shapes.push(svgNode("text", { x: left, y: y(at[1]) - 6, class: "halo" }, name));
    }
    return shapes;
  }

  /** The phases and candidates of the system as a table. */
  table() {
    const stable = this.phases.filter((each) => each.above <= 1e-9);
    const line = (each, kind) => [each.point.formula, kind, each.point.phase ? each.point.id : each.point.number, fixed(each.formation, 4), fixed(each.above, 4)];
    const candidates = [...this.candidates].sort((a, b) => a.above - b.above).slice(0, 200);
    return numbersTable(
      "Numbers: stable phases, and the lowest candidates",
      ["Formula", "What", "Id", "Formation energy", "Above the hull, eV/atom"],
      [...stable.map((each) => line(each, "known, stable")), ...candidates.map((each) => line(each, "candidate"))],
    );
  }
}
