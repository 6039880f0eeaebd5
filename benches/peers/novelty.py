#!/usr/bin/env python3
"""CPU time of a novelty look-up with pymatgen's StructureMatcher, defaults, on one thread.

Arguments: files of reference structures as JSON lines (plain or .gz). Reads queries from standard input, one JSON
object a line: lattice (rows, Å), species, frac. Each query is compared with the references of its reduced formula
until one fits, as common evaluation scripts do; reading and bucketing the references is not counted. Prints one JSON
object: version, references, found (queries with a match), seconds (CPU time of this process, a query).
Needs `pip install pymatgen==2026.10.24`. Called by `validation/examples/index_scaling`, which prints the ratio.
"""

import collections
import gzip
import importlib.metadata
import json
import sys
import time
import warnings

warnings.filterwarnings("ignore")

from pymatgen.analysis.structure_matcher import StructureMatcher  # noqa: E402
from pymatgen.core import Composition, Lattice, Structure  # noqa: E402


def reduced(species):
    return Composition(collections.Counter(species)).reduced_formula


def main():
    queries = [json.loads(line) for line in sys.stdin]
    queries = [Structure(q["lattice"], q["species"], q["frac"]) for q in queries]
    wanted = {query.composition.reduced_formula for query in queries}
    buckets, references = collections.defaultdict(list), 0
    for path in sys.argv[1:]:
        with (gzip.open if path.endswith(".gz") else open)(path, "rt") as lines:
            for line in lines:
                row = json.loads(line)
                references += 1
                formula = reduced(row["species"])
                if formula in wanted:
                    lattice = Lattice.from_parameters(*row["cell"]) if "cell" in row else row["lattice"]
                    buckets[formula].append(Structure(lattice, row["species"], row["frac"]))
    matcher = StructureMatcher()
    start = time.process_time()
    found = sum(any(matcher.fit(known, query) for known in buckets[query.composition.reduced_formula]) for query in queries)
    seconds = (time.process_time() - start) / len(queries)
    version = importlib.metadata.version("pymatgen")
    print(json.dumps({"version": version, "references": references, "found": found, "seconds": seconds}))


if __name__ == "__main__":
    main()
