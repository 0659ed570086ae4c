"""Files of edges and edge types."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...network.network import Network, Projection
from ...sensors.files.hdf5_files import library
from .expanding import PlainEdges
from .matching import NodePlan
from .store import mark
from .tables import csv_text
from .templates import STATIC, Template

__all__ = ["write_edges"]

_COLUMNS = ("edge_type_id", "population", "model_template", "receptor_type", "syn_weight", "delay")
_RECEPTORS = ("excitatory", "inhibitory")


def write_edges(
    folder: Path,
    network: Network,
    plans: Mapping[str, NodePlan],
    edges: Mapping[str, PlainEdges],
    names: tuple[str, str],
    target: str,
    indices: bool,
) -> None:
    """Write every projection as a population of edges.

    Parameters
    ----------
    folder, names
        Where to, and the names of the file of edges and of that of their types.
    network, plans, edges
        The projections, how populations are written, and all edges.
    target
        Whose templates are used.
    indices
        Whether to add indices by source and target.
    """
    rows: list[dict[str, Any]] = []
    with library().File(folder / names[0], "w") as data:
        mark(data)
        for name, held in edges.items():
            projection = network.projections[name]
            plan = plans[projection.post.population.name]
            rows += _write_population(data, projection, held, plan, target, len(rows), indices)
    columns = [c for c in _COLUMNS if c != "receptor_type" or target == "pynn"]
    (folder / names[1]).write_text(csv_text(columns, rows), encoding="utf-8")


def _write_population(
    data: Any,
    projection: Projection,
    edges: PlainEdges,
    plan: NodePlan,
    target: str,
    first: int,
    indices: bool,
) -> list[dict[str, Any]]:
    """Write the edges of a projection; return their types."""
    name, n = projection.name, len(edges)
    assert plan.template is not None
    group = data.create_group(f"edges/{name}")
    for side, ids, end in (
        ("source", edges.pre, projection.pre),
        ("target", edges.post, projection.post),
    ):
        group[f"{side}_node_id"] = ids.astype(np.uint64)
        group[f"{side}_node_id"].attrs["node_population"] = np.bytes_(end.population.name.encode())
    receptor = plan.receptor_of[name]
    weight = _in_file(plan.template, receptor, edges.weight)
    kinds = _kinds(receptor, edges.weight, n) if target == "pynn" else np.zeros(n, np.int64)
    present = np.unique(kinds) if n else np.array([0 if receptor is None else receptor])
    place = np.searchsorted(present, kinds)
    group["edge_type_id"] = first + place
    group["edge_group_id"] = place
    index = np.empty(n, np.int64)
    for k in range(len(present)):
        mine = np.flatnonzero(place == k)
        index[mine] = np.arange(len(mine))
        _write_group(group.create_group(str(k)), weight, edges.delay, mine, target)
    group["edge_group_index"] = index
    if indices:
        _write_index(group, "source_to_target", edges.pre, projection.pre.population.size)
        _write_index(group, "target_to_source", edges.post, projection.post.population.size)
    return [
        {
            "edge_type_id": first + k,
            "population": name,
            "model_template": f"{target}:{STATIC[target]}",
            "receptor_type": _RECEPTORS[kind],
            "syn_weight": float(weight) if np.ndim(weight) == 0 else None,
            "delay": float(edges.delay) if np.ndim(edges.delay) == 0 else None,
        }
        for k, kind in enumerate(present)
    ]


def _in_file(template: Template, receptor: int | None, weight: Any) -> Any:
    """Weights in the template's unit; of conductances that hold down, NEST wants the sign."""
    found = weight if template.weight_per == 1.0 else weight * template.weight_per
    return -found if template.signed and template.conductance and receptor == 1 else found


def _kinds(receptor: int | None, weight: Any, n: int) -> np.ndarray:
    """0 for edges of the excitatory receptor, 1 for those of the inhibitory one: int64[n]."""
    if receptor is not None:
        return np.full(n, receptor)
    return np.broadcast_to(np.less(weight, 0), n).astype(np.int64)


def _write_group(group: Any, weight: Any, delay: Any, mine: np.ndarray, target: str) -> None:
    """Weights and delays that differ from edge to edge."""
    if np.ndim(weight):
        group["syn_weight"] = weight[mine]
    if np.ndim(delay):
        group["delay"] = delay[mine]
        if target == "pynn":
            # PyNN looks for delays here only.
            group["dynamics_params/delay"] = delay[mine]


def _write_index(group: Any, name: str, ids: np.ndarray, size: int) -> None:
    """Runs of edges with the same node, by node."""
    starts = np.flatnonzero(np.diff(ids, prepend=-1))
    ends = np.append(starts[1:], len(ids))
    order = np.argsort(ids[starts], kind="stable")
    bounds = np.searchsorted(ids[starts][order], np.arange(size + 1))
    ranges = np.stack([bounds[:-1], bounds[1:]], axis=1)
    ranges[ranges[:, 0] == ranges[:, 1]] = 0
    group[f"indices/{name}/node_id_to_ranges"] = ranges.astype(np.uint64)
    runs = np.stack([starts[order], ends[order]], axis=1)
    group[f"indices/{name}/range_to_edge_id"] = runs.astype(np.uint64)
