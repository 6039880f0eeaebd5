"""The other side of io_peers.rs: python io_peers.py check|write FOLDER

`check` reads what druse wrote by ASE and pymatgen and compares it with expected.jsonl; `write` makes files by both and an
expected.jsonl for druse. Ends with 77 where a package is absent. Made for ase==3.29.0 and pymatgen==2026.10.24.
"""

import json
import subprocess
import sys
import warnings
from pathlib import Path

try:
    import ase.db
    import ase.io
    import numpy as np
    from ase import Atoms
    from ase.calculators.singlepoint import SinglePointCalculator
    from ase.units import GPa
    from monty.serialization import dumpfn, loadfn
    from pymatgen.core import Lattice, Structure
    from pymatgen.entries.computed_entries import ComputedStructureEntry, ManualEnergyAdjustment
    from pymatgen.io.optimade import OptimadeStructureAdapter
except ImportError as error:
    print(error)
    sys.exit(77)

warnings.filterwarnings("ignore")
mode, folder = sys.argv[1], Path(sys.argv[2])


def close(found, expected, what, tolerance=1e-9):
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    assert found.shape == expected.shape and abs(found - expected).max() < tolerance, (what, found, expected)


def same_atoms(atoms, expected, what):
    assert atoms.get_chemical_symbols() == expected["species"], what
    assert atoms.pbc.all(), what
    close(atoms.cell[:], expected["lattice"], what)
    close(atoms.get_scaled_positions(wrap=False), expected["frac"], what)
    close(atoms.get_potential_energy(), expected["energy"], what)
    if "forces" in expected:
        close(atoms.get_forces(), expected["forces"], what)
        # ASE's electronvolt is of 2014, 8e-9 of it less than today's.
        close(atoms.get_stress(voigt=False) / GPa, expected["stress"], what, 1e-7)
        close(atoms.get_magnetic_moments(), expected["magmoms"], what)


def same_structure(structure, expected, what):
    assert [site.specie.symbol for site in structure] == expected["species"], what
    close(structure.lattice.matrix, expected["lattice"], what)
    close(structure.frac_coords, expected["frac"], what)


def check():
    expected = [json.loads(line) for line in (folder / "expected.jsonl").read_text().splitlines()]
    others = ["energy_above_hull", "novelty", "converged"]

    frames = ase.io.read(folder / "x.extxyz", index=":")
    assert len(frames) == len(expected)
    for atoms, one in zip(frames, expected):
        same_atoms(atoms, one, "extxyz")
        assert atoms.info["id"] == one["id"] and all(atoms.info[key] == one[key] for key in others), atoms.info

    database = ase.db.connect(folder / "x.db")
    rows = list(database.select(sort="id"))
    assert len(rows) == len(expected) == database.count()
    for row, one in zip(rows, expected):
        same_atoms(row.toatoms(), one, "db")
        assert row.druse_id == one["id"] and all(row[key] == one[key] for key in others), row.key_value_pairs
        assert row.nearest == one["nearest"] and row.data["further"] == one["further"], row.data
        close(row.fmax if "forces" in one else 0.0, max(np.linalg.norm(one.get("forces", [[0.0]]), axis=1)), "fmax")
        assert abs(row.mass - row.toatoms().get_masses().sum()) < 0.02
    assert [row.druse_id for row in database.select("energy_above_hull<0.05,Na")] == [expected[0]["id"]]
    listed = subprocess.run(
        [sys.executable, "-m", "ase", "db", str(folder / "x.db"), "-c", "id,formula,energy,energy_above_hull,druse_id"],
        capture_output=True, text=True, check=True,
    ).stdout
    assert all(one["id"] in listed for one in expected), listed
    described = subprocess.run([sys.executable, "-m", "ase", "db", str(folder / "x.db")], capture_output=True, text=True, check=True)
    assert f"Rows: {len(expected)}" in described.stdout, described.stdout
    # ASE goes on in the same file.
    database.write(rows[0].toatoms(), note="again")
    database.update(1, checked=True)
    assert database.count() == len(expected) + 1 and database.get(id=1).checked

    entries = loadfn(folder / "entries.json")
    assert len(entries) == len(expected)
    for entry, one in zip(entries, expected):
        assert isinstance(entry, ComputedStructureEntry) and entry.entry_id == one["id"]
        same_structure(entry.structure, one, "entry")
        close(entry.energy, one["energy"], "entry")
        close(entry.correction, one.get("correction", 0.0), "entry")
        assert all(entry.data[key] == one[key] for key in others + ["nearest", "further"]), entry.data
        assert entry.composition == entry.structure.composition
        assert ComputedStructureEntry.from_dict(entry.as_dict()).energy == entry.energy

    answer = json.loads((folder / "optimade.json").read_text())
    for resource, one in zip(answer["data"], expected, strict=True):
        structure = OptimadeStructureAdapter.get_structure(resource)
        same_structure(structure, one, "optimade")
        told = structure.properties["optimade_attributes"]
        assert resource["id"] == one["id"] and all(told[f"_druse_{key}"] == one[key] for key in others), told
        own = OptimadeStructureAdapter.get_optimade_structure(structure)["attributes"]
        for key in ["elements", "nelements", "nsites", "chemical_formula_reduced", "chemical_formula_anonymous", "dimension_types"]:
            assert own[key] == resource["attributes"][key], (key, own[key], resource["attributes"][key])
        close(own["elements_ratios"], resource["attributes"]["elements_ratios"], "elements_ratios")


