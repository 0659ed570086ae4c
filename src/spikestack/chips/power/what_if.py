"""The same run by other prices, voltages and steps; energy of an inference, of a synaptic event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from ..figures import Figure
from ..pricing import Scope
from .laws import Laws, laws_of, si
from .profile import profile_of
from .schedule import Schedule, managed
from .table import aligned, engineering

__all__ = ["WhatIf", "WhatIfRow", "what_if"]


@dataclass(frozen=True)
class WhatIfRow:
    """A run at one price table, voltage and step.

    Attributes
    ----------
    table, scope
        Which prices, and what they cover.
    voltage
        As a share of the nominal one; frequency is the highest there by the law of delay.
    step
        The least that a step lasts, s; 0 where as short as the load allows.
    dynamic, static, host
        J; None where prices are all-in, and cannot be taken apart.
    joules
        All of it, as far as the scope goes.
    seconds
        Of the run.
    late
        Steps that take longer than the step.
    events, inferences
        What the run did.
    """

    table: str
    scope: Scope
    voltage: float
    step: float
    dynamic: float | None
    static: float | None
    host: float | None
    joules: float
    seconds: float
    late: int
    events: int
    inferences: float | None

    @property
    def watts(self) -> float:
        """Mean power."""
        return self.joules / self.seconds if self.seconds else 0.0

    @property
    def joules_per_event(self) -> float | None:
        """Energy of a synaptic event, everything shared out among them."""
        return self.joules / self.events if self.events else None

    @property
    def joules_per_inference(self) -> float | None:
        """Energy of an inference, if their number was given."""
        return self.joules / self.inferences if self.inferences else None


@dataclass(frozen=True)
class WhatIf:
    """Rows of `what_if`."""

    title: str
    rows: tuple[WhatIfRow, ...]

    def plain(self) -> list[dict[str, Any]]:
        """Plain numbers, a dict for each row."""
        return [
            {
                **vars(row), "scope": str(row.scope), "watts": row.watts,
                "joules_per_event": row.joules_per_event,
                "joules_per_inference": row.joules_per_inference,
            }
            for row in self.rows
        ]  # fmt: skip

    def __str__(self) -> str:
        heads = ("prices", "scope", "voltage", "step", "dynamic", "static", "total", "power",
                 "an event", "an inference", "late")  # fmt: skip
        cells = [heads]
        for r in self.rows:
            cells.append((
                r.table, str(r.scope), f"{r.voltage:g}",
                engineering(r.step, "s") if r.step else "free", engineering(r.dynamic, "J"),
                engineering(r.static, "J"), engineering(r.joules, "J"), engineering(r.watts, "W"),
                engineering(r.joules_per_event, "J"), engineering(r.joules_per_inference, "J"),
                f"{r.late:,}",
            ))  # fmt: skip
        return f"{self.title}\n{aligned(cells)}"


def what_if(
    run: Any,
    tables: Sequence[str] | None = None,
    voltages: Sequence[float] = (1.0,),
    steps: Sequence[Figure | None] = (None,),
    inferences: float | None = None,
    laws: Laws | None = None,
) -> WhatIf:
    """Price a finished run in other ways; what happened in it stays as it is.

    Parameters
    ----------
    run
        A `ChipRun`.
    tables
        Names of price tables of the chip; all of them by default.
    voltages
        Shares of the nominal one. Prices are those of the nominal one; energy, leakage and the
        highest frequency follow by `laws`, which are estimates.
    steps
        Figures in s to ns in place of the chip's step; None for its own.
    inferences
        How many the run made.
    laws
        The chip's by default.

    Returns
    -------
    WhatIf
        A row for each combination; all-in prices and analog chips have rows for the nominal voltage
        alone.

    Raises
    ------
    ValidationError
        If a voltage is not above the threshold of the transistors, or a number is not positive.
    """
    chip = run.mapped.chip
    laws = laws_of(chip) if laws is None else laws
    names = list(chip.prices) if tables is None else list(tables)
    if inferences is not None and not inferences > 0:
        raise ValidationError("what_if, inferences", f"got {shorten(inferences)}", "more than 0")
    rows = []
    for name in names:
        profile = profile_of(run, name)
        for step in steps:
            least = profile.step if step is None else _seconds(step)
            at = replace(profile, step=least)
            for voltage in voltages:
                faster = 1.0 if voltage == 1.0 else laws.frequency(voltage)
                whole = profile.scope == Scope.ALL_IN
                if (whole or profile.analog) and voltage != 1.0:
                    continue
                schedule = replace(
                    Schedule.full(at, voltage, faster),
                    unused=laws.leaks(voltage), unused_clock=voltage**2 * faster,
                )  # fmt: skip
                m = managed(name, at, schedule, laws)
                elsewhere = m.elsewhere * (1.0 if whole else float(laws.dynamic(voltage)))
                dynamic = float(np.sum(m.energy)) + elsewhere
                parts = (dynamic, m.static_joules, m.host)
                rows.append(WhatIfRow(
                    name, profile.scope, voltage, least,
                    None if whole else parts[0], None if whole else parts[1],
                    None if whole else parts[2], sum(parts), m.duration, m.late,
                    profile.events, inferences,
                ))  # fmt: skip
    return WhatIf(f"{chip.name}, one run at other prices, voltages, steps", tuple(rows))


def _seconds(step: Figure) -> float:
    if not isinstance(step, Figure) or step.unit not in ("s", "ms", "us", "ns"):
        raise ValidationError("what_if, steps", f"got {shorten(step)}", "a Figure in s to ns")
    if not float(step) > 0:
        raise ValidationError("what_if, steps", f"{step}", "more than 0")
    return si(step)
