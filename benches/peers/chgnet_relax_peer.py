#!/usr/bin/env python3
"""CPU time of the Python package chgnet for relaxations of cell and positions, on one thread.

Arguments: largest force (eV/Å), most steps. Reads crystals from standard input, one JSON object a line: lattice (rows, Å),
species (symbols), frac. Prints one JSON object each: atoms, cpu_seconds (this process), steps, energy_per_atom (eV; null
where the relaxation failed). The relaxer is the package's own with its default optimiser, FIRE.
Needs `pip install chgnet==0.4.2`. Called by `runs/examples/symmetric_speed.rs`, which prints the ratios.
"""

import json
import os
import sys
import time
import warnings

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"
warnings.filterwarnings("ignore")

import torch  # noqa: E402
from chgnet.model import CHGNet, StructOptimizer  # noqa: E402
from pymatgen.core import Structure  # noqa: E402


def main():
    fmax, most = float(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    model = CHGNet.load(use_device="cpu", verbose=False)
    relaxer = StructOptimizer(model=model, optimizer_class="FIRE", use_device="cpu")
    for line in sys.stdin.readlines():
        row = json.loads(line)
        structure = Structure(row["lattice"], row["species"], row["frac"])
        start = time.process_time()
        try:
            result = relaxer.relax(structure, fmax=fmax, steps=most, verbose=False)
            energies = result["trajectory"].energies
            energy, steps = float(energies[-1]) / len(structure), len(energies)
        except Exception as error:  # an isolated atom, for instance
            print(error, file=sys.stderr)
            energy, steps = None, 0
        cpu = time.process_time() - start
        result = {"atoms": len(structure), "cpu_seconds": cpu, "steps": steps, "energy_per_atom": energy}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
