"""Energy against input rate, from silence on: what is left when nothing comes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ValidationError, shorten
from ..feeding import whole_steps
from ..network.files import network_of, plain_with_arrays
from ..network.inputs import SpikeTrains
from ..network.network import Network
from ..network.population import Population
from ..neurons.spike_source import SpikeSource
from ..numerics.random import stream_key, uniform
from ..settings import checked_dt
from .power.profile import events_of
from .power.table import aligned, engineering

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .chip import Chip

__all__ = ["RatePoint", "RateSweep", "fed", "sweep"]

#: Groups of counters, in the order in which they are drawn from below.
_GROUPS = {
    "looking at neurons": ("accesses", "idle updates"),
    "updates": ("driven updates", "noise draws", "busy cores", "barriers", "steps"),
    "spikes and events": (
        "spikes", "dense events", "sparse events", "convolutional events", "synapse words",
        "learning updates", "dropped",
    ),
    "traffic": (
        "messages in", "messages", "hops east-west", "hops north-south", "hops between chips",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class RatePoint:
    """A run at one input rate.

    Attributes
    ----------
    rate
        Hz of each source.
    sent, spikes, events
        Spikes that came in, spikes on the chip, synaptic events.
    driven, idle
        Neuron updates with and without anything to do.
    dynamic
        J, by group of counters.
    static, host
        J.
    seconds
        Of the chip.
    """

    rate: float
    sent: int
    spikes: int
    events: int
    driven: int
    idle: int
    dynamic: dict[str, float]
    static: float
    host: float
    seconds: float

    @property
    def joules(self) -> float:
        """Everything."""
        return sum(self.dynamic.values()) + self.static + self.host

    @property
    def watts(self) -> float:
        """Mean power; 0 where no time is known."""
        return self.joules / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class RateSweep:
    """Runs at several input rates.

    Attributes
    ----------
    title
        Network, chip and price table.
    points
        By ascending rate.
    """

    title: str
    points: tuple[RatePoint, ...]

    def plain(self) -> list[dict[str, Any]]:
        """Plain numbers, a dict for each rate."""
        return [{**vars(p), "joules": p.joules, "watts": p.watts} for p in self.points]

    def __str__(self) -> str:
        groups = list(self.points[0].dynamic)
        cells = [("Hz", "spikes in", "spikes", "events", "driven", *groups, "static", "power")]
        for p in self.points:
            cells.append((
                f"{p.rate:g}", f"{p.sent:,}", f"{p.spikes:,}", f"{p.events:,}", f"{p.driven:,}",
                *(engineering(p.dynamic[g], "J") for g in groups), engineering(p.static, "J"),
                engineering(p.watts, "W"),
            ))  # fmt: skip
        return f"{self.title}\n{aligned(cells)}"

    def plot(self, width: float = 7.0) -> Figure:
        """Draw dynamic energy by group, and power, against input rate.

        Parameters
        ----------
        width
            Inches.

        Raises
        ------
        MissingExtraError
            Without matplotlib.
        """
        from ..recording.plot_style import FAINT, INK, checked_width, color_of, dress, new_figure

        figure = new_figure(checked_width(width), 2.8)
        left, right = figure.subplots(1, 2)
        rates = [p.rate for p in self.points]
        below = np.zeros(len(rates))
        dress(left)
        for k, group in enumerate(self.points[0].dynamic):
            values = np.array([p.dynamic[group] for p in self.points])
            if values.any():
                left.fill_between(rates, below, below + values, color=color_of(k), alpha=0.85,
                                  linewidth=0, label=group)  # fmt: skip
                below = below + values
        left.legend(fontsize=7, frameon=False, loc="upper left", labelcolor="linecolor")
        left.set_ylabel("dynamic energy")
        dress(right)
        right.plot(rates, [p.watts for p in self.points], "o-", color=INK, linewidth=1.1,
                   markersize=3, clip_on=False)  # fmt: skip
        static = [p.static / p.seconds if p.seconds else 0.0 for p in self.points]
        right.plot(rates, static, color=FAINT, linewidth=0.9, linestyle=(0, (4, 3)))
        right.annotate("static", (rates[-1], static[-1]), xytext=(0, -9), ha="right",
                       textcoords="offset points", fontsize=7, color=FAINT)  # fmt: skip
        right.set_ylabel("power")
        for ax, unit in ((left, "J"), (right, "W")):
            ax.set_xlabel("rate of sources (Hz)")
            ax.set_xlim(rates[0], max(rates[-1], rates[0] + 1e-9))
            ax.set_ylim(0, max(ax.get_ylim()[1] * 1.15, 1e-15))
            ax.yaxis.set_major_formatter(lambda value, _, unit=unit: engineering(value, unit))  # type: ignore[misc]
        return figure


def sweep(
    network: Network,
    on: Chip,
    rates: Sequence[float] = (0.0, 5.0, 10.0, 20.0, 50.0, 100.0),
    duration: Any = 200.0,
    *,
    dt: Any = 1.0,
    table: str | None = None,
    progress: bool | None = None,
) -> RateSweep:
    """Run a network at several rates of its sources; everything else stays as it is.

    Parameters
    ----------
    network
        The description. Populations to which nothing projects become sources of random spikes.
    on
        A chip.
    rates
        Hz of each source, from 0 on; at most one spike in a step.
    duration, dt
        ms.
    table
        Name of a price table of the chip; the first by default.
    progress
        Whether to show bars; by default on a terminal only.

    Returns
    -------
    RateSweep
        By ascending rate. The spikes of a lower rate are among those of a higher.

    Raises
    ------
    ValidationError
        If there is no source, or a rate is not within 0 and one spike a step.
    """
    step = checked_dt(dt)
    steps = whole_steps(duration, step)
    found = []
    most = 1e3 / step
    for rate in sorted(rates):
        if not (isinstance(rate, int | float) and 0 <= rate <= most):
            raise ValidationError("sweep, rates", f"got {shorten(rate)}", f"0 to {most:g} Hz")
    for rate in sorted(rates):
        made, sent = fed(network, float(rate), steps, step)
        run = on.run(made, steps * step, dt=step, progress=progress)
        bill, ledger = run.bill(table), run.ledger
        dynamic = {
            group: sum(bill.dynamic.get(name, 0.0) for name in names)
            for group, names in _GROUPS.items()
        }
        found.append(RatePoint(
            float(rate), sent, ledger.total("spikes"), events_of(ledger),
            ledger.total("driven updates"), ledger.total("idle updates"), dynamic, bill.static,
            bill.host, bill.seconds,
        ))  # fmt: skip
    if not found:
        raise ValidationError("sweep, rates", "none", "one or more")
    return RateSweep(f"{on.name}, {on.table(table).title}", tuple(found))


def fed(network: Network, rate: float, steps: int, dt: float) -> tuple[Network, int]:
    """The same network with sources that fire at random at one rate, and how many spikes they send.

    Parameters
    ----------
    network
        The description, which stays as it is.
    rate
        Hz.
    steps, dt
        How many, of how many ms.
    """
    reached = {p.post.population.name for p in network.projections.values()}
    names = [n for n in network.populations if n not in reached]
    joined = {p.pre.population.name for p in network.projections.values()}
    names = [n for n in names if n in joined]
    if not names:
        raise ValidationError("sweep", "no population that only sends", "a source of spikes")
    sample = Network()
    sample.add(Population("source", 1, SpikeSource()))
    source = plain_with_arrays(sample)[0]["populations"][0]["model"]
    header, arrays = plain_with_arrays(network)
    for item in header["populations"]:
        if item["name"] in names:
            item["model"] = source
    header["drives"] = [d for d in header["drives"] if d["target"]["population"] not in names]
    header["probes"] = [
        p for p in header["probes"]
        if p["target"]["population"] not in names or p["variable"] == "spikes"
    ]  # fmt: skip
    made, sent = network_of(header, arrays), 0
    for name in names:
        size = made[name].size
        key = stream_key(network.seed, name, "sweep")
        draws = uniform(key, np.arange(steps * size, dtype=np.uint64)).reshape(steps, size)
        at, ids = np.nonzero(draws < rate * dt / 1e3)
        made.drive(made[name], SpikeTrains(times=(at + 1.0) * dt, ids=ids), name=f"sweep of {name}")
        sent += len(at)
    return made, sent
