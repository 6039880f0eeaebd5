#!/usr/bin/env python3
"""CPU time of pymatgen's StructureMatcher, defaults, on one thread.

Reads pairs of crystals from standard input, one JSON list of two objects a line: lattice (rows, Å), species (symbol to
share), frac. Prints one JSON object: version, and rates per second of CPU time (this process): reduction, kernel (fit
of reduced pairs), cold (fit with both reductions, nothing cached), distance (get_rms_dist of reduced pairs).
Needs `pip install pymatgen==2026.10.24`. Called by `validation/benches/matching.rs`, which prints the ratios.
"""

import importlib.metadata
import json
import sys
import time
import warnings

warnings.filterwarnings("ignore")

from pymatgen.analysis.structure_matcher import StructureMatcher  # noqa: E402
from pymatgen.core import Structure  # noqa: E402


class Reduced(StructureMatcher):
    """Takes its structures as reduced already."""

    def _preprocess(self, struct1, struct2, niggli=True, skip_structure_reduction=False):
        return super()._preprocess(struct1, struct2, niggli, skip_structure_reduction=True)


def reduce(structure):
    return structure.get_reduced_structure(reduction_algo="niggli").get_primitive_structure()


def rate(items, work):
    start = time.process_time()
    results = [work(item) for item in items]
    return len(items) / (time.process_time() - start), results


def main():
    pairs = [
        [Structure(s["lattice"], s["species"], s["frac"]) for s in json.loads(line)] for line in sys.stdin
    ]
    matcher, reduced = StructureMatcher(), Reduced()
    clear = getattr(StructureMatcher._get_reduced_istructure, "cache_clear", lambda: None)

    def cold(pair):
        clear()
        return matcher.fit(*pair)

    cold(pairs[0])  # not counted: first call
    reduction, singles = rate([structure for pair in pairs for structure in pair], reduce)
    ready = list(zip(singles[::2], singles[1::2], strict=True))
    rates = {
        "version": importlib.metadata.version("pymatgen"),
        "reduction": reduction,
        "kernel": rate(ready, lambda pair: reduced.fit(*pair))[0],
        "cold": rate(pairs, cold)[0],
        "distance": rate(ready, lambda pair: reduced.get_rms_dist(*pair))[0],
    }
    print(json.dumps(rates))


if __name__ == "__main__":
    main()
