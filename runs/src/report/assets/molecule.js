// What is drawn of a complex: its atoms and bonds, turned so that the flat side faces the reader.

/** Eigenvectors of a symmetric matrix (rows), largest eigenvalue first: Jacobi's method. */
const principalAxes = (m) => {
  const a = m.map((row) => [...row]);
  let v = IDENTITY;
  for (let sweep = 0; sweep < 30; sweep++)
    for (const [p, q] of [[0, 1], [0, 2], [1, 2]]) {
      if (Math.abs(a[p][q]) < 1e-12) continue;
      const angle = 0.5 * Math.atan2(2 * a[p][q], a[q][q] - a[p][p]);
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      const turn = IDENTITY.map((row) => [...row]);
      [turn[p][p], turn[p][q], turn[q][p], turn[q][q]] = [c, -s, s, c];
      const turned = product(product(turn, a), transposed(turn));
      turned.forEach((row, n) => (a[n] = row));
      v = product(turn, v);
    }
  return [0, 1, 2].sort((x, y) => a[y][y] - a[x][x]).map((n) => v[n]);
};

/** Turns positions (Å) so that they spread least towards the reader; keeps their handedness. */
const laidFlat = (positions) => {
  const centre = times(positions.reduce(add, [0, 0, 0]), 1 / positions.length);
  const moved = positions.map((at) => subtract(at, centre));
  const spread = IDENTITY.map((_, i) => IDENTITY.map((_, j) => moved.reduce((sum, at) => sum + at[i] * at[j], 0)));
  const [x, y] = principalAxes(spread);
  const axes = [x, y, cross(x, y)];
  return moved.map((at) => apply(axes, at));
};

/** The drawing of a complex, as `drawingOf` makes it of a crystal. */
const moleculeDrawing = ({ species, positions, bonds }, radii) => {
  const laid = laidFlat(positions);
  const radius = (symbol) => (radii[symbol] ?? [1.5, true])[0];
  const atoms = laid.map((at, n) => ({ at, parts: [[species[n], 1]], radius: radius(species[n]) }));
  const half = (from, to, kind) => ({
    from: laid[from],
    to: times(add(laid[from], laid[to]), 0.5),
    symbol: species[from],
    order: { 2: 2, 3: 3 }[kind] ?? 1,
    thin: kind === "d",
  });
  return {
    sites: [],
    atoms,
    halves: bonds.flatMap(([first, second, kind]) => [half(first, second, kind), half(second, first, kind)]),
    edges: [],
    origin: [0, 0, 0],
    tips: [],
    extent: Math.max(1, ...laid.map((at) => Math.hypot(...at))),
  };
};
