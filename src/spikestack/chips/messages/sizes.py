"""Step time and the busiest link against size: where the links between cores become the bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import ValidationError
from ...numerics.random import stream_key
from ...recording.plot_style import INK, checked_width, new_figure
from ..chip import Chip
from ..fabric.routers import fabric_of
from ..mapping.cores import routers_of
from .network import Packets, simulate
from .timing import link_times, picoseconds

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["SizeRow", "draw_sizes", "step_against_size"]


@dataclass(frozen=True)
class SizeRow:
    """One size.

    Attributes
    ----------
    cores
        In use, from the first place on.
    core_seconds
        Work of the busiest core, as if packets were there at once.
    link_seconds
        What the busiest link carries, one packet after the other.
    step_seconds
        Of the simulated step, without the barrier.
    peak_load
        Packets over the busiest link.
    """

    cores: int
    core_seconds: float
    link_seconds: float
    step_seconds: float
    peak_load: int

    @property
    def bound(self) -> str:
        """``"links"`` where these take longer than any core, else ``"cores"``."""
        return "links" if self.link_seconds > self.core_seconds else "cores"


def step_against_size(
    chip: Chip,
    sizes: Sequence[int],
    *,
    neurons: int = 1024,
    spikes: int = 10,
    targets: int = 8,
    events: int = 10,
    local: float | None = None,
    seed: int = 1,
) -> list[SizeRow]:
    """Simulate a step of ever more cores.

    Parameters
    ----------
    chip
        With `chips` enough for the greatest size; its first price table with times.
    sizes
        Numbers of cores.
    neurons, spikes
        Of each core, and how many of these fire.
    targets, events
        Cores that each spike goes to, and the synapses that it meets there.
    local
        Standard deviation of the distance to these in cores counted in a row; any by default.
    seed
        Of who sends to whom.

    Raises
    ------
    ValidationError
        If there are fewer cores than asked for.
    """
    time = picoseconds(chip.table())
    fabric, made = fabric_of(chip), []
    times = link_times(fabric, time)
    for size in sizes:
        if not 2 <= size <= int(chip.cores) * chip.chips:
            most = int(chip.cores) * chip.chips
            raise ValidationError("step_against_size", f"{size:,} cores", f"2 to {most:,}")
        key = int(stream_key(seed, "sizes", str(size)))
        rng = np.random.Generator(np.random.Philox(key=key))
        source = np.repeat(np.arange(size), spikes * targets)
        away = rng.integers(1, size, len(source))
        if local is not None:
            away = np.rint(rng.normal(0, local, len(source))).astype(np.int64)
        target = (source + away) % size
        routers = routers_of(chip, fabric, np.arange(size))
        paths = fabric.paths(routers[source], routers[target])
        before = np.full(len(source), time.get("messages", 0), np.int64)
        scan = neurons * time.get("accesses", time.get("idle updates", 0))
        before[::targets] += scan // max(spikes, 1) + time.get("spikes", 0)
        work = np.full(len(source), time.get("messages in", 0), np.int64)
        work += events * time.get("sparse events", time.get("dense events", 0))
        packets = Packets(source, target, before, work, paths.starts, paths.links)
        rest = np.zeros(size, np.int64)
        step = simulate(packets, rest, times, 1 << 30, False, True)
        busy = np.bincount(source, before, size) + np.bincount(target, work, size)
        carried = float((step.loads * times).max(initial=0))
        made.append(SizeRow(
            size, float(busy.max()) * 1e-12, carried * 1e-12,
            float(step.finished.max()) * 1e-12, int(step.loads.max(initial=0)),
        ))  # fmt: skip
    return made


def draw_sizes(rows: Sequence[SizeRow], width: float = 5.0) -> Figure:
    """Draw step time and what cores and links take against size; the first bound by links marked.

    Parameters
    ----------
    rows
        From `step_against_size`.
    width
        In inches.
    """
    figure = new_figure(width, 0.65 * checked_width(width))
    ax = figure.subplots()
    cores = [row.cores for row in rows]
    ax.loglog(cores, [1e6 * row.step_seconds for row in rows], "o-", color=INK, label="step")
    ax.loglog(cores, [1e6 * row.core_seconds for row in rows], "--", label="busiest core")
    ax.loglog(cores, [1e6 * row.link_seconds for row in rows], ":", label="busiest link")
    first = next((row.cores for row in rows if row.bound == "links"), None)
    if first is not None:
        ax.axvline(first, color=INK, linewidth=0.6)
    ax.set_xlabel("cores")
    ax.set_ylabel("us")
    ax.legend(frameon=False)
    return figure
