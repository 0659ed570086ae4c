"""Step time and the busiest link against size: where the links between cores become the bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import ValidationError
from ...numerics.random import stream_key
from ...recording.plot_style import FAINT, INK, checked_width, color_of, dress, new_figure
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
    figure = new_figure(width, 0.75 * checked_width(width))
    times, loads = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    cores = [row.cores for row in rows]
    for name, style, seconds in (
        ("step", "o-", [row.step_seconds for row in rows]),
        ("busiest core", "--", [row.core_seconds for row in rows]),
        ("busiest link", ":", [row.link_seconds for row in rows]),
    ):
        color = INK if name == "step" else color_of(0 if name == "busiest core" else 1)
        times.plot(cores, 1e6 * np.array(seconds), style, color=color, markersize=4, label=name)
    loads.plot(cores, [row.peak_load for row in rows], "o-", color=color_of(1), markersize=4)
    first = next((row.cores for row in rows if row.bound == "links"), None)
    for ax in (times, loads):
        dress(ax)
        ax.set_ylim(bottom=0)
        if first is not None:
            ax.axvline(first, color=FAINT, linewidth=0.8)
    if first is not None:
        times.annotate("from here links are the bound", (first, 0.04), (4, 0), fontsize=8,
                       color=FAINT, xycoords=("data", "axes fraction"),
                       textcoords="offset points")  # fmt: skip
    loads.set_xscale("log", base=2)
    loads.set_xticks(cores, [f"{n:,}" for n in cores])
    loads.set_xlabel("cores")
    times.set_ylabel("time of a step (us)")
    loads.set_ylabel("packets, busiest link")
    times.legend(frameon=False, fontsize=8)
    return figure
