"""Traces of RANC: a mesh of crossbar cores, packets from outside, a bus for what leaves.

``network``: ``cores`` with the type of each axon, neurons, and ``connections[neuron][axon]``;
``packets`` by tick; ``output_bus``, which ignores packets' delays. ``output[tick]``: what had
reached the bus. A packet from outside, too, acts one tick after it is sent.
"""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FileFormatError, shorten
from ...network.inputs import SpikeTrains
from ...network.network import Network
from ...network.population import Population
from ...network.rules import FromArrays
from ...simulation import Simulation
from ...synapses.delta import Delta
from ..neurons.crossbar import CrossbarAxon, RANCNeuron
from .compartments import spike_raster

__all__ = ["read", "replay"]

_LARGEST = 2**26


def read(path: Path) -> dict[str, Any]:
    """The description of a run, of 64 MiB at most.

    Raises
    ------
    FileFormatError
        If it is not compressed JSON.
    """
    try:
        with gzip.open(path) as file:
            text = file.read(_LARGEST + 1)
        found: Any = json.loads(text) if len(text) <= _LARGEST else None
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise FileFormatError(f"{path}: cannot be read as compressed JSON: {error}") from error
    if len(text) > _LARGEST:
        raise FileFormatError(f"{path}: is too large; 64 MiB of JSON at most")
    if not isinstance(found, dict):
        raise FileFormatError(f"{path}: holds no run, but {shorten(found)}")
    return found


def replay(data: dict[str, Any]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Pairs of our values and the file's."""
    theirs = np.array(data["output"], dtype=np.int64)
    steps, outputs = theirs.shape
    given, config = data["network"], data["config"]
    cores, n_axons = given["cores"], config["num_axons"]
    place = {tuple(core["coordinates"]): k for k, core in enumerate(cores)}
    net = Network(seed=1)
    axons = net.add(Population("axons", len(cores) * n_axons, CrossbarAxon()))
    bus = net.add(Population("bus", outputs, CrossbarAxon()))
    model = _model([n for core in cores for n in core["neurons"]], config)
    neurons = net.add(Population("neurons", len(cores) * config["num_neurons"], model))
    sources, targets, weights = _crossbars(cores, config)
    crossbar = Delta(weight=weights, delay=0.0)
    net.connect(axons, neurons, FromArrays(sources, targets), crossbar, name="crossbars")
    for to, edges in _routes(cores, config, place, tuple(given["output_bus"]["coordinates"])):
        routed = Delta(weight=1.0, delay=edges[2])
        rule = FromArrays(edges[0].astype(int), edges[1].astype(int))
        net.connect(neurons, bus if to else axons, rule, routed, name=f"routes {to}")
    times, ids = _packets(given["packets"], place, n_axons)
    net.drive(axons, SpikeTrains(times=times, ids=ids, weight=1.0))
    net.record(bus, "spikes")
    simulation = Simulation(net, dt=1.0, precision="float64")
    simulation.advance(float(steps), progress=False)
    return {"output": (spike_raster(simulation.recording()["bus"], steps, outputs), theirs)}


def _model(neurons: list[dict[str, Any]], config: dict[str, Any]) -> RANCNeuron:
    def of(name: str) -> np.ndarray:
        return np.array([neuron[name] for neuron in neurons], dtype=float)

    return RANCNeuron(
        leak=of("leak"),
        theta=of("positive_threshold"),
        negative=of("negative_threshold"),
        v_reset=of("reset_potential"),
        subtracts=of("reset_mode"),
        includes=float(config["neuron_reset_type"]),
        v=of("current_potential"),
    )


def _crossbars(
    cores: list[dict[str, Any]], config: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Axons, neurons and weights of all synapses."""
    parts = []
    for k, core in enumerate(cores):
        neuron, axon = np.nonzero(np.array(core["connections"]))
        kinds = np.array(core["axons"])[axon]
        weights = np.array([n["weights"] for n in core["neurons"]], dtype=float)[neuron, kinds]
        own = k * config["num_axons"], k * config["num_neurons"]
        parts.append((axon + own[0], neuron + own[1], weights))
    sources, targets, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
    return sources, targets, weights


def _routes(
    cores: list[dict[str, Any]],
    config: dict[str, Any],
    place: dict[tuple[int, ...], int],
    bus: tuple[int, ...],
) -> list[tuple[bool, np.ndarray]]:
    """Whether to the bus, and neuron, axon and delay of each route."""
    inside, outside = [], []
    for k, core in enumerate(cores):
        for j, neuron in enumerate(core["neurons"]):
            offset = neuron["destination_core_offset"]
            to = tuple(a + b for a, b in zip(core["coordinates"], offset, strict=True))
            source, axon = k * config["num_neurons"] + j, neuron["destination_axon"]
            if to == bus:
                outside.append((source, axon, 1.0))
            elif to in place:
                axon += place[to] * config["num_axons"]
                inside.append((source, axon, 1.0 + neuron["destination_tick"]))
    return [(to, np.array(e, float).T) for to, e in ((False, inside), (True, outside)) if e]


def _packets(
    packets: list[list[dict[str, Any]]], place: dict[tuple[int, ...], int], n_axons: int
) -> tuple[np.ndarray, np.ndarray]:
    found = [
        (
            tick + 1.0 + packet["destination_tick"],
            place[tuple(packet["destination_core"])] * n_axons + packet["destination_axon"],
        )
        for tick, batch in enumerate(packets)
        for packet in batch
    ]
    times, ids = np.array(found).reshape(-1, 2).T
    return times, ids.astype(np.int64)
