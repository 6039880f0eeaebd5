// Files of candidates, made in the page: CIF, POSCAR and extXYZ of crystals, XYZ of complexes, and tables.

const nameOf = (row) => `candidate-${row.number}`;
const decimal = (x, n) => x.toFixed(n);

/** A CIF with the symmetry operations and one row for each occupied Wyckoff position. */
const cifOf = (row, structure) => {
  const { cell, group, symbol, operations, sites, lattice } = structure;
  const tags = ["length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma"];
  const volume = Math.abs(dot(lattice[0], cross(lattice[1], lattice[2])));
  const rows = sites.flatMap(({ species, letter, multiplicity, frac }, n) =>
    occupants(species).map(([element, share]) => `${element}${n + 1} ${element} ${multiplicity} ${letter} ${frac.map((x) => decimal(x, 6)).join(" ")} ${share}`),
  );
  return [
    `data_${nameOf(row)}`,
    `_chemical_name_common '${row.formula}'`,
    ...tags.map((tag, n) => `_cell_${tag} ${decimal(cell[n], 6)}`),
    `_cell_volume ${decimal(volume, 6)}`,
    `_space_group_name_H-M_alt '${symbol}'`,
    `_space_group_IT_number ${group}`,
    "loop_",
    "_space_group_symop_operation_xyz",
    ...operations.map((operation) => `'${operation}'`),
    "loop_",
    ...["label", "type_symbol", "site_symmetry_multiplicity", "Wyckoff_symbol", "fract_x", "fract_y", "fract_z", "occupancy"].map((tag) => `_atom_site_${tag}`),
    ...rows,
    "",
  ].join("\n");
};

/** The conventional cell in the format of VASP; sites with several occupants by the first. */
const poscarOf = (row, { lattice, species, frac }) => {
  const first = species.map((site) => occupants(site)[0][0]);
  const symbols = [...new Set(first)];
  const counts = symbols.map((symbol) => first.filter((each) => each === symbol).length);
  const vector = (v, n) => v.map((x) => decimal(x, n)).join(" ");
  const sites = symbols.flatMap((symbol) => frac.filter((_, n) => first[n] === symbol).map((at) => vector(at, 8)));
  return [`${row.formula} ${nameOf(row)}`, "1.0", ...lattice.map((v) => vector(v, 8)), symbols.join(" "), counts.join(" "), "Direct", ...sites, ""].join("\n");
};

/** A crystal in the extended XYZ format: conventional cell and positions in Å. */
const extxyzOf = (row, { lattice, species, frac }) => {
  const atoms = frac.map((at, n) => `${occupants(species[n])[0][0]} ${cartesian(at, lattice).map((x) => decimal(x, 8)).join(" ")}`);
  const values = objectives.map((objective, n) => [objective.name, row.values[n]]).filter(([, value]) => isNumber(value));
  const notes = values.map(([name, value]) => `${name}=${value}`).join(" ");
  const head = `Lattice="${lattice.flat().map((x) => decimal(x, 8)).join(" ")}" Properties=species:S:1:pos:R:3 pbc="T T T" id=${nameOf(row)} ${notes}`;
  return [atoms.length, head, ...atoms, ""].join("\n");
};

/** A complex as XYZ; the comment says what the atoms are. */
const xyzOf = (row, { species, positions, charge, multiplicity, text }) => {
  const atoms = positions.map((at, n) => `${species[n]} ${at.map((x) => decimal(x, 5)).join(" ")}`);
  return [atoms.length, `id=${nameOf(row)} charge=${charge} multiplicity=${multiplicity} complex=${text}`, ...atoms, ""].join("\n");
};

/** `{ ending, label, write(row, structure) }` of the formats of this campaign. */
const FORMATS =
  report.domain === "crystal"
    ? [
        { ending: "cif", label: "CIF", write: cifOf },
        { ending: "vasp", label: "POSCAR", write: poscarOf },
        { ending: "extxyz", label: "extXYZ", write: extxyzOf },
      ]
    : [{ ending: "xyz", label: "XYZ", write: xyzOf }];

const download = (name, text) => {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = element("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(address), 10000);
};

/** The files of some candidates in one: blocks of a CIF, frames of an XYZ file. POSCAR holds one only. */
const downloadAll = (rows, format) => {
  const written = rows.map((row) => [row, structureOf(row)]).filter(([, structure]) => structure);
  if (!written.length) return 0;
  const name = written.length === 1 ? `${nameOf(written[0][0])}-${written[0][0].formula.replace(/[^A-Za-z0-9]/g, "")}` : `${report.name.replace(/[^\w-]+/g, "-")}-${written.length}`;
  download(`${name}.${format.ending}`, written.map(([row, structure]) => format.write(row, structure)).join(""));
  return written.length;
};

const csvCell = (value) => {
  const text = value === undefined || value === null ? "" : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** What the table knows of some candidates, one line each. */
const csvOf = (rows) => {
  const heads = ["candidate", "formula", report.shape, "status", ...objectives.map((each) => `${each.name} (${each.unit})`), ...propertyNames, "verdict", "nearest", "generator", "operator", "parents", "step", "reason"];
  const line = (row) => [
    row.number, row.formula, row.shape, statusOf(row), ...objectives.map((_, n) => row.values[n]), ...propertyNames.map((name) => propertyOf(row, name)),
    row.verdict, row.nearest, row.generator, row.operator, row.parents.join(" "), row.step, row.reason,
  ];
  return [heads, ...rows.map(line)].map((cells) => cells.map(csvCell).join(",")).join("\n") + "\n";
};
