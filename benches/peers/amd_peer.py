#!/usr/bin/env python3
"""CPU time of the average-minimum-distance package for structures on standard input.

Reads one JSON object per line (lattice: rows are vectors in angstrom; frac). Prints one JSON object per structure:
version, pdd_seconds (this process; PDD with k = 100 from a periodic set in memory, mean of ROUNDS rounds), and for the
first EMD_PAIRS structures emd and emd_seconds to the next structure.
Needs `pip install average-minimum-distance==1.6.1`. Called by `validation/benches/fingerprint.rs`, which prints the ratios.
"""

import importlib.metadata
import json
import sys
import time

import amd
import numpy as np

K = 100
ROUNDS = int(sys.argv[1])
EMD_PAIRS = int(sys.argv[2])


def main():
    sets = []
    for line in sys.stdin:
        row = json.loads(line)
        cell = np.array(row["lattice"])
        sets.append(amd.PeriodicSet(np.array(row["frac"]) @ cell, cell))
    # The first pass also compiles parts of the package: not counted.
    for periodic in sets:
        amd.PDD(periodic, K)
    amd.EMD(amd.PDD(sets[0], K), amd.PDD(sets[1], K))
    version = importlib.metadata.version("average-minimum-distance")
    rows = [{"version": version, "pdd_seconds": 0.0} for _ in sets]
    for _ in range(ROUNDS):
        found = []
        for row, periodic in zip(rows, sets):
            start = time.process_time()
            found.append(amd.PDD(periodic, K))
            row["pdd_seconds"] += (time.process_time() - start) / ROUNDS
    for row, first, second in zip(rows[:EMD_PAIRS], found, found[1:]):
        start = time.process_time()
        row["emd"] = float(amd.EMD(first, second))
        row["emd_seconds"] = time.process_time() - start
    for row in rows:
        print(json.dumps(row))


if __name__ == "__main__":
    main()
