// What is drawn of a crystal: the atoms of one cell with their images on its faces, half bonds, edges.

const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
const add = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
const subtract = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const times = (a, s) => [a[0] * s, a[1] * s, a[2] * s];

/** Cartesian coordinates of fractional ones; rows of the lattice are its vectors. */
const cartesian = (f, m) => [0, 1, 2].map((n) => f[0] * m[0][n] + f[1] * m[1][n] + f[2] * m[2][n]);

/** Fractional coordinates of Cartesian ones. */
const fractional = (v, m) => {
  const volume = dot(m[0], cross(m[1], m[2]));
  return [0, 1, 2].map((n) => dot(v, cross(m[(n + 1) % 3], m[(n + 2) % 3])) / volume);
};

/** Distances between the lattice planes across each vector (Å). */
const planeSpacings = (m) => {
  const volume = Math.abs(dot(m[0], cross(m[1], m[2])));
  return [0, 1, 2].map((n) => {
    const normal = cross(m[(n + 1) % 3], m[(n + 2) % 3]);
    return volume / Math.sqrt(dot(normal, normal));
  });
};

/** Elements and shares of a site, most first. */
const occupants = (species) =>
  typeof species === "string"
    ? [[species, 1]]
    : Object.entries(species).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));

/** Sites further apart than this times the sum of their covalent radii have no bond. */
const BOND_REACH = 1.2;
/** Sites that lie beyond a face of the cell by less than this (Å) are drawn. */
const FACE = 0.15;
/** Pairs to look at before bonds are left out. */
const MOST_PAIRS = 2e7;
const MOST_TRANSLATIONS = 2e4;

/** Sites of one cell in Å; `radii` gives `[covalent radius, is a metal]` by element. */
const sitesOf = (structure, radii) =>
  structure.frac.map((frac, n) => {
    const parts = occupants(structure.species[n]);
    const known = (symbol) => radii[symbol] ?? [1.5, true];
    const whole = parts.reduce((sum, [, share]) => sum + share, 0) || 1;
    return {
      parts,
      frac: frac.map((x) => x - Math.floor(x)),
      radius: parts.reduce((sum, [symbol, share]) => sum + share * known(symbol)[0], 0) / whole,
      metal: parts.every(([symbol]) => known(symbol)[1]),
    };
  });

/** All sites within `reach(i, j)` of one, as `[index of the site, vector]`. */
const neighboursOf = (sites, lattice, furthest, reach) => {
  const range = planeSpacings(lattice).map((spacing) => Math.ceil(furthest / spacing) + 1);
  const number = (2 * range[0] + 1) * (2 * range[1] + 1) * (2 * range[2] + 1);
  if (!(number * sites.length * sites.length <= MOST_PAIRS)) return sites.map(() => []);
  const images = [];
  for (let a = -range[0]; a <= range[0]; a++)
    for (let b = -range[1]; b <= range[1]; b++)
      for (let c = -range[2]; c <= range[2]; c++) images.push(cartesian([a, b, c], lattice));
  const positions = sites.map((site) => cartesian(site.frac, lattice));
  return sites.map((site, i) => {
    const found = [];
    sites.forEach((other, j) => {
      const cut = reach(i, j);
      if (cut <= 0) return;
      const apart = subtract(positions[j], positions[i]);
      for (const image of images) {
        const vector = add(apart, image);
        const square = dot(vector, vector);
        if (square <= cut * cut && square > 0.01) found.push([j, vector]);
      }
    });
    return found;
  });
};

/**
 * Bonds between two metals are drawn only where there is nothing else: in a salt they would hide
 * the coordination of the cations.
 */
const bondsOf = (sites, lattice) => {
  const metallic = sites.every((site) => site.metal);
  const largest = Math.max(...sites.map((site) => site.radius));
  return neighboursOf(sites, lattice, 2 * BOND_REACH * largest, (i, j) =>
    !metallic && sites[i].metal && sites[j].metal ? 0 : BOND_REACH * (sites[i].radius + sites[j].radius),
  );
};

/**
 * The part of space that is drawn: a cell of these vectors (Å) at this origin. It may have a `guide`:
 * places (Å from its centre) of the atoms of another drawing, which this one shall look like.
 */
const ownCell = (structure) => ({ lattice: structure.lattice, origin: [0, 0, 0] });

/** The same lattice by vectors that are as short as steps of one vector along another make them. */
const compactCell = (lattice) => {
  const cell = lattice.map((vector) => [...vector]);
  for (let changed = true; changed; ) {
    changed = false;
    for (const i of [0, 1, 2])
      for (const j of [0, 1, 2]) {
        // A little more than a half, so that a tie cannot go to and fro.
        const steps = i === j ? 0 : dot(cell[i], cell[j]) / dot(cell[j], cell[j]);
        if (!(Math.abs(steps) >= 0.51)) continue;
        cell[i] = subtract(cell[i], times(cell[j], Math.round(steps)));
        changed = true;
      }
  }
  return cell;
};

