// Reads the structures of the page: a line of text each, taken apart only when it is looked at.

/** Lattice vectors (rows, Å): a along x, b in the plane of x and y. */
const latticeOf = ([a, b, c, alpha, beta, gamma]) => {
  const [ca, cb, cg] = [alpha, beta, gamma].map((angle) => (Math.abs(angle - 90) < 1e-9 ? 0 : Math.cos((angle * Math.PI) / 180)));
  const sg = Math.sqrt(1 - cg * cg);
  const x = c * cb;
  const y = (c * (ca - cb * cg)) / sg;
  return [[a, 0, 0], [b * cg, b * sg, 0], [x, y, Math.sqrt(c * c - x * x - y * y)]];
};

/** A symmetry operation such as `-x+1/2,y,z` as matrix and shift. */
const operationOf = (text) =>
  text.split(",").map((part) => {
    const row = [0, 0, 0];
    let shift = 0;
    for (const [, sign, value, axis] of part.matchAll(/([+-]?)(\d+(?:[./]\d+)?)?([xyz])?/g)) {
      if (value === undefined && axis === undefined) continue;
      const [above, below = "1"] = (value ?? "1").split("/");
      const number = ((sign === "-" ? -1 : 1) * Number(above)) / Number(below);
      if (axis) row["xyz".indexOf(axis)] += number;
      else shift += number;
    }
    return { row, shift };
  });

/** All sites of a cell that the operations make of one. */
const orbitOf = (frac, operations) => {
  const found = [];
  for (const operation of operations) {
    const image = operation.map(({ row, shift }) => {
      const x = dot(row, frac) + shift;
      return x - Math.floor(x + 1e-6);
    });
    const apart = (other) => other.every((x, n) => Math.abs(x - image[n] - Math.round(x - image[n])) < 2e-4);
    if (!found.some(apart)) found.push(image);
  }
  return found;
};

/** Who sits on a site: a symbol, or shares by symbol. */
const speciesOf = (text) => (text.includes(":") ? Object.fromEntries(text.split(",").map((part) => [part.split(":")[0], Number(part.split(":")[1])])) : text);

const readCrystal = (text, operationsByGroup) => {
  const [head, ...entries] = text.split(";");
  const [group, symbol, ...cell] = head.split(" ");
  const parameters = cell.map(Number);
  const operations = (operationsByGroup[group] ?? "x,y,z").split(";");
  const sites = entries.map((entry) => {
    const [species, letter, multiplicity, ...frac] = entry.split(" ");
    return { species: speciesOf(species), letter, multiplicity: Number(multiplicity), frac: frac.map(Number) };
  });
  const parsed = operations.map(operationOf);
  const all = sites.flatMap((site) => orbitOf(site.frac, parsed).map((frac) => [site.species, frac]));
  return {
    kind: "crystal",
    group: Number(group),
    symbol,
    cell: parameters,
    operations,
    sites,
    lattice: latticeOf(parameters),
    species: all.map(([species]) => species),
    frac: all.map(([, frac]) => frac),
  };
};

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const numberOf = (digits) => [...digits].reduce((number, digit) => number * 64 + DIGITS.indexOf(digit), 0);

const readComplex = (text) => {
  const [elements, places, bonds, charge, multiplicity, ...string] = text.split(";");
  const species = elements.split(" ").flatMap((run) => {
    const [, symbol, n] = /^([A-Z][a-z]?)(\d*)$/.exec(run);
    return Array(Number(n || 1)).fill(symbol);
  });
  const coordinates = (places.match(/.{4}/g) ?? []).map((digits) => (numberOf(digits) - 8388608) / 1e5);
  return {
    kind: "complex",
    species,
    positions: species.map((_, n) => coordinates.slice(3 * n, 3 * n + 3)),
    bonds: (bonds.match(/.{5}/g) ?? []).map((bond) => [numberOf(bond.slice(0, 2)), numberOf(bond.slice(2, 4)), bond[4]]),
    charge: Number(charge),
    multiplicity: Number(multiplicity),
    text: string.join(";"),
  };
};

/** The structure of a candidate; null where the page holds none. */
const structureOf = (row) => {
  if (!row.structureText) return null;
  return report.domain === "crystal" ? readCrystal(row.structureText, report.candidates.operations) : readComplex(row.structureText);
};
