"""What is simulated for the figure of a page: a network, an input to draw, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..groups.evidence import evidence
from ..groups.normalising_pool import normalising_pool
from ..groups.winner_take_all import winner_take_all
from ..network import Network, Population
from ..network.inputs import ConstantCurrent, SpikeTrains, StepCurrent
from ..neurons.base import NeuronModel
from ..neurons.graded_relu import GradedReLU
from ..neurons.lif import LIF
from ..neurons.spike_source import SpikeSource
from ..recording import Recording
from ..run import run
from ..sensors.fusion import SpikingReadout
from ..synapses.delta import Delta
from .entries import Entry

__all__ = ["Scene", "scene_of"]

#: Numbers that arrive at units which compute with them: time (ms) and value.
_ARRIVALS = ((20.0, 0.7), (60.0, 0.5), (100.0, -0.9), (140.0, 0.4))
#: Settings without which a unit would show nothing of what it does.
_SETTINGS: Mapping[str, Mapping[str, Any]] = {"FewSpike": {"start": 40.0, "alpha": 2.0}}
_DURATIONS: Mapping[str, float] = {"FewSpike": 55.0}
_HELD = "v[t+1] = v : mV; current[t+1] = i_syn : nA"
_LONGEST, _LEAST_SPIKES, _MOST_STATES = 1000.0, 5, 6


@dataclass(frozen=True)
class Scene:
    """A small network that shows one thing.

    Attributes
    ----------
    network
        With what is to be drawn recorded.
    shown
        The population that is drawn.
    duration, dt
        In ms.
    caption
        What is to be seen, in a sentence.
    input
        Label, times and values of the input, drawn above; empty for none.
    titles
        Names of recorded variables in the legend, where other than their own.
    """

    network: Network
    shown: str
    duration: float
    caption: str
    input: tuple[Any, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    dt: float = 0.1

    def run(self) -> Recording:
        """Simulate it on the reference engine, which needs no compiling."""
        how: dict[str, Any] = {"on": "reference", "precision": "float64", "progress": False}
        return run(self.network, self.duration, dt=self.dt, **how)


def scene_of(entry: Entry) -> Scene | None:
    """The scene for a page; None for a group that nobody has thought of one for."""
    if entry.kind == "group":
        make = _GROUPS.get(entry.name)
        return make() if make else None
    makers: Mapping[str, Callable[[Any], Scene]] = {
        "neuron": _driven,
        "source": _source,
        "synapse": _synapse,
        "current": _current,
    }
    return makers[entry.kind](entry.item)


def _driven(cls: type[NeuronModel]) -> Scene:
    """A neuron with a current step, long enough for some spikes."""
    short = _step(cls, 200.0)
    spikes = short.run().spikes[short.shown]
    return short if len(spikes) >= _LEAST_SPIKES else _step(cls, _LONGEST)


def _step(cls: type[NeuronModel], duration: float) -> Scene:
    model = cls(**_SETTINGS.get(cls.__name__, {}))
    on, off, current = 0.1 * duration, 0.8 * duration, model.fires_at or 0.0
    net = Network(seed=1)
    cell = net.add(Population("cell", 1, model))
    net.drive(cell, StepCurrent([on, off], [current, 0.0]))
    net.record(cell, "spikes", *model.block.states[:_MOST_STATES])
    caption = f"One neuron with {current:g} nA from {on:g} to {off:g} ms; marks above are spikes."
    drawn = ("input (nA)", [0.0, on, off, duration], [0.0, current, 0.0, 0.0])
    return Scene(net, "cell", duration, caption, drawn)


def _source(cls: type[NeuronModel]) -> Scene:
    """Spikes of some sources, or what a unit makes of numbers that arrive."""
    model = cls(**_SETTINGS.get(cls.__name__, {}))
    net = Network(seed=1)
    if model.default_synapse != "Delta":
        many = net.add(Population("sources", 20, model))
        net.record(many, "spikes")
        return Scene(net, "sources", 500.0, "Spikes of twenty of them.")
    cell = net.add(Population("unit", 1, model))
    for time, value in _ARRIVALS:
        synapse = Delta(weight=value)
        net.drive(cell, SpikeTrains([[time]], synapse=synapse), name=f"at {time:g}")
    for place in model.compartments:
        synapse = Delta(weight=1.0, compartment=place)
        net.drive(cell, SpikeTrains([[100.0, 140.0]], synapse=synapse), name=place)
    net.record(cell, "spikes", *model.block.states)
    end = _DURATIONS.get(cls.__name__, 180.0)
    arrivals = ", ".join(f"{value:g} at {time:g} ms" for time, value in _ARRIVALS if time < end)
    caption = f"What it makes of {arrivals}".replace("-", "−")
    caption += f", and of 1 at its {', '.join(model.compartments)}" if model.compartments else ""
    caption += "; marks above are spikes" + (", stems their values." if model.emit else ".")
    return Scene(net, "unit", end, caption, dt=1.0)


def _synapse(cls: type[Any]) -> Scene:
    """What one spike does: to the potential, or to the receptor and its current."""
    if cls.continuous:
        return _junction(cls)
    synapse = cls()
    net = Network(seed=1)
    if synapse.current_expr is None:
        cell = net.add(Population("cell", 1, LIF(v_thresh=0.0)))
        net.drive(cell, SpikeTrains([[10.0]], synapse=synapse))
        net.record(cell, "v")
        weight = f"{synapse.default_weight:g} {synapse.unit_of_weight()}"
        return Scene(net, "cell", 100.0, f"One spike of weight {weight} on a LIF neuron.")
    held = NeuronModel(_HELD, v=-60.0)
    cell = net.add(Population("cell", 1, held))
    times = 10.0 + 5.0 * np.arange(10) if cls.__name__ == "GABAB" else np.array([10.0])
    net.drive(cell, SpikeTrains([times], synapse=synapse))
    variable = _shown_state(synapse)
    net.record(cell, variable, "current")
    count = "One spike arrives" if len(times) == 1 else f"{len(times)} spikes arrive"
    caption = f"{count} at 10 ms; the potential is held at −60 mV."
    whole = Scene(net, "cell", _LONGEST, caption, titles={"current": "current"})
    return replace(whole, duration=_settled(whole))


def _shown_state(synapse: Any) -> str:
    """The receptor's variable that the current is made of."""
    names = [n for n in synapse.block.states if n in set(_names(synapse.current_expr))]
    return f"{synapse.label}.{names[0]}"