/**
 * Translations (in whole vectors of `lattice`) that may bring a site of the first cell into a region;
 * none when the cells are so unlike that there are too many.
 */
const translationsInto = (region, lattice) => {
  const corners = [];
  for (const a of [-0.1, 1.1])
    for (const b of [-0.1, 1.1])
      for (const c of [-0.1, 1.1]) corners.push(fractional(add(region.origin, cartesian([a, b, c], region.lattice)), lattice));
  const ranges = [0, 1, 2].map((axis) => {
    const along = corners.map((corner) => corner[axis]);
    return [Math.floor(Math.min(...along)) - 1, Math.ceil(Math.max(...along))];
  });
  const number = ranges.reduce((n, [from, to]) => n * (to - from + 1), 1);
  if (!(number <= MOST_TRANSLATIONS)) return [];
  const found = [];
  for (let a = ranges[0][0]; a <= ranges[0][1]; a++)
    for (let b = ranges[1][0]; b <= ranges[1][1]; b++)
      for (let c = ranges[2][0]; c <= ranges[2][1]; c++) found.push([a, b, c]);
  return found;
};

/**
 * Which images of a site are drawn so that the drawing is like its guide: those near its atoms, and all
 * others in the cell that are no periodic image of them. Atoms that sit on a face of one cell, and a
 * little beside it in the other, would otherwise appear in one of two equal drawings only.
 */
const likeGuide = (images, { lattice, guide, reach }) => {
  const spacings = planeSpacings(lattice);
  const near = images.filter(({ at }) => guide.some((other) => Math.hypot(...subtract(at, other)) < reach));
  const repeats = (a, b) => a.every((x, axis) => Math.abs(x - b[axis] - Math.round(x - b[axis])) * spacings[axis] < reach);
  const further = images.filter(
    (image) => !near.includes(image) && image.x.every((x) => Math.abs(x) <= 0.5) && !near.some(({ x }) => repeats(x, image.x)),
  );
  return [...near, ...further];
};

const edgesOf = (corner) => {
  const edges = [];
  for (const axis of [0, 1, 2])
    for (const p of [0, 1])
      for (const q of [0, 1]) {
        const start = [0, 0, 0];
        start[(axis + 1) % 3] = p;
        start[(axis + 2) % 3] = q;
        const end = [...start];
        end[axis] = 1;
        edges.push([corner(start), corner(end)]);
      }
  return edges;
};

/** The drawing of the part of a crystal that lies in a region, around the region's centre (Å). */
const drawingOf = (structure, radii, region = ownCell(structure)) => {
  const lattice = structure.lattice;
  const sites = sitesOf(structure, radii);
  const bonds = sites.length ? bondsOf(sites, lattice) : [];
  const corner = (point) => cartesian(subtract(point, [0.5, 0.5, 0.5]), region.lattice);
  const centre = add(region.origin, cartesian([0.5, 0.5, 0.5], region.lattice));
  // Sites on a face are drawn on the opposite face too.
  const rim = planeSpacings(region.lattice).map((spacing) => FACE / spacing);
  const translations = translationsInto(region, lattice);
  const atoms = [];
  const halves = [];
  sites.forEach((site, n) => {
    const images = translations.map((translation) => {
      const at = subtract(cartesian(add(site.frac, translation), lattice), centre);
      return { at, x: fractional(at, region.lattice) };
    });
    const inside = ({ x }) => x.every((along, axis) => Math.abs(along) <= 0.5 + rim[axis]);
    for (const { at } of region.guide ? likeGuide(images, region) : images.filter(inside)) {
      atoms.push({ at, parts: site.parts, radius: site.radius });
      // Every atom draws its half of a bond, so a bond that leaves the region ends as a stub.
      for (const [, vector] of bonds[n])
        halves.push({ from: at, to: add(at, times(vector, 0.5)), symbol: site.parts[0]?.[0] });
    }
  });
  const edges = edgesOf(corner);
  const points = [...atoms.map((atom) => atom.at), ...edges.flat()];
  return {
    lattice,
    cell: region.lattice,
    sites,
    atoms,
    halves,
    edges,
    origin: corner([0, 0, 0]),
    tips: [[1, 0, 0], [0, 1, 0], [0, 0, 1]].map(corner),
    extent: Math.max(1, ...points.map((point) => Math.sqrt(dot(point, point)))),
  };
};
