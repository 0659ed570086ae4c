"""A run made again up to one moment of one neuron, with all that it takes to explain it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ValidationError, shorten
from ..network.network import Network, Probe
from ..program.program import Program
from ..recording import Recording
from ..simulation import Simulation

__all__ = ["Moment", "known_network", "replay", "settings_of"]

_CHUNK = 1000.0
_SETTINGS = {
    "dt": 0.1,
    "precision": "float32",
    "trials": 1,
    "connectivity": "stored",
    "lazy": False,
}


@dataclass(frozen=True)
class Moment:
    """One step of one neuron, and what came before.

    Attributes
    ----------
    program
        What runs; `network` is its description.
    population, neuron, trial
        Whose step; the population by its place in the program.
    first, step
        The window begins after step `first` and ends with `step`.
    state, counter
        States (coherent) and refractory steps left, at `first`.
    end
        States after `step`.
    spikes
        Of all populations, since the earliest that can have arrived within the window.
    fired
        Whether the neuron spiked in `step`.
    """

    network: Network
    program: Program
    population: int
    neuron: int
    trial: int
    first: int
    step: int
    state: np.ndarray
    counter: int
    end: np.ndarray
    spikes: Recording
    fired: bool

    @property
    def dt(self) -> float:
        """The step in ms."""
        return self.program.dt


def known_network(recording: Recording, network: Network | None, where: str) -> Network:
    """The network behind a recording, checked against its provenance.

    Raises
    ------
    ValidationError
        If it is not known, is another one, or what was recorded cannot be run again.
    """
    about = recording.provenance
    if any(part.get("fed") for part in (about, *about.get("parts", ()))):
        raise ValidationError(
            where,
            "spikes, currents or rates were fed in while it ran, and are not kept",
            "a run that can be made again",
            "give the same events as SpikeTrains and StepCurrent, and run in one piece",
        )
    found = network if network is not None else recording.network
    if not isinstance(found, Network):
        raise ValidationError(
            where,
            "a recording from a file does not hold its network",
            "the network that made it",
            "pass network=",
        )
    if about.get("fingerprint", found.fingerprint) != found.fingerprint:
        raise ValidationError(
            where,
            f"the network has fingerprint {found.fingerprint[:8]}, the recording "
            f"{str(about['fingerprint'])[:8]}",
            "the network that made the recording",
        )
    return found


def settings_of(about: Mapping[str, Any]) -> dict[str, Any]:
    """What of a run's settings may shape its spikes."""
    return {name: about.get(name, default) for name, default in _SETTINGS.items()}


def replay(
    network: Network,
    settings: Mapping[str, Any],
    place: tuple[str, int, int],
    step: int,
    window: float,
) -> Moment:
    """Run `network` again up to `step`; `place` is (population, neuron, trial)."""
    name, neuron, trial = place
    again = copy.copy(network)
    sources = {p.pre.population.name for p in network.projections.values()} | {name}
    again.probes = [
        Probe(p.whole, "spikes", None) for n, p in network.populations.items() if n in sources
    ]
    sim = Simulation(again, **settings)
    program = sim.program
    first = max(0, step - max(1, round(window / program.dt)))
    _go(sim, max(0, first - program.max_delay))
    sim.drain()
    sim.forward(first - sim.step)
    k = list(network.populations).index(name)
    before = sim.engine.state()
    sim.forward(step - first)
    after = sim.engine.state()
    spikes = sim.drain()
    own = spikes[name]
    fired = bool(((own.steps == step) & (own.ids == neuron) & (own.trials == trial)).any())
    return Moment(
        network,
        program,
        k,
        neuron,
        trial,
        first,
        step,
        before.values[k][trial, :, neuron].copy(),
        int(before.counters[k][trial, neuron]),
        after.values[k][trial, :, neuron].copy(),
        spikes,
        fired,
    )


def _go(sim: Simulation, last: int) -> None:
    """Go on to step `last`, keeping nothing that was recorded."""
    chunk = max(1, round(_CHUNK / sim.dt))
    while sim.step < last:
        if not sim.forward(min(chunk, last - sim.step)):
            raise KeyboardInterrupt
        sim.drain()


def step_of(recording: Recording, t: float, dt: float, where: str) -> int:
    """A time in ms as a step, within what was recorded."""
    good = isinstance(t, int | float | np.number) and not isinstance(t, bool) and np.isfinite(t)
    step = round(float(t) / dt) if good else 0
    if not good or step < 1 or step > round(recording.t_stop / dt):
        raise ValidationError(
            f"{where}, t", f"got {shorten(t)}", f"{dt:g} to {recording.t_stop:g} ms"
        )
    return step