def _names(expr: Any) -> list[str]:
    from ..equations.expressions import names_in

    return list(names_in(expr))


def _settled(scene: Scene) -> float:
    """When the current has fallen below a fiftieth of its peak, rounded up."""
    trace = scene.run()["cell", "current"]
    size = np.abs(trace.values[0, :, 0])
    last = trace.times[size > 0.02 * size.max()][-1]
    return float(min(np.ceil(last / 10.0) * 10.0, _LONGEST))


def _junction(cls: type[Any]) -> Scene:
    net = Network(seed=1)
    pair = net.add(Population("pair", 2, LIF(tau_refrac=2.0)))
    from ..network.rules import FromArrays

    net.connect(pair, pair, FromArrays([0], [1]), cls(weight=0.02))
    net.drive(pair[:1], ConstantCurrent(1.4))
    net.record(pair, "spikes", "v")
    caption = "Neuron 0 is driven by 1.4 nA and pulls neuron 1 along; the junction has 0.02 uS."
    return Scene(net, "pair", 150.0, caption)


def _current(cls: type[Any]) -> Scene:
    net = Network(seed=1)
    cell = net.add(Population("cell", 1, NeuronModel("current[t+1] = i_syn : nA")))
    net.drive(cell, cls())
    net.record(cell, "current")
    return Scene(net, "cell", 200.0, "The current into one neuron, with the defaults.")


def _competition() -> Scene:
    net = Network(seed=1)
    group = winner_take_all(net, "group", 4)
    for place, current in enumerate((0.9, 1.0, 1.2, 1.1)):
        net.drive(group[place : place + 1], ConstantCurrent(current), name=f"{place}")
    net.record(group, "spikes")
    caption = "Four competitors with 0.9, 1, 1.2 and 1.1 nA: only the strongest goes on firing."
    return Scene(net, "group", 300.0, caption)


def _normalising() -> Scene:
    net = Network(seed=1)
    source = net.add(Population("source", 3, GradedReLU()))
    for place, (time, value) in enumerate(((20.0, 1.0), (20.0, 2.0), (20.0, 3.0))):
        train = SpikeTrains([[time, 3 * time]], synapse=Delta(weight=value))
        net.drive(source[place : place + 1], train, name=f"{place}")
    more = SpikeTrains([[60.0]], synapse=Delta(weight=6.0))
    net.drive(source[2:], more, name="more")
    units = normalising_pool(net, source, "units")
    net.record(units, "spikes")
    caption = (
        "1, 2 and 3 at 20 ms, divided by 1 + 6; 1, 2 and 9 at 60 ms, divided by 1 + 12: the same "
        "input counts for less beside a strong one."
    )
    return Scene(net, "units", 80.0, caption, dt=1.0)


def _evidence() -> Scene:
    net = Network(seed=1)
    senses = net.add(Population("senses", 2, SpikeSource()))
    net.drive(senses, SpikeTrains([[20.0, 40.0, 60.0], [70.0]]))
    readout = SpikingReadout(np.array([[1.0, -0.5], [-2.0, 2.5]]), np.zeros(2))
    group = evidence(net, "group", (senses, readout))
    net.record(group, "v")
    caption = "Three spikes of one unit speak for the first class, one of another for the second."
    return Scene(net, "group", 100.0, caption, dt=1.0)


_GROUPS: Mapping[str, Callable[[], Scene]] = {
    "winner_take_all": _competition,
    "normalising_pool": _normalising,
    "evidence": _evidence,
}
