// Lays one crystal as the other and cuts the same cell out of it: the same structure in another
// setting then looks the same. Only for the eye; the verdict comes from the matcher.

/** Neighbours that are compared around a site. */
const CLUSTER = 26;
/** Lengths of vectors that may stand for each other differ by less than this, in (V/N)^(1/3). */
const SLACK = 0.2;

const transposed = (m) => m.map((_, n) => m.map((row) => row[n]));

/** The nearest neighbours of every site, in units of (V/N)^(1/3). */
const clustersOf = (drawing, labels) => {
  const volume = Math.abs(dot(drawing.lattice[0], cross(drawing.lattice[1], drawing.lattice[2])));
  const length = Math.cbrt(volume / drawing.sites.length);
  const reach = length * Math.cbrt((3 * CLUSTER * 1.5) / (4 * Math.PI));
  const clusters = neighboursOf(drawing.sites, drawing.lattice, reach, () => reach).map((found) =>
    found
      .map(([site, vector]) => ({ label: labels[site], vector: times(vector, 1 / length), far: Math.sqrt(dot(vector, vector)) / length }))
      .sort((a, b) => a.far - b.far)
      .slice(0, CLUSTER * 1.5),
  );
  return { length, clusters };
};

/** Orthonormal axes (columns) spanned by two vectors. */
const axesOf = (u, v) => {
  const x = unit(u);
  const z = unit(cross(u, v));
  return transposed([x, cross(z, x), z]);
};

/** Mean square misfit of the first cluster on the turned second one; far sites all count the same. */
const misfit = (first, second, turn, limit) => {
  let sum = 0;
  const laid = second.map(({ label, vector }) => ({ label, vector: apply(turn, vector) }));
  const compared = first.slice(0, CLUSTER);
  for (const { label, vector } of compared) {
    let least = 0.3;
    for (const other of laid) {
      if (other.label !== label) continue;
      const apart = subtract(vector, other.vector);
      least = Math.min(least, dot(apart, apart));
    }
    sum += least;
    if (sum > limit * compared.length) return Infinity;
  }
  return sum / compared.length;
};

/** How well the vectors of two cells lie along each other, 0 to 3. */
const cellsAlong = (first, second, turn) =>
  first.reduce((sum, vector, n) => sum + dot(unit(vector), unit(apply(turn, second[n]))), 0);

const setsEqual = (a, b) => a.every((each) => b.includes(each)) && b.every((each) => a.includes(each));

/** The rotation of the second drawing that suits the first best, with the sites that meet. */
const bestTurn = (first, second) => {
  const label = (site) => JSON.stringify(site.parts);
  const same = setsEqual(first.sites.map(label), second.sites.map(label));
  const labels = (drawing) => drawing.sites.map((site) => (same ? label(site) : ""));
  const [ours, theirs] = [labels(first), labels(second)];
  const often = (name) => ours.filter((each) => each === name).length;
  const centre = ours.reduce((best, name, n) => (often(name) < often(ours[best]) ? n : best), 0);
  const [a, b] = [clustersOf(first, ours), clustersOf(second, theirs)];
  const cluster = a.clusters[centre];
  const u = cluster?.[0];
  if (!u) return null;
  const v = cluster.find((each) => Math.hypot(...cross(unit(u.vector), unit(each.vector))) > 0.3);
  if (!v) return null;
  const frame = axesOf(u.vector, v.vector);
  const apart = Math.hypot(...subtract(u.vector, v.vector));
  let best = { misfit: 0.12, value: Infinity };
  theirs.forEach((name, site) => {
    if (name !== ours[centre]) return;
    const near = b.clusters[site];
    const like = (one) => near.filter((each) => each.label === one.label && Math.abs(each.far - one.far) < SLACK);
    for (const p of like(u))
      for (const q of like(v)) {
        if (Math.abs(Math.hypot(...subtract(p.vector, q.vector)) - apart) > SLACK) continue;
        if (Math.hypot(...cross(unit(p.vector), unit(q.vector))) < 0.1) continue;
        const turn = product(frame, transposed(axesOf(p.vector, q.vector)));
        const found = misfit(cluster, near, turn, best.misfit + 0.01);
        // Among rotations that a symmetry makes equal, the one that lays cell on cell.
        const value = found - 0.003 * cellsAlong(first.lattice, second.lattice, turn);
        if (value < best.value) best = { misfit: Math.min(found, best.misfit), value, turn, centre, site, length: b.length, scale: b.length / a.length };
      }
  });
  return best.turn ? best : null;
};

/** The cell that is drawn of the first crystal, laid into the second so that the sites that meet coincide. */
const cellInto = (first, second, best) => {
  const into = (vector) => apply(transposed(best.turn), times(vector, best.scale));
  const site = cartesian(second.sites[best.site].frac, second.lattice);
  return {
    lattice: first.cell.map(into),
    origin: subtract(site, into(cartesian(first.sites[best.centre].frac, first.lattice))),
    guide: first.atoms.map(({ at }) => into(at)),
    reach: 0.45 * best.length,
  };
};
