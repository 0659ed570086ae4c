"""What explains one step of one neuron, as data, and as a page of text."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import Any

from ..recording.tables import printable, text_table

__all__ = ["Cause", "Explanation", "Receptor"]

_SHOWN = 12


@dataclass(frozen=True)
class Receptor:
    """One receptor of the neuron in the step.

    Attributes
    ----------
    states
        Its variables before the step, by name, in their own units.
    current
        nA into the neuron from these; None for a receptor that acts without a current.
    arrived
        The sum of weights that arrived at the end of the step, in `unit`.
    """

    name: str
    states: dict[str, float]
    current: float | None
    arrived: float
    unit: str


@dataclass(frozen=True)
class Cause:
    """Something that reached the neuron within the window.

    Attributes
    ----------
    kind
        ``"spike"`` (one, through one synapse), ``"events"`` (all of a drive) or ``"current"``.
    name
        Of the projection or drive.
    population, source
        Who spiked; None unless it is a spike.
    emitted, delay, arrived
        ms: when it was emitted, how long it took, when it (of events: the last) arrived.
    count
        How many events.
    weight, unit
        Of each event, times the value that the spike carries; of a current its amplitude (nA) in
        the step.
    effect
        By how much the margin to the threshold would be smaller without it; NaN if unknown.
    decisive
        Whether the neuron would have done the opposite without it.
    """

    kind: str
    name: str
    population: str | None
    source: int | None
    emitted: float | None
    delay: float | None
    arrived: float | None
    count: int
    weight: float
    unit: str
    effect: float
    decisive: bool

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes it the same cause in another run."""
        return (self.kind, self.name, self.source, self.emitted, self.arrived)


@dataclass(frozen=True)
class Explanation:
    """Why a neuron fired, or stayed silent, in the step that ended at `time`.

    Attributes
    ----------
    population, neuron, trial, time
        Whose step; ms.
    fired
        Whether it spiked.
    before, reached, after
        Its states before the step, at its end before any reset, and after: by name, in the units
        of `units`.
    condition
        The spike condition as the model states it.
    value, threshold
        Both sides of the condition, the one that must be greater first; None if it is no single
        comparison.
    refractory
        ms of refractoriness left when the step began; 0 if there was none.
    receptors
        Its receptors.
    causes
        Everything that reached it within the window, greatest effect first.
    window
        ms.
    exact
        Whether computing the neuron alone gave the very bits of the run; effects are then exact.
    recorded
        Whether the recording says the same of this step; None if it does not tell.
    """

    population: str
    neuron: int
    trial: int
    time: float
    fired: bool
    before: dict[str, float]
    reached: dict[str, float]
    after: dict[str, float]
    units: dict[str, str]
    condition: str
    value: float | None
    threshold: float | None
    refractory: float
    receptors: tuple[Receptor, ...]
    causes: tuple[Cause, ...]
    window: float
    exact: bool
    recorded: bool | None

    @property
    def margin(self) -> float | None:
        """How far the condition's greater side was above the other; negative if below."""
        if self.value is None or self.threshold is None:
            return None
        return self.value - self.threshold

    @property
    def unit(self) -> str:
        """The unit of the margin, where the condition is about a variable of the model."""
        name = self.condition.split()[0] if self.condition else ""
        return self.units.get(name, "")

    @property
    def verdict(self) -> str:
        """One sentence."""
        who = f"{self.population}[{self.neuron}]"
        when = f"at {self.time:g} ms" + (f" of trial {self.trial}" if self.trial else "")
        if self.fired:
            return f"{who} fired {when}" + self._by()
        if self.refractory:
            return f"{who} stayed silent {when}: refractory for {self.refractory:g} ms from before"
        return f"{who} stayed silent {when}" + self._by()

    def _by(self) -> str:
        margin = self.margin
        if margin is None:
            return f" ({self.condition})" if self.condition else ": its model never spikes"
        side = "above" if margin >= 0 else "below"
        amount = f"{abs(margin):.4g} {self.unit}".strip()
        return f": {amount} {side} the threshold" if margin else ": just at the threshold"

    def __str__(self) -> str:
        lines = [self.verdict, ""]
        states = [
            [name, *(f"{d[name]:.6g}" for d in (self.before, self.reached, self.after)), unit]
            for name, unit in self.units.items()
        ]
        lines += text_table(("variable", "before", "reached", "after", "unit"), states)
        if self.value is not None and self.threshold is not None:
            sides = f"{self.value:.6g} against {self.threshold:.6g} {self.unit}".rstrip()
            lines += ["", f"spike condition {self.condition}: {sides}"]
        if self.refractory:
            lines += [f"refractory: {self.refractory:g} ms were left when the step began"]
        lines += self._receptor_lines() + self._cause_lines()
        if not self.exact:
            lines += ["", "the neuron could not be followed alone to the last bit: see the docs"]
        if self.recorded is False:
            lines += ["", "the recording says otherwise: it was made with other settings"]
        return "\n".join(printable(line) for line in lines)

    def _receptor_lines(self) -> list[str]:
        if not self.receptors:
            return []
        rows = [
            [
                r.name,
                ", ".join(f"{name} {value:.4g}" for name, value in r.states.items()) or "–",
                "–" if r.current is None else f"{r.current:.4g}",
                f"{r.arrived:.4g} {r.unit}",
            ]
            for r in self.receptors
        ]
        heads = ("receptor", "before the step", "current (nA)", "arrived in it")
        return ["", *text_table(heads, rows, left=2)]

    def _cause_lines(self) -> list[str]:
        if not self.causes:
            return ["", f"nothing reached it in the last {self.window:g} ms"]
        heads = ("rank", "cause", "from", "emitted", "delay", "arrived", "weight", "effect")
        rows = [_cause_row(rank, cause) for rank, cause in enumerate(self.causes[:_SHOWN], 1)]
        unit = f" ({self.unit})" if self.unit else ""
        lines = [
            "",
            f"what reached it in the last {self.window:g} ms, by effect on the margin{unit}:",
            *text_table(heads, rows, left=3),
        ]
        rest = self.causes[_SHOWN:]
        if rest:
            total = sum(c.effect for c in rest if not math.isnan(c.effect))
            lines.append(f"and {len(rest):,} more, {total:+.4g} together")
        if any(c.decisive for c in self.causes):
            other = "not have fired" if self.fired else "have fired"
            lines.append(f"* without it alone the neuron would {other}")
        return lines

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def _cause_row(rank: int, cause: Cause) -> list[str]:
    source = "drive" if cause.source is None else f"{cause.population}[{cause.source}]"
    times = ["" if t is None else f"{t:g}" for t in (cause.emitted, cause.delay, cause.arrived)]
    count = f"{cause.count} × " if cause.kind == "events" else ""
    effect = "?" if math.isnan(cause.effect) else f"{cause.effect:+.4g}"
    return [
        f"{rank}{'*' if cause.decisive else ''}",
        cause.name,
        source,
        *times,
        f"{count}{cause.weight:.4g} {cause.unit}".strip(),
        effect,
    ]
