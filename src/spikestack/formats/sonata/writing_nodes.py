"""Files of nodes and node types."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...sensors.files.hdf5_files import library
from .matching import NodePlan
from .nodes import VIRTUAL
from .store import mark
from .tables import csv_text

__all__ = ["has_points", "has_virtual", "write_nodes"]

_SHAPE = "spikestack_shape"


def has_points(plans: Mapping[str, NodePlan]) -> bool:
    """Whether there are neurons."""
    return any(plan.template for plan in plans.values())


def has_virtual(plans: Mapping[str, NodePlan]) -> bool:
    """Whether there are virtual nodes."""
    return any(plan.template is None for plan in plans.values())


def write_nodes(
    folder: Path,
    plans: Mapping[str, NodePlan],
    points: tuple[str, str],
    virtual: tuple[str, str],
    components: str,
) -> None:
    """Write neurons and virtual nodes, each to a file with its types.

    Parameters
    ----------
    folder
        Where to.
    plans
        By population.
    points, virtual
        Names of the file of nodes, and of that of their types.
    components
        The folder, in `folder`, of the types' parameters.
    """
    numbered = list(enumerate(plans.values()))
    for (h5, table), chosen in (
        (points, [(k, p) for k, p in numbered if p.template]),
        (virtual, [(k, p) for k, p in numbered if p.template is None]),
    ):
        if not chosen:
            continue
        rows = []
        with library().File(folder / h5, "w") as data:
            mark(data)
            for k, plan in chosen:
                row, scalars = _write_population(data, k, plan)
                if plan.template:
                    row["dynamics_params"] = f"{k}.json"
                    text = json.dumps(scalars, indent=1) + "\n"
                    (folder / components / f"{k}.json").write_text(text, encoding="utf-8")
                rows.append(row)
        (folder / table).write_text(csv_text(_columns(rows), rows), encoding="utf-8")


def _columns(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _write_population(
    data: Any, type_id: int, plan: NodePlan
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write a population; return its type, and the parameters that are the same for all."""
    population = plan.population
    n = population.size
    group = data.create_group(f"nodes/{population.name}")
    group.attrs[_SHAPE] = np.array(population.shape, np.int64)
    group["node_id"] = np.arange(n, dtype=np.uint64)
    group["node_type_id"] = np.full(n, type_id, np.int64)
    group["node_group_id"] = np.zeros(n, np.int64)
    group["node_group_index"] = np.arange(n, dtype=np.int64)
    inner = group.create_group("0")
    if plan.positions is not None:
        for axis, column in zip("xyz", plan.positions.T):
            inner[axis] = np.ascontiguousarray(column)
    scalars = {name: v for name, v in plan.values.items() if np.ndim(v) == 0}
    for name, values in plan.values.items():
        if np.ndim(values):
            inner[f"dynamics_params/{name}"] = np.asarray(values, np.float64)
    row = {
        "node_type_id": type_id,
        "population": population.name,
        "model_type": "point_neuron" if plan.template else VIRTUAL,
        "model_template": plan.template.full_name if plan.template else None,
    }
    return row, {name: float(v) for name, v in scalars.items()}
