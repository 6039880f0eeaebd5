#!/usr/bin/env python3
"""CPU time of the Python package sevenn for energy, forces and stress, on one thread.

Arguments: `sevennet-0` or `sevennet-l3i5`, CPU seconds that each figure is the mean of (2 when absent). Reads crystals from standard
input, one JSON object a line: lattice (rows, Å), species (symbols), frac. Prints one JSON object each: atoms, cpu_seconds
(this process, one prediction from structure to numbers, mean), energy_per_atom (eV).
Needs `pip install sevenn==0.13.0`. Called by `fitness/benches/potentials.rs`, which prints the ratios.
"""

import json
import os
import sys
import time
import warnings
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
warnings.filterwarnings("ignore")

import sevenn  # noqa: E402
import torch  # noqa: E402
from ase import Atoms  # noqa: E402
from sevenn.calculator import SevenNetCalculator  # noqa: E402

FILES = {
    "sevennet-0": "SevenNet_0__11Jul2024/checkpoint_sevennet_0.pth",
    "sevennet-l3i5": "SevenNet_l3i5/checkpoint_l3i5.pth",
}
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 2.0


def main():
    torch.set_num_threads(1)
    file = Path(sevenn.__file__).parent / "pretrained_potentials" / FILES[sys.argv[1]]
    calculator = SevenNetCalculator(str(file), device="cpu")
    for line in sys.stdin.readlines():
        row = json.loads(line)
        atoms = Atoms(symbols=row["species"], cell=row["lattice"], scaled_positions=row["frac"], pbc=True)

        def predict():
            calculator.reset()  # otherwise the package returns what it has of the same atoms
            calculator.calculate(atoms, ["energy", "forces", "stress"])
            return float(calculator.results["energy"])

        energy = predict()  # not counted: first call
        runs, start = 0, time.process_time()
        while runs < 1 or time.process_time() - start < SECONDS:
            predict()
            runs += 1
        cpu = (time.process_time() - start) / runs
        print(json.dumps({"atoms": len(atoms), "cpu_seconds": cpu, "energy_per_atom": energy / len(atoms)}), flush=True)


if __name__ == "__main__":
    main()
