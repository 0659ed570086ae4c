"""Writing a network as a circuit and a simulation."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from ...errors import UnknownNameError, ValidationError, shorten
from ...network.network import Network
from ...sensors.files.hdf5_files import library
from .expanding import Expander
from .files import replaced_folder
from .matching import plan_nodes
from .problems import Problems
from .writing_edges import write_edges
from .writing_inputs import InputPlan, plan_inputs
from .writing_nodes import has_points, has_virtual, write_nodes

__all__ = ["write"]

CIRCUIT, SIMULATION, SETS = "circuit_config.json", "simulation_config.json", "node_sets.json"
SPIKES, COMPONENTS = "input_spikes.h5", "components"
_NODES = ("nodes.h5", "node_types.csv")
_VIRTUAL = ("virtual_nodes.h5", "virtual_node_types.csv")
_EDGES = ("edges.h5", "edge_types.csv")
_FILES = {CIRCUIT, SIMULATION, SETS, SPIKES, COMPONENTS, *_NODES, *_VIRTUAL, *_EDGES}
_TARGETS = {"pynn": "PyNN", "nest": "NEST"}
RULE = (
    "models with templates (spikestack.formats.sonata.TEMPLATES), SpikeSource for virtual nodes, "
    "static synapses, given spikes and currents"
)


def write(
    network: Network,
    folder: str | Path,
    *,
    target: str = "pynn",
    duration: Any = 1000.0,
    dt: float = 0.1,
    sample: bool = False,
    indices: bool = True,
    overwrite: bool = False,
) -> Path:
    """Write a network as a circuit and a simulation, whole or not at all.

    Connections are written one by one, whatever rule made them, and values that are drawn as
    drawn. The folder holds ``circuit_config.json``, ``simulation_config.json``,
    ``node_sets.json``, ``nodes.h5`` with ``node_types.csv``, ``edges.h5`` with
    ``edge_types.csv``, and, if there are sources, ``virtual_nodes.h5``,
    ``virtual_node_types.csv`` and ``input_spikes.h5``.

    Parameters
    ----------
    network
        It is not frozen by this.
    folder
        A new or empty one.
    target
        ``"pynn"`` or ``"nest"``: whose templates, names and units are used.
    duration
        How long the simulation lasts, in ms.
    dt
        Its step, in ms; delays that are drawn are rounded to it.
    sample
        Whether sources that fire at random are written as the spikes that they fire in
        `duration`; they are refused without.
    indices
        Whether edges get indices by source and target, by which other tools look edges up.
    overwrite
        Whether files of an earlier `write` in `folder` are replaced.

    Returns
    -------
    pathlib.Path
        The simulation's file.

    Raises
    ------
    ValidationError
        If something in the network has no form in SONATA: plasticity, devices, models of one's
        own, gap junctions and more; the error names all of it.
    MemoryLimitError
        If the list of edges would not fit.
    MissingExtraError
        Without h5py.
    """
    library()
    if target not in _TARGETS:
        raise UnknownNameError("sonata.write, target", target, _TARGETS)
    checked_dt, length = _time(dt, "dt"), _time(duration, "duration")
    problems = Problems("sonata.write", RULE)
    _check_names(network, problems)
    _check_projections(network, problems)
    problems.check()
    expander = Expander(network, checked_dt)
    expander.check_memory()
    edges = {name: expander.edges(p) for name, p in network.projections.items()}
    plans = plan_nodes(network, edges, expander, target, problems)
    inputs = plan_inputs(network, plans, length, checked_dt, sample, problems)
    problems.check()
    with replaced_folder(Path(folder), _FILES, overwrite) as made:
        (made / COMPONENTS).mkdir()
        write_nodes(made, plans, _NODES, _VIRTUAL, COMPONENTS)
        if edges:
            write_edges(made, network, plans, edges, _EDGES, target, indices)
        inputs.write_spikes(made / SPIKES)
        _dump(made / CIRCUIT, _circuit(plans, bool(edges), target))
        _dump(made / SETS, inputs.node_sets)
        _dump(made / SIMULATION, _simulation(network, inputs, length, checked_dt, target))
    return Path(folder) / SIMULATION


def _time(value: Any, name: str) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not 0 < value < math.inf:
        raise ValidationError(f"sonata.write, {name}", f"got {shorten(value)}", "> 0 ms, finite")
    return float(value)


def _check_names(network: Network, to: Problems) -> None:
    if not network.populations:
        to.add("the network has no population")
    for kind, names in (("population", network.populations), ("projection", network.projections)):
        for name in names:
            if "/" in name or name in (".", ".."):
                to.add(f"{kind} {name!r}: a name with '/', or of dots alone")
    for name in (*network.populations, *network.drives):
        if "$" in name:
            to.add(f"population or drive {name!r}: a name with '$', which begins a variable")


def _check_projections(network: Network, to: Problems) -> None:
    """Note what edges cannot be."""
    for name, projection in network.projections.items():
        where = f"projection {name!r}"
        for rule in (*projection.plasticity, *projection.structure):
            to.add(f"{where}: plasticity ({rule.label})")
        if projection.realised_by is not None:
            to.add(f"{where}: a crossbar of devices")
        if projection.synapse.continuous:
            to.add(f"{where}: {projection.synapse.label}, which joins potentials")
        if projection.pre.population.model.emit_type != "none":
            to.add(f"{where}: spikes of {projection.pre.population.name!r} that carry values")
    for probe in network.synapse_probes:
        to.add(f"a probe of the projection {probe.projection!r}")


def _dump(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def _circuit(plans: Any, with_edges: bool, target: str) -> dict[str, Any]:
    files = [names for names, there in ((_NODES, has_points(plans)), (_VIRTUAL, has_virtual(plans)))
             if there]  # fmt: skip
    edges = [
        {"edges_file": f"$NETWORK_DIR/{_EDGES[0]}", "edge_types_file": f"$NETWORK_DIR/{_EDGES[1]}"}
    ]
    return {
        "manifest": {"$NETWORK_DIR": ".", "$COMPONENT_DIR": f"./{COMPONENTS}"},
        "target_simulator": _TARGETS[target],
        "components": {
            "point_neuron_models_dir": "$COMPONENT_DIR",
            "synaptic_models_dir": "$COMPONENT_DIR",
        },
        "networks": {
            "nodes": [
                {"nodes_file": f"$NETWORK_DIR/{h5}", "node_types_file": f"$NETWORK_DIR/{table}"}
                for h5, table in files
            ],
            "edges": edges if with_edges else [],
        },
    }


def _simulation(
    network: Network, inputs: InputPlan, duration: float, dt: float, target: str
) -> dict[str, Any]:
    return {
        "manifest": {"$BASE_DIR": "."},
        "network": f"$BASE_DIR/{CIRCUIT}",
        "target_simulator": _TARGETS[target],
        "run": {"tstart": 0.0, "tstop": duration, "dt": dt, "random_seed": network.seed},
        "node_sets_file": f"$BASE_DIR/{SETS}",
        "inputs": inputs.sections(f"$BASE_DIR/{SPIKES}"),
        "reports": inputs.reports,
        "output": {"output_dir": "$BASE_DIR/output", "spikes_file": "spikes.h5"},
    }
