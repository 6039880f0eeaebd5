"""A proposer for druse: rock salt, caesium chloride and zinc blende, with the edges that did best so far.

Everything it remembers goes through `state`, which druse keeps with the campaign; its random numbers follow
from `seed` and `first`. So a campaign that is stopped goes on to the same end.
"""

import json
import random
import sys

CATIONS, ANIONS = ["Na", "K"], ["F", "Cl", "Br"]
# Structure type: lattice vectors in units of the edge, place of the anion.
TYPES = {
    "rock salt": ([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]], [0.5, 0.5, 0.5]),
    "caesium chloride": ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [0.5, 0.5, 0.5]),
    "zinc blende": ([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]], [0.25, 0.25, 0.25]),
}


def learn(state, learnt):
    """Keeps the edge of the best candidate, the sum of whose costs is smallest."""
    for item in learnt:
        if item["costs"] is None:
            continue
        cost = sum(item["costs"])
        if state["cost"] is None or cost < state["cost"]:
            a = item["design"]["lattice"][0]
            state["cost"], state["parent"] = cost, item["number"]
            state["edge"] = sum(x * x for x in a) ** 0.5


def propose(state, rng):
    kind = rng.choice(list(TYPES))
    vectors, anion = TYPES[kind]
    explore = state["edge"] is None or rng.random() < 0.5
    edge = rng.uniform(3.5, 7.0) if explore else state["edge"] * rng.uniform(0.9, 1.4)
    design = {
        "lattice": [[x * edge for x in vector] for vector in vectors],
        "species": [rng.choice(CATIONS), rng.choice(ANIONS)],
        "frac": [[0, 0, 0], anion],
    }
    return {"design": design, "operator": kind, "parents": [] if explore else [state["parent"]]}


for line in sys.stdin:
    request = json.loads(line)
    answer = {"request": request["request"]}
    if request["ask"] == "hello":
        answer.update(name="salts", version="1")
    elif request["ask"] == "propose":
        state = request["state"] or {"cost": None, "edge": None, "parent": None}
        learn(state, request["learnt"])
        rng = random.Random(f"{request['seed']} {request['first']}")
        answer.update(designs=[propose(state, rng) for _ in range(request["count"])], state=state)
    print(json.dumps(answer), flush=True)
