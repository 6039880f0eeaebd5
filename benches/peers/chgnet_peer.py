#!/usr/bin/env python3
"""CPU time of the Python package chgnet for energy, forces and stress, on one thread.

Argument: CPU seconds that each figure is the mean of (2 when absent). Reads crystals from standard input, one JSON object
a line: lattice (rows, Å), species (symbols), frac. Prints one JSON object each: atoms, cpu_seconds (this process, one
prediction from structure to numbers, mean), energy_per_atom (eV); null for crystals that the package refuses.
Needs `pip install chgnet==0.4.2`. Called by `fitness/benches/potentials.rs` and `runs/examples/symmetric_speed.rs`, which print the ratios.
"""

import json
import os
import sys
import time
import warnings

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
warnings.filterwarnings("ignore")

import torch  # noqa: E402
from chgnet.model import CHGNet  # noqa: E402
from pymatgen.core import Structure  # noqa: E402

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0


def main():
    torch.set_num_threads(1)
    model = CHGNet.load(use_device="cpu", verbose=False)
    for line in sys.stdin.readlines():
        row = json.loads(line)
        structure = Structure(row["lattice"], row["species"], row["frac"])
        try:
            energy = float(model.predict_structure(structure, task="efs")["e"])  # not counted: first call
        except ValueError:  # an isolated atom
            print(json.dumps({"atoms": len(structure), "cpu_seconds": None, "energy_per_atom": None}), flush=True)
            continue
        runs, start = 0, time.process_time()
        while runs < 1 or time.process_time() - start < SECONDS:
            model.predict_structure(structure, task="efs")
            runs += 1
        cpu = (time.process_time() - start) / runs
        result = {"atoms": len(structure), "cpu_seconds": cpu, "energy_per_atom": energy}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
