"""An objective for druse: the share of the cell that atoms fill, by covalent radii.

Reads one request a line from standard input and answers each with one line. Standard library only.
"""

import json
import math
import sys

# Covalent radii in Å: Cordero et al., Dalton Trans. 2832 (2008).
RADII = {"Na": 1.66, "K": 2.03, "Mg": 1.41, "Ca": 1.76, "O": 0.66, "F": 0.57, "Cl": 1.02, "Br": 1.20}


def volume(lattice):
    a, b, c = lattice
    return abs(
        a[0] * (b[1] * c[2] - b[2] * c[1])
        - a[1] * (b[0] * c[2] - b[2] * c[0])
        + a[2] * (b[0] * c[1] - b[1] * c[0])
    )


def packing(design):
    filled = 0.0
    for species in design["species"]:
        # A site holds one element, or several with their shares.
        shares = {species: 1.0} if isinstance(species, str) else species
        for element, share in shares.items():
            if element not in RADII:
                raise ValueError(f"no radius of {element}")
            filled += share * 4 / 3 * math.pi * RADII[element] ** 3
    return filled / volume(design["lattice"])


def evaluate(candidate):
    try:
        return {"value": packing(candidate["design"])}
    except ValueError as error:
        return {"error": str(error)}


for line in sys.stdin:
    request = json.loads(line)
    answer = {"request": request["request"]}
    if request["ask"] == "hello":
        answer.update(name="packing", version="1")
    elif request["ask"] == "evaluate":
        answer["results"] = [evaluate(candidate) for candidate in request["candidates"]]
    print(json.dumps(answer), flush=True)
