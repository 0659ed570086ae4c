"""What NEST makes of SONATA files, for `tests/formats/test_sonata_peers.py`.

To be run by the Python of an environment with NEST, PyNN and h5py::

    python benchmarks/sonata_vectors.py exported tests/vectors/sonata    # PyNN's export, and spikes
    python benchmarks/sonata_vectors.py written tests/vectors/sonata     # our files, in NEST

The second wants the folder ``written``, which ``tests/formats/sonata_networks.py`` makes. Wheels of
NEST lack its own reader, ``nest.SonataNetwork``; what is here reads the files by the rules of the
format and leaves all meaning to NEST: templates are models, numbers are their parameters.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

DURATION = 200.0


def exported(folder: Path) -> None:
    """Build a network in PyNN, export it, run it in NEST."""
    import pyNN.nest as sim
    from pyNN.network import Network
    from pyNN.serialization import export_to_sonata

    sim.setup(timestep=0.1, min_delay=0.1, max_delay=5.0, spike_precision="on_grid")
    rng = np.random.default_rng(3)
    cells = {"tau_refrac": 2.0, "i_offset": 0.9, "tau_syn_E": 3.0, "tau_syn_I": 6.0}
    exc = sim.Population(20, sim.IF_curr_exp(tau_m=rng.uniform(10, 20, 20), **cells), label="exc")
    inh = sim.Population(5, sim.IF_curr_exp(tau_m=10.0, tau_syn_E=2.0, tau_refrac=1.0), label="inh")
    trains = [[5.0, 20.0], [7.0], [9.0, 30.0], [11.0]]
    src = sim.Population(4, sim.SpikeSourceArray(spike_times=trains), label="src")

    def connected(pre: Any, post: Any, n: int, weight: float, receptor: str, label: str) -> Any:
        i, j = rng.integers(0, pre.size, n), rng.integers(0, post.size, n)
        w, d = weight * rng.uniform(0.5, 1.5, n), rng.integers(1, 40, n) * 0.1
        rows = {
            (a, b): (a, b, x, y)
            for a, b, x, y in zip(i.tolist(), j.tolist(), w.tolist(), d.tolist())
        }
        return sim.Projection(
            pre,
            post,
            sim.FromListConnector(sorted(rows.values()), column_names=["weight", "delay"]),
            sim.StaticSynapse(),
            receptor_type=receptor,
            label=label,
        )

    joined = [
        connected(exc, inh, 60, 2.5, "excitatory", "e2i"),
        connected(inh, exc, 40, -0.8, "inhibitory", "i2e"),
        connected(src, exc, 30, 4.0, "excitatory", "in"),
    ]
    os.chdir(folder)
    export_to_sonata(Network(exc, inh, src, *joined), "exported", overwrite=True)
    for population in (exc, inh):
        population.record("spikes")
    sim.run(DURATION)
    found = {}
    for population in (exc, inh):
        held = population.get_data().segments[0].spiketrains
        found[population.label] = [np.asarray(train.magnitude) for train in held]
    sim.end()
    _save("exported_spikes.npz", found)


def written(folder: Path) -> None:
    """Run files of ours in NEST, with its own models and units."""
    import h5py
    import nest

    nest.ResetKernel()
    nest.resolution = 0.1
    base = folder / "written"
    populations: dict[str, Any] = {}
    for kind in ("", "virtual_"):
        with h5py.File(base / f"{kind}nodes.h5") as data:
            for row in _rows(base / f"{kind}node_types.csv"):
                held = data["nodes"][row["population"]]
                populations[row["population"]] = _created(nest, base, row, held)
    with h5py.File(base / "edges.h5") as data:
        types = {int(row["edge_type_id"]): row for row in _rows(base / "edge_types.csv")}
        for held in data["edges"].values():
            _connected(nest, populations, types, held)
    _driven(nest, base, populations)
    recorders = {}
    for name, nodes in populations.items():
        recorders[name] = nest.Create("spike_recorder")
        nest.Connect(nodes, recorders[name])
    nest.Simulate(DURATION + 0.1)
    found = {}
    for name, recorder in recorders.items():
        events, first = recorder.events, populations[name][0].global_id
        index = events["senders"] - first
        found[name] = [np.sort(events["times"][index == i]) for i in range(len(populations[name]))]
    _save(folder / "written_spikes.npz", found)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file, delimiter=" "))


def _created(nest: Any, base: Path, row: dict[str, str], held: Any) -> Any:
    size = len(held["node_type_id"])
    if row["model_type"] == "virtual":
        return nest.Create("spike_generator", size)
    given = json.loads((base / "components" / row["dynamics_params"]).read_text())
    nodes = nest.Create(row["model_template"].removeprefix("nest:"), size, params=given)
    for name, values in held["0"].get("dynamics_params", {}).items():
        nodes.set({name: values[()].tolist()})
    return nodes


def _connected(nest: Any, populations: Any, types: Any, held: Any) -> None:
    sides = [held[f"{side}_node_id"] for side in ("source", "target")]
    ends = [populations[side.attrs["node_population"].decode()] for side in sides]
    row = types[int(held["edge_type_id"][0])]
    group = held["0"]
    n = len(held["source_node_id"])

    def column(name: str) -> np.ndarray:
        return group[name][()] if name in group else np.full(n, float(row[name]))

    nest.Connect(
        sides[0][()].astype(int) + ends[0][0].global_id,
        sides[1][()].astype(int) + ends[1][0].global_id,
        "one_to_one",
        {
            "synapse_model": row["model_template"].removeprefix("nest:"),
            "weight": column("syn_weight"),
            "delay": column("delay"),
        },
    )


def _driven(nest: Any, base: Path, populations: Any) -> None:
    import h5py

    with h5py.File(base / "input_spikes.h5") as data:
        for name, held in data["spikes"].items():
            times, ids = held["timestamps"][()], held["node_ids"][()]
            for i, node in enumerate(populations[name]):
                node.spike_times = np.round(np.sort(times[ids == i]), 6).tolist()


def _save(path: Any, found: dict[str, list[np.ndarray]]) -> None:
    arrays = {}
    for name, trains in found.items():
        arrays[f"{name}_times"] = np.concatenate(trains)
        arrays[f"{name}_ids"] = np.repeat(np.arange(len(trains)), [len(t) for t in trains])
        print(name, len(arrays[f"{name}_times"]))
    np.savez_compressed(path, **arrays)


if __name__ == "__main__":
    {"exported": exported, "written": written}[sys.argv[1]](Path(sys.argv[2]))
