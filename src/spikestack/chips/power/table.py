"""The table of policies: energy, what was saved, what it cost in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...recording.plot_style import checked_width, color_of, dress, new_figure
from .laws import Laws
from .schedule import Managed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PolicyTable", "engineering"]


def engineering(value: float | None, unit: str) -> str:
    """A number with a prefix of its size: ``"3.2 mJ"``."""
    if value is None:
        return "-"
    if value == 0:
        return f"0 {unit}"
    # Three digits round up to 1000 of the smaller unit.
    for factor, prefix in (
        (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"),
        (1e-6, "u"), (1e-9, "n"),
    ):  # fmt: skip
        if abs(value) >= 0.9995 * factor:
            return f"{value / factor:.3g} {prefix}{unit}"
    return f"{value / 1e-12:.3g} p{unit}"


@dataclass(frozen=True)
class PolicyTable:
    """One run under several policies; the first row is the run at full power.

    Attributes
    ----------
    title
        Chip and price table.
    outcomes
        A `Managed` for each policy.
    laws
        By which voltages and clocks were priced.
    """

    title: str
    outcomes: tuple[Managed, ...]
    laws: Laws

    def __getitem__(self, name: str) -> Managed:
        return {m.name: m for m in self.outcomes}[name]

    def rows(self) -> list[dict[str, Any]]:
        """Plain numbers: J, s, W and shares; saving and delay are against full power."""
        full = self.outcomes[0]
        found = []
        for m in self.outcomes:
            saved = (full.joules - m.joules) / full.joules if full.joules else 0.0
            delay = m.duration - full.duration
            found.append({
                "policy": m.name,
                "dynamic_joules": m.dynamic_joules,
                "static_joules": m.static_joules,
                "host_joules": m.host,
                "joules": m.joules,
                "saving": saved,
                "seconds": m.duration,
                "delay_seconds": delay,
                "longest_step_seconds": float(m.seconds.max(initial=0.0)),
                "late_steps": m.late,
                "wakes": m.wakes,
                "idle_share": m.idle,
                "slowed_share": m.slowed,
                "joules_per_event": m.joules / m.events if m.events else None,
            })  # fmt: skip
        return found

    def __str__(self) -> str:
        heads = ("policy", "dynamic", "static", "total", "saved", "delay", "longest step", "late",
                 "wakes")  # fmt: skip
        cells = [heads]
        for row in self.rows():
            cells.append((
                row["policy"], engineering(row["dynamic_joules"], "J"),
                engineering(row["static_joules"], "J"), engineering(row["joules"], "J"),
                f"{100 * row['saving']:.1f} %", engineering(row["delay_seconds"], "s"),
                engineering(row["longest_step_seconds"], "s"), f"{row['late_steps']:,}",
                f"{row['wakes']:,}",
            ))  # fmt: skip
        return f"{self.title}; savings by laws that are estimates (laws.describe())\n" + aligned(
            cells
        )

    def plot(self, width: float = 7.0) -> Figure:
        """Draw power over time under each policy.

        Parameters
        ----------
        width
            Inches.

        Raises
        ------
        MissingExtraError
            Without matplotlib.
        """
        figure = new_figure(checked_width(width), 2.6)
        ax = figure.subplots()
        dress(ax)
        greatest = max(float(m.power.max(initial=0.0)) for m in self.outcomes)
        factor, unit = next(
            ((f, u) for f, u in ((1.0, "W"), (1e3, "mW"), (1e6, "uW")) if greatest * f >= 1),
            (1e9, "nW"),
        )
        for k, m in enumerate(self.outcomes):
            ax.step(range(1, len(m.power) + 1), m.power * factor, where="mid", linewidth=1.0,
                    color=color_of(k), label=m.name)  # fmt: skip
        ax.set_xlabel("step")
        ax.set_ylabel(f"power ({unit})")
        ax.set_ylim(0, None)
        figure.legend(
            fontsize=7, frameon=False, ncols=2, loc="outside upper left", labelcolor="linecolor"
        )
        return figure


def aligned(cells: Sequence[tuple[str, ...]]) -> str:
    """Rows of text in columns, the first to the left, all others to the right."""
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(w) if k == 0 else cell.rjust(w)
            for k, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    )
