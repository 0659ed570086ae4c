"""A mapped network in SANA-FE; run by ``chips_speed.py --peer-python`` and ``chips_loihi.py``.

    python benchmarks/chips_speed_peer.py NETWORK.npz THREADS TIMING

NETWORK.npz has a network of integrate-and-fire neurons in integers, with a place for each; TIMING
is SANA-FE's ``simple`` or ``detailed``. One row of JSON: times, rates, and what was counted, or
what is missing. A tile of SANA-FE is found by its place in the mesh, column by column.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

#: Columns and rows of the mesh, cores of a tile.
COLUMNS, ROWS, TILE = 8, 4, 4
#: How synapses are held, by our name for it.
UNITS = {
    "dense": "loihi_dense_synapse", "sparse": "loihi_sparse_synapse",
    "convolutional": "loihi_conv_synapse",
}  # fmt: skip


def place_there(place: int) -> int:
    """Number of a core in SANA-FE, whose tiles are numbered down the columns."""
    router, core = divmod(place, TILE)
    row, column = divmod(router, COLUMNS)
    return (column * ROWS + row) * TILE + core


def built(sanafe: Any, given: Mapping[str, np.ndarray]) -> Any:
    """The network on SANA-FE's Loihi, its first step's bias with the potential to begin with."""
    arch = sanafe.load_loihi()
    cores = arch.cores()
    net = sanafe.Network()
    bias = float(given["bias"])
    cells = net.create_neuron_group(
        "cells", len(given["place"]), soma_hw_name="loihi_lif",
        default_synapse_hw_name=UNITS[str(given["format"])],
        default_dendrite_hw_name="loihi_dendrites",
        model_attributes={"threshold": float(given["theta"]), "bias": bias, "leak_decay": 1.0,
                          "reset_mode": "hard", "reset": 0.0},
    )  # fmt: skip
    for index, place in enumerate(given["place"].tolist()):
        cells[index].map_to_core(cores[place_there(place)])
    pairs = list(zip(given["pre"].tolist(), given["post"].tolist(), strict=True))
    cells.connect_neurons_sparse(cells, {"weight": given["weight"].tolist()}, pairs)
    chip = sanafe.SpikingChip(arch)
    chip.load(net)
    return chip


def begun(chip: Any, given: Mapping[str, np.ndarray], settings: Mapping[str, Any]) -> list[Any]:
    """The first step, which brings neurons to their potentials, and the rest of warming up."""
    cells, bias = chip.mapped_neuron_groups["cells"], float(given["bias"])
    for cell, v in zip(cells, given["v"].tolist(), strict=True):
        cell.set_attributes(model_attributes={"bias": bias + v})
    first = chip.sim(1, **settings)
    for cell in cells:
        cell.set_attributes(model_attributes={"bias": bias})
    return [first, chip.sim(int(given["warm"]) - 1, **settings)]


def main() -> None:
    """Build, warm up, measure."""
    try:
        import sanafe
    except ImportError as error:
        print(json.dumps({"tool": "sanafe", "missing": str(error)}))
        return
    began = time.perf_counter()
    with np.load(sys.argv[1]) as file:
        given = dict(file)
    settings = {"timing_model": sys.argv[3], "processing_threads": int(sys.argv[2])}
    chip = built(sanafe, given)
    built_s = time.perf_counter() - began
    runs = begun(chip, given, settings)
    cpu, wall = time.process_time(), time.perf_counter()
    runs.append(chip.sim(int(given["steps"]), **settings))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    timed = runs[-1]
    counts = ("neurons_updated", "neurons_fired", "packets_sent", "spikes", "sim_time")
    row = {
        "tool": f"sanafe {version('sanafe')}", "timing": sys.argv[3], "threads": int(sys.argv[2]),
        "built_s": round(built_s, 1), "steps_per_s": round(int(given["steps"]) / wall, 1),
        "updates_per_s": round(timed["neurons_updated"] / wall),
        "events_per_s": round(timed["spikes"] / wall),
        "cpu_s": round(cpu, 3), "wall_s": round(wall, 3),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "counted": {name: sum(run[name] for run in runs) for name in counts},
        "energy": {k: sum(run["energy"][k] for run in runs) for k in timed["energy"]},
    }  # fmt: skip
    print("\n" + json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
