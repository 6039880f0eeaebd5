#!/usr/bin/env python3
"""CPU time and hypervolume of pymoo on ZDT1 (NSGA-II) and DTLZ2 (NSGA-III).

Prints one JSON object per run: version, problem, seed, cpu_seconds (this process, search only), hypervolume.
Needs `pip install pymoo==0.6.2`. Called by `fitness/benches/pareto.rs`, which prints the ratios.
"""

import importlib.metadata
import json
import sys
import time

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.algorithms.moo.nsga3 import NSGA3
from pymoo.indicators.hv import HV
from pymoo.optimize import minimize
from pymoo.problems import get_problem
from pymoo.util.ref_dirs import get_reference_directions

GENERATIONS = 250


def searches():
    yield "ZDT1", get_problem("zdt1", n_var=30), lambda: NSGA2(pop_size=100)
    directions = get_reference_directions("das-dennis", 3, n_partitions=12)
    yield "DTLZ2", get_problem("dtlz2", n_var=12, n_obj=3), lambda: NSGA3(directions, pop_size=92)


def main():
    seeds = range(1, int(sys.argv[1]) + 1 if len(sys.argv) > 1 else 6)
    for name, problem, algorithm in searches():
        # The first search also loads compiled parts of pymoo: not counted.
        minimize(problem, algorithm(), ("n_gen", 2), seed=0)
        volume = HV(ref_point=np.full(problem.n_obj, 1.1))
        for seed in seeds:
            start = time.process_time()
            result = minimize(problem, algorithm(), ("n_gen", GENERATIONS), seed=seed)
            cpu = time.process_time() - start
            print(
                json.dumps(
                    {
                        "version": importlib.metadata.version("pymoo"),
                        "problem": name,
                        "seed": seed,
                        "cpu_seconds": cpu,
                        "hypervolume": float(volume(result.pop.get("F"))),
                    }
                ),
                flush=True,
            )


if __name__ == "__main__":
    main()
