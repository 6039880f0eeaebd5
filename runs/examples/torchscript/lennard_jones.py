"""Writes a TorchScript module that druse takes as a potential: Lennard-Jones noble gases.

    python lennard_jones.py argon.pt
    druse relax argon.cif --model argon.pt

Parameters of argon: epsilon = 0.0104 eV, sigma = 3.40 A, cut off at 8.5 A and shifted to end there at 0.
Needs archive.py beside it.
"""

import sys

import torch
from archive import save


class LennardJones(torch.nn.Module):
    def __init__(self, epsilon: float, sigma: float, cutoff: float):
        super().__init__()
        # Buffers would be moved to a GPU with the module; plain numbers need not.
        self.epsilon, self.sigma, self.cutoff = epsilon, sigma, cutoff

    def pair(self, r2: torch.Tensor) -> torch.Tensor:
        x = (self.sigma**2 / r2) ** 3
        return 4.0 * self.epsilon * (x * x - x)

    def forward(
        self,
        numbers: torch.Tensor,
        positions: torch.Tensor,
        cell: torch.Tensor,
        edges: torch.Tensor,
        shifts: torch.Tensor,
    ) -> torch.Tensor:
        vectors = positions[edges[1]] - positions[edges[0]] + shifts @ cell
        end = self.pair(torch.tensor(self.cutoff**2, dtype=positions.dtype, device=positions.device))
        # Each pair is there in both directions.
        return 0.5 * (self.pair((vectors * vectors).sum(dim=1)) - end).sum()


if __name__ == "__main__":
    argon = LennardJones(epsilon=0.0104, sigma=3.40, cutoff=8.5)
    save(argon, sys.argv[1], cutoff=argon.cutoff, elements=["Ar"])