def write():
    random = np.random.default_rng(5)
    database = ase.db.connect(folder / "x.db")
    frames, entries, answers, expected = [], [], [], []
    for name, symbols in [("salt", ["Na", "Cl"]), ("perovskite", ["Sr", "Ti", "O", "O", "O"])]:
        n = len(symbols)
        cell = np.eye(3) * 4.5 + random.normal(0, 0.3, (3, 3))
        frac, forces, stress = random.random((n, 3)), random.normal(0, 1, (n, 3)), random.normal(0, 0.05, (3, 3))
        stress, magmoms, energy = stress + stress.T, random.normal(0, 1, n), float(random.normal(-20, 1))
        atoms = Atoms(symbols, cell=cell, scaled_positions=frac, pbc=True)
        results = {"energy": energy, "forces": forces, "stress": stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]], "magmoms": magmoms}
        atoms.calc = SinglePointCalculator(atoms, **results)
        pairs = {"e_hull": 0.03, "label": f"a {name}", "checked": True, "count": 3}
        database.write(atoms, druse_id=name, **pairs, data={"dos": np.arange(6.0).reshape(2, 3), "deep": {"k": [1, None]}})
        frame = atoms.copy()
        frame.calc = atoms.calc
        frame.info = {"id": name, **pairs}
        frames.append(frame)
        structure = Structure(Lattice(cell), symbols, frac)
        adjustment = [ManualEnergyAdjustment(-1.25)] if name == "salt" else []
        entries.append(
            ComputedStructureEntry(structure, energy, energy_adjustments=adjustment, entry_id=name, data=pairs, parameters={"run_type": "GGA"})
        )
        answers.append({"id": name, "type": "structures", **OptimadeStructureAdapter.get_optimade_structure(structure)})
        one = {"id": name, "lattice": cell.tolist(), "species": symbols, "frac": frac.tolist(), "energy": energy}
        one |= {"forces": forces.tolist(), "stress": (stress / GPa).tolist(), "magmoms": magmoms.tolist(), **pairs}
        expected.append(one | {"correction": -1.25 if adjustment else 0.0})
    ase.io.write(folder / "x.extxyz", frames)
    dumpfn(entries, folder / "entries.json")
    (folder / "optimade.json").write_text(json.dumps({"data": answers}))
    (folder / "expected.jsonl").write_text("".join(json.dumps(one) + "\n" for one in expected))


{"check": check, "write": write}[mode]()
