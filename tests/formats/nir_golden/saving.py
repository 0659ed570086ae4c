"""What the scripts that make the golden files share: seeded inputs and the form of a case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nir
import numpy as np

#: Where cases are written, and how they differ from those kept here (0): tests change both.
HERE = Path(__file__).parent
SEED = 0
STEPS = 60


def seeded(number: int) -> int:
    """The seed of a case: its own number, moved by `SEED`."""
    return number + 1000 * SEED


def spikes_in(shape: tuple[int, ...], seed: int, rate: float = 0.3) -> np.ndarray:
    """Seeded spikes, (STEPS, *shape), 0 or 1, float32."""
    return (np.random.default_rng(seeded(seed)).random((STEPS, *shape)) < rate).astype(np.float32)


def values_in(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Seeded values between 0 and 1, (STEPS, *shape), float32."""
    return np.random.default_rng(seeded(seed)).random((STEPS, *shape)).astype(np.float32)


def smallest_margin(membranes: dict[str, np.ndarray], thresholds: dict[str, Any]) -> float:
    """The least distance of a membrane from its threshold: how near a tie the case comes."""
    return min(float(np.abs(v - thresholds[name]).min()) for name, v in membranes.items())


def save(
    tool: str,
    case: str,
    graph: nir.NIRGraph,
    given: np.ndarray,
    outputs: dict[str, np.ndarray],
    traces: dict[str, np.ndarray] | None = None,
    **info: Any,
) -> None:
    """Write ``<tool>_<case>.nir`` and ``.npz``.

    `outputs` and `traces` are by node name, (STEPS, *shape). Outputs of 0 and 1 are kept as uint8.
    The file ends in ``info``, a JSON text: tool, version, dt (s), options, margin, note.
    """
    nir.write(HERE / f"{tool}_{case}.nir", graph, compression=None)
    arrays: dict[str, np.ndarray] = {"input": given}
    for name, values in outputs.items():
        binary = np.isin(values, (0, 1)).all()
        arrays[f"out/{name}"] = values.astype(np.uint8 if binary else np.float32)
    for name, values in (traces or {}).items():
        arrays[f"trace/{name}"] = values.astype(np.float32)
    arrays["info"] = np.array(json.dumps({"tool": tool, "case": case, **info}, sort_keys=True))
    np.savez_compressed(HERE / f"{tool}_{case}.npz", **arrays)
    counts = {name: float(values.sum()) for name, values in outputs.items()}
    print(f"{tool}_{case}: {list(graph.nodes)} {counts} {info.get('margin', '')}")
