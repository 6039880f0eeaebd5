"""An objective for druse by ASE: the shortest distance between two atoms (pip install ase)."""

import json
import sys

from ase import Atoms
from ase.neighborlist import neighbor_list


def shortest(design):
    atoms = Atoms(design["species"], cell=design["lattice"], scaled_positions=design["frac"], pbc=True)
    distances = neighbor_list("d", atoms, cutoff=6.0)
    if len(distances) == 0:
        raise ValueError("no two atoms within 6 Å")
    return float(min(distances))


def evaluate(candidate):
    try:
        return {"value": shortest(candidate["design"])}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


for line in sys.stdin:
    request = json.loads(line)
    answer = {"request": request["request"]}
    if request["ask"] == "hello":
        answer.update(name="shortest distance by ASE", version="1")
    elif request["ask"] == "evaluate":
        answer["results"] = [evaluate(candidate) for candidate in request["candidates"]]
    print(json.dumps(answer), flush=True)
