"""The archive of a TorchScript module as druse reads it: the module, and what it says of itself in `druse.json`."""

import json
from typing import Sequence

import torch


def save(
    module: torch.nn.Module,
    to: str,
    *,
    cutoff: float,
    elements: Sequence[str],
    dtype: str = "float64",
    corrections: str = "none",
) -> None:
    """Scripts a module and writes it to a file; `cutoff` in A, the others as druse's documentation of TorchScript says."""
    metadata = {"cutoff": cutoff, "corrections": corrections, "dtype": dtype, "elements": list(elements)}
    torch.jit.save(torch.jit.script(module), to, _extra_files={"druse.json": json.dumps(metadata)})
