"""What the crossbars behind a network took in a run: readings by the spikes, pulses of learning."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ValidationError
from ..network.rules import Convolution, TransposedConvolution
from ..recording.report import Report, Section
from .pulsing import COUNTS
from .realising import array_of, listed
from .tiles.array import CrossbarArray
from .tiles.costs import Cost
from .tiles.reporting import prefixed

if TYPE_CHECKING:
    from ..network.links import Projection

__all__ = ["Bill", "Charge", "bill_of", "pulses_of"]

#: Steps with spikes over which the energy of cells is averaged, at most.
_SAMPLE = 512


@dataclass(frozen=True)
class Charge:
    """What one projection's crossbars took.

    Attributes
    ----------
    readings
        Steps in which a source fired; of a convolution, times the places of its kernel.
    events
        Spikes times the devices that each reads.
    parts
        Energy of all readings by component, with its source.
    pulses, withheld
        Of learning: pulses sent, and changes too small for one.
    writing
        Energy of those pulses in the devices, J: the square of the voltage, times the mean
        conductance, times the width.
    """

    readings: int
    events: int
    parts: tuple[Cost, ...]
    pulses: int
    withheld: int
    writing: float

    @property
    def energy(self) -> float:
        """All of it, in J."""
        return sum(part.energy for part in self.parts) + self.writing


@dataclass(frozen=True)
class Bill:
    """Energy of crossbars in a run, by projection."""

    charges: dict[str, Charge]
    seconds: float

    @property
    def energy(self) -> float:
        """All of it, in J."""
        return sum(charge.energy for charge in self.charges.values())

    def report(self) -> Report:
        """A line for each projection and component, as text or in a notebook."""
        rows = []
        for name, c in self.charges.items():
            rows += [(name, part.name, prefixed(part.energy, "J")) for part in c.parts]
            if c.pulses or c.withheld:
                said = f"{c.pulses:,} pulses, {c.withheld:,} withheld"
                rows.append((name, said, prefixed(c.writing, "J")))
            each = c.energy / c.events if c.events else 0.0
            said = f"all, {c.readings:,} readings, {prefixed(each, 'J')} a synaptic event"
            rows.append((name, said, prefixed(c.energy, "J")))
        head = f"Crossbars in {prefixed(self.seconds, 's')} of the network"
        return Report((Section((head,), ("projection", "what", "energy"), tuple(rows), 2),))


def bill_of(simulation: Any) -> Bill:
    """Price the crossbars of a simulation for what it has recorded.

    Every step in which a source fired is a reading of its array: drivers, converters and what
    follows them work for all outputs, cells for the spikes that there were.

    Parameters
    ----------
    simulation
        A `Simulation` that records the spikes of all sources of its crossbars.

    Raises
    ------
    ValidationError
        If no projection stands on crossbars, or spikes of sources were not recorded.
    """
    network, recording = simulation.network, simulation.recording()
    held = {n: p for n, p in network.projections.items() if p.realised_by is not None}
    if not held:
        raise ValidationError("bill_of", "no projection stands on crossbars", "realised_by=...")
    charges = {}
    for name, projection in held.items():
        source = projection.pre.population
        whole = any(
            probe.variable == "spikes"
            and probe.target.population is source
            and len(probe.target.ids) == source.size
            for probe in network.probes
        )
        if not whole:
            raise ValidationError(
                f"bill_of, projection {name!r}", f"the spikes of {source.name!r} are not recorded",
                "all spikes of its sources", f"net.record(net[{source.name!r}], 'spikes')",
            )  # fmt: skip
        charges[name] = _charge(simulation, name, projection, recording.spikes[source.name])
    return Bill(charges, simulation.time * 1e-3)


def _charge(simulation: Any, name: str, projection: Projection, spikes: Any) -> Charge:
    ids = projection.pre.ids
    place = np.full(projection.pre.population.size, -1, np.int64)
    place[ids] = np.arange(len(ids))
    mine = place[np.asarray(spikes.ids)] >= 0
    steps = np.asarray(spikes.steps)[mine]
    fired = place[np.asarray(spikes.ids)[mine]]
    when, row = np.unique(steps, return_inverse=True)
    array = _array(simulation, name, projection)
    degree = np.bincount(listed(projection, simulation.dt).pre, minlength=len(ids))
    places = 1
    inputs: Any = np.zeros((0, array.shape[0]))
    if not isinstance(projection.rule, Convolution | TransposedConvolution):
        chosen = row < _SAMPLE
        inputs = np.zeros((min(len(when), _SAMPLE), len(ids)))
        inputs[row[chosen], fired[chosen]] = 1.0
    else:
        places = projection.post.size // array.shape[1]
    readings = len(when) * places
    costs = array.costs(inputs if len(inputs) else None)
    parts = tuple(
        replace(p, count=p.count * readings, energy=p.energy * readings) for p in costs.parts
    )
    pulses, withheld = pulses_of(simulation, name)
    device = array.crossbar.device
    volts = 0.5 * (abs(device.set_voltage) + abs(device.reset_voltage))
    mean = float(np.mean([t.cells.conductance().mean() for t in array.tiles]))
    writing = pulses * volts**2 * mean * device.pulse_width
    return Charge(readings, int(degree[fired].sum()), parts, pulses, withheld, writing)


def _array(simulation: Any, name: str, projection: Projection) -> CrossbarArray:
    """The array as it is now: with what was learned, where the projection learns."""
    if not projection.plasticity:
        return array_of(projection, simulation.dt)
    now = simulation.connections(name)
    matrix = np.zeros((projection.pre.population.size, projection.post.population.size))
    matrix[now.pre, now.post] = now.weight
    assert projection.realised_by is not None
    crossbar = replace(projection.realised_by, programming="exact", age=0.0)
    return CrossbarArray(matrix[projection.pre.ids][:, projection.post.ids], crossbar, name)


def pulses_of(simulation: Any, name: str) -> tuple[int, int]:
    """Pulses that learning has sent to a projection's devices, and changes too small for one.

    Of all trials together; 0 and 0 where nothing learns by pulses.
    """
    for k, plastic in enumerate(simulation.program.plastic):
        if simulation.program.edges[plastic.edge].name == name:
            names = [v.partition(".")[2] for v in plastic.variables]
            states = simulation.engine.learned(k).states[:, 1:]
            found = [float(states[:, names.index(c)].sum()) for c in COUNTS if c in names]
            if found:
                return int(found[0]), int(found[1])
    return 0, 0
