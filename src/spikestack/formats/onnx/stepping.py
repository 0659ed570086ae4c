"""One step of a network as an ONNX graph, in the order of the contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from ...engines.state import initial_state
from ...errors import ValidationError
from ...network.external import ExternalCurrent
from ...network.inputs import StepCurrent
from ...network.network import Network
from ...program.lower import lower
from ...program.populations import INJECTED
from ...program.program import PopulationProgram, Program
from ...version import __version__
from .code import computed
from .delivery import Sent, delivered
from .graph import Graph

__all__ = ["stepped"]

_PRECISION = "float32"
#: Loads of three-address code that an exported step can have.
_LOADS = ("const", "state", "param", "arrivals", "refractory", "time")


def stepped(network: Network, dt: float) -> Any:
    """The ONNX model of one step of `dt` ms.

    Raises
    ------
    ValidationError
        If anything in the network cannot be had; all of it is named.
    """
    program = lower(network, dt, _PRECISION, 1)
    _check(network, program)
    return _Step(network, program).model()


def _check(network: Network, program: Program) -> None:
    faults = []
    for name, projection in network.projections.items():
        if projection.is_plastic:
            faults.append(f"projection {name!r} is plastic")
        if projection.synapse.continuous:
            faults.append(f"projection {name!r} is of gap junctions")
        if projection.realised_by is not None:
            faults.append(f"projection {name!r} is realised by a crossbar")
    for p in program.populations:
        odd = {i.op for i in p.code.instructions if not i.args} - set(_LOADS)
        if odd:
            faults.append(f"population {p.name!r} draws random numbers")
    if faults:
        raise ValidationError("onnx.write", "; ".join(faults), "what one step computes of its "
                              "inputs alone", "give it as an input, or leave it out")  # fmt: skip


class _Step:
    """Writes the graph of one step, population by population."""

    def __init__(self, network: Network, program: Program) -> None:
        self.network, self.program, self.graph = network, program, Graph()
        self.initial = initial_state(program)
        self.sent: dict[str, Sent] = {}
        self.depth: dict[str, int] = {}
        self.inputs: dict[str, Any] = {}
        self.states: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}

    def model(self) -> Any:
        """All of it."""
        self._inputs()
        old = [self._states(k, p) for k, p in enumerate(self.program.populations)]
        self._histories()
        new = []
        for level in range(self.program.levels):
            for k, p in enumerate(self.program.populations):
                if p.level == level:
                    new.append((p, self._update(k, p, old[k])))
        for p, (values, spikes) in new:
            self._outputs(p, values, spikes)
        if self._has_time:
            self._next("step", self.graph.op("Add", "step", self.graph.constant(1, np.int64)))
        about = {
            "dt_ms": self.program.dt, "fingerprint": self.program.fingerprint,
            "inputs": self.inputs, "states": self.states, "outputs": self.outputs,
        }  # fmt: skip
        return self.graph.model(
            "step", {"spikestack": json.dumps(about), "spikestack_version": __version__},
            "spikestack",
        )  # fmt: skip

    @property
    def _has_time(self) -> bool:
        codes = (p.code for p in self.program.populations)
        return any(i.op == "time" for code in codes for i in code.instructions)

    def _inputs(self) -> None:
        for name, drive in sorted(self.network.drives.items()):
            size, target = drive.target.size, drive.target.population.name
            if drive.synapse:
                what = "events in the step, by driven neuron"
            elif isinstance(drive.input, ExternalCurrent | StepCurrent):
                what = "current during the step in nA, by driven neuron"
            else:
                continue
            self.graph.input(f"drive.{name}", [size], np.float32, 0.0)
            self.inputs[f"drive.{name}"] = {"meaning": what, "of": target, "size": size}
        if self._has_time:
            self._state("step", "the number of this step, from 0", (), np.int64, 0, "")

    def _state(
        self, name: str, meaning: str, shape: tuple[int, ...], dtype: Any, start: Any, unit: str
    ) -> str:
        self.states[name] = {"next": f"next.{name}", "meaning": meaning, "unit": unit}
        return self.graph.input(name, shape, dtype, start)

    def _next(self, name: str, value: str) -> None:
        about = next(i for i in self.graph.inputs if i.name == name)
        sides = [d.dim_value for d in about.type.tensor_type.shape.dim[1:]]
        dtype = self.graph.onnx.helper.tensor_dtype_to_np_dtype(about.type.tensor_type.elem_type)
        self.graph.output(f"next.{name}", value, sides, dtype)

    def _states(self, k: int, p: PopulationProgram) -> dict[str, str]:
        made = {}
        for at, (name, unit, scale) in enumerate(zip(p.states, p.units, p.scales, strict=True)):
            if name == INJECTED:
                made[name] = self._injected(k, p)
                continue
            meaning = f"state {name} of {p.name}, in units of {scale:g} {unit}"
            made[name] = self._state(
                f"{p.name}.{name}", meaning, (p.size,), np.float32,
                self.initial.values[k][0, at], unit,
            )  # fmt: skip
        if p.n_ref is not None:
            made["refractory"] = self._state(
                f"{p.name}.refractory", f"steps for which {p.name} is held", (p.size,), np.int32,
                0, "",
            )  # fmt: skip
        return made

    def _injected(self, k: int, p: PopulationProgram) -> str:
        """The sum of all currents into a population, in double precision, then rounded."""
        graph, total = self.graph, self.graph.constant(np.zeros(p.size), np.float64)
        for drive in self.program.current_drives:
            if drive.population != k:
                continue
            if f"drive.{drive.name}" in self.inputs:
                given = graph.cast(f"drive.{drive.name}", np.float64)
                place = np.zeros((len(drive.ids), p.size))
                place[np.arange(len(drive.ids)), drive.ids] = 1.0
                whole = np.array_equal(drive.ids, np.arange(p.size))
                added = given if whole else graph.op(
                    "MatMul", given, graph.constant(place, np.float64)
                )  # fmt: skip
            else:
                row = np.zeros(p.size)
                row[drive.ids] = drive.amplitude(0)
                added = graph.constant(row, np.float64)
            total = graph.op("Add", total, added)
        return graph.cast(total, np.float32)

    def _histories(self) -> None:
        depth = self.depth
        for e in self.program.edges:
            name = self.program.populations[e.pre].name
            depth[name] = max(depth.get(name, 0), e.max_delay)
        for p in self.program.populations:
            model = self.network.populations[p.name].model
            most = 1.0 if p.emit_type == "none" else float(model.emit_limit)
            sent = self.sent[p.name] = Sent(p.size, p.emit_type, most)
            if depth.get(p.name) and p.code.spike is not None:
                sent.history = self._state(
                    f"{p.name}.sent", f"what {p.name} sent in the steps before, the last first",
                    (depth[p.name], p.size), np.float32, 0.0, "",
                )  # fmt: skip
        for p in self.program.populations:
            sent = self.sent[p.name]
            if sent.history:
                spread = self.graph.spread(sent.history, [depth[p.name], p.size])
                sent.history = self.graph.cast(spread, np.float64)

    def _update(self, k: int, p: PopulationProgram, old: dict[str, str]) -> Any:
        graph, arrived = self.graph, self._arrivals(k, p)
        loads: dict[str, Callable[[int], str]] = {
            "state": lambda at: old[p.states[at]],
            "param": lambda at: graph.constant(np.asarray(p.values[at]), np.float32),
            "arrivals": lambda r: arrived[r],
            "refractory": lambda _: graph.op("Greater", old["refractory"],
                                             graph.constant(0, np.int32)),
            "time": self._time,
        }  # fmt: skip
        names, logical = computed(graph, p.code, loads, np.float32)
        new = {
            state: names[at] for state, at in zip(p.states, p.code.stores, strict=True)
            if state != INJECTED
        }  # fmt: skip
        if p.code.spike is None:
            return new, ""
        fires = names[p.code.spike]
        if not logical[p.code.spike]:
            fires = graph.cast(fires, np.bool_)
        carried = graph.constant(1.0, np.float32) if p.code.emit is None else names[p.code.emit]
        if p.code.emit is not None and logical[p.code.emit]:
            carried = graph.cast(carried, np.float32)
        spikes = graph.op("Where", fires, carried, graph.constant(0.0, np.float32))
        spikes = graph.spread(spikes, [p.size])
        self.sent[p.name].now = graph.cast(spikes, np.float64)
        if p.n_ref is not None:
            less = graph.op("Sub", old["refractory"], graph.constant(1, np.int32))
            left = graph.op("Max", less, graph.constant(0, np.int32))
            held = graph.constant(np.asarray(p.n_ref), np.int32)
            new["refractory"] = graph.op("Where", fires, held, left)
        return new, spikes

    def _time(self, end: int) -> str:
        graph = self.graph
        steps = graph.cast("step", np.float64)
        if end:
            steps = graph.op("Add", steps, graph.constant(1.0, np.float64))
        ms = graph.op("Mul", steps, graph.constant(self.program.dt, np.float64))
        return graph.op("Unsqueeze", graph.cast(ms, np.float32), graph.constant([1], np.int64))

    def _arrivals(self, k: int, p: PopulationProgram) -> list[str]:
        """What reaches each receptor now, in coherent units."""
        graph, found = self.graph, []
        for r, receptor in enumerate(p.receptors):
            parts = [self._driven(name, p) for name in self._drives(k, r)]
            for e in self.program.edges:
                if (e.post, e.receptor) != (k, r):
                    continue
                pre = self.program.populations[e.pre]
                if pre.code.spike is None:
                    continue
                sums = delivered(
                    graph, e, self.network.projections[e.name], self.sent[pre.name], p.size
                )
                parts += [sums] if sums else []
            total = graph.constant(0.0, np.float64)
            if parts:
                total = graph.op("Sum", *parts) if len(parts) > 1 else parts[0]
            single = graph.cast(total, np.float32)
            found.append(graph.op("Mul", single, graph.constant(receptor.quantum, np.float32)))
        return found

    def _drives(self, k: int, r: int) -> list[str]:
        """Drives of events onto a receptor, by name."""
        return [n for n, (at, to, *_) in self._events.items() if (at, to) == (k, r)]

    @property
    def _events(self) -> dict[str, tuple[int, int, np.ndarray, np.ndarray]]:
        """By drive of events: population, receptor, driven neurons, quanta."""
        program = self.program
        found = {d.name: (d.population, d.receptor, d.ids, d.weights) for d in program.poisson}
        found |= {p.name: (p.population, p.receptor, p.ids, p.weights)
                  for p in program.ports if p.receptor >= 0}  # fmt: skip
        return dict(sorted(found.items()))

    def _driven(self, name: str, p: PopulationProgram) -> str:
        graph = self.graph
        _, _, ids, weights = self._events[name]
        given = graph.cast(f"drive.{name}", np.float64)
        quanta = graph.op("Round", graph.op("Mul", given, graph.constant(weights, np.float64)))
        if np.array_equal(ids, np.arange(p.size)):
            return quanta
        targets = graph.spread(graph.constant(ids, np.int64), [len(ids)])
        nothing = graph.spread(graph.constant(0.0, np.float64), [p.size])
        return graph.op("ScatterElements", nothing, targets, quanta, axis=1, reduction="add")

    def _outputs(self, p: PopulationProgram, new: dict[str, str], spikes: str) -> None:
        for name, value in new.items():
            self._next(f"{p.name}.{name}", value)
        if not spikes:
            return
        self.graph.output(f"{p.name}.spikes", spikes, [p.size], np.float32)
        what = {"none": "1 where a neuron spikes"}.get(p.emit_type, "what spikes carry, 0 if none")
        self.outputs[f"{p.name}.spikes"] = {"meaning": what}
        sent = self.sent[p.name]
        if sent.history:
            name = f"{p.name}.sent"
            before = self.graph.cast(sent.history, np.float32)
            now = self.graph.op("Unsqueeze", spikes, self.graph.constant([1], np.int64))
            kept = self.graph.op(
                "Slice", before, self.graph.constant([0], np.int64),
                self.graph.constant([self.depth[p.name] - 1], np.int64),
                self.graph.constant([1], np.int64),
            )  # fmt: skip
            self._next(name, self.graph.op("Concat", now, kept, axis=1))
