"""Writes a model of MACE (as `mace_run_train` saves it, or a published one) as a TorchScript module that druse takes as a potential.

    python export_mace.py trained.model trained.pt [--head NAME] [--corrections mp2020] [--dtype float32]
    druse relax crystals.cif --model trained.pt

Needs mace-torch 0.3, and archive.py beside it. Say `--corrections mp2020` for a model of raw PBE(+U) in the settings of the Materials Project, whose energies
are then corrected where they stand on a hull.
"""

import argparse
from typing import Dict

import torch
from ase.data import chemical_symbols
from archive import save
from e3nn.util import jit


class Mace(torch.nn.Module):
    """The arguments of druse as those of MACE."""

    def __init__(self, model: torch.nn.Module, head: int):
        super().__init__()
        numbers = model.atomic_numbers.tolist()
        # Index of each element among those of the model; druse refuses the others by `elements`.
        places = torch.zeros(119, dtype=torch.int64)
        places[numbers] = torch.arange(len(numbers))
        self.register_buffer("places", places)
        self.count = len(numbers)
        self.head = head
        # Weights need no derivatives; forces are those of positions alone.
        self.model = jit.compile(model.requires_grad_(False).eval())

    def forward(
        self,
        numbers: torch.Tensor,
        positions: torch.Tensor,
        cell: torch.Tensor,
        edges: torch.Tensor,
        shifts: torch.Tensor,
    ) -> torch.Tensor:
        one_hot = torch.nn.functional.one_hot(self.places[numbers], self.count).to(positions.dtype)
        data: Dict[str, torch.Tensor] = {
            "positions": positions,
            "cell": cell,
            "node_attrs": one_hot,
            "edge_index": edges,
            "unit_shifts": shifts,
            "shifts": shifts @ cell,
            "batch": torch.zeros_like(numbers),
            "ptr": torch.tensor([0, numbers.size(0)], device=numbers.device),
            "head": torch.tensor([self.head], device=numbers.device),
        }
        energy = self.model(data, compute_force=False)["energy"]
        assert energy is not None
        return energy


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("to")
    parser.add_argument("--head", help="which one, of a model with several")
    parser.add_argument("--corrections", default="none", choices=["none", "mp2020"])
    parser.add_argument("--dtype", default="float64", choices=["float32", "float64"])
    arguments = parser.parse_args()
    dtype = getattr(torch, arguments.dtype)
    torch.set_default_dtype(dtype)
    model = torch.load(arguments.model, map_location="cpu", weights_only=False).to(dtype)
    heads = getattr(model, "heads", None) or [None]
    if arguments.head not in heads and (len(heads) > 1 or arguments.head is not None):
        parser.error(f"--head: found {arguments.head}, expected one of {heads}")
    head = heads.index(arguments.head) if arguments.head in heads else 0
    save(
        Mace(model, head),
        arguments.to,
        cutoff=float(model.r_max),
        elements=[chemical_symbols[number] for number in model.atomic_numbers.tolist()],
        dtype=arguments.dtype,
        corrections=arguments.corrections,
    )
