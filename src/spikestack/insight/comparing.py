"""Where two recordings part: the first spike and the first sample that differ, and why."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import SpikestackError, ValidationError, shorten
from ..network.fingerprint import digest
from ..network.network import Network
from ..network.plain import plain_network
from ..recording import Recording, SpikeRecord, Trace
from ..recording.tables import printable, text_table
from .explaining import explain
from .explanation import Cause, Explanation

__all__ = ["Comparison", "SampleDifference", "SpikeDifference", "compare"]

#: Facts of provenance that no two runs need share, or that are compared otherwise.
_INCIDENTAL = (
    *("date", "wall_time_s", "build_time_s", "build_seconds", "real_time_factor", "profile"),
    *("engine_details", "parts"),
)
_MOST = 12


@dataclass(frozen=True)
class SpikeDifference:
    """The first spike in which two recordings differ.

    Attributes
    ----------
    population, neuron, trial, time
        Whose; ms.
    a, b
        What it carries in each (1 where spikes carry nothing), or None where there is none.
    """

    population: str
    neuron: int
    trial: int
    time: float
    a: float | None
    b: float | None

    def __str__(self) -> str:
        who = f"{self.population}[{self.neuron}] at {self.time:g} ms, trial {self.trial}"
        if self.a is None or self.b is None:
            return f"{who}: a spike in {'b' if self.a is None else 'a'} only"
        return f"{who}: the spike carries {self.a:g} in a, {self.b:g} in b"


@dataclass(frozen=True)
class SampleDifference:
    """The first recorded sample in which two recordings differ."""

    population: str
    variable: str
    neuron: int
    trial: int
    time: float
    a: float
    b: float
    unit: str

    def __str__(self) -> str:
        who = f"{self.population}[{self.neuron}].{self.variable}"
        return (
            f"{who} at {self.time:g} ms, trial {self.trial}: {self.a:.9g} {self.unit} in a, "
            f"{self.b:.9g} {self.unit} in b"
        )


@dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Attributes
    ----------
    spike
        The first spike that differs, or None.
    sample
        The first sample of a trace recorded in both that differs, or None.
    settings
        What of the two provenances differs, by name: (in a, in b).
    description
        What of the two networks differs, by place, where both are known.
    a, b
        Why the neuron did what it did at the first spike that differs, where a run can be made
        again; else `reasons` say why not.
    notes
        What could not be compared, and why.
    """

    spike: SpikeDifference | None
    sample: SampleDifference | None
    settings: dict[str, tuple[Any, Any]]
    description: dict[str, tuple[Any, Any]]
    a: Explanation | None
    b: Explanation | None
    notes: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether all spikes and samples that both hold are the same."""
        return self.spike is None and self.sample is None

    @property
    def causes(self) -> list[tuple[Cause | None, Cause | None]]:
        """Causes of the first spike that differ between a and b, the greatest difference first."""
        if self.a is None or self.b is None:
            return []
        ours, theirs = ({c.key: c for c in x.causes} for x in (self.a, self.b))
        pairs = [(ours.get(key), theirs.get(key)) for key in {**ours, **theirs}]
        different = [p for p in pairs if _strength(p[0]) != _strength(p[1])]
        return sorted(different, key=lambda p: -abs(_effect(p[0]) - _effect(p[1])))

    def __str__(self) -> str:
        lines = ["equal: all spikes and samples that both hold" if self.equal else "different"]
        if self.spike:
            lines.append(f"first spike: {self.spike}")
        if self.sample:
            lines.append(f"first sample: {self.sample}")
        for title, found in (("settings", self.settings), ("description", self.description)):
            if found:
                rows = [[k, shorten(a), shorten(b)] for k, (a, b) in list(found.items())[:_MOST]]
                lines += ["", *text_table((title, "a", "b"), rows, left=3)]
                lines += [f"and {len(found) - _MOST} more"] * (len(found) > _MOST)
        lines += self._cause_lines()
        for label, explanation in (("a", self.a), ("b", self.b)):
            if explanation is not None:
                lines += ["", f"in {label}: {explanation.verdict}"]
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(printable(line) for line in lines)

    def _cause_lines(self) -> list[str]:
        rows = [_cause_row(x, y) for x, y in self.causes[:_MOST]]
        if not rows:
            return []
        heads = ("cause that differs", "from", "arrived", "weight, effect in a", "in b")
        return ["", *text_table(heads, rows, left=2)]

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def _strength(cause: Cause | None) -> tuple[float, int] | None:
    return None if cause is None else (cause.weight, cause.count)


def _effect(cause: Cause | None) -> float:
    return 0.0 if cause is None or math.isnan(cause.effect) else cause.effect


def _cause_row(a: Cause | None, b: Cause | None) -> list[str]:
    c = a if a is not None else b
    assert c is not None
    return [
        c.name,
        "drive" if c.source is None else f"{c.population}[{c.source}]",
        "" if c.arrived is None else f"{c.arrived:g}",
        *(
            "–" if x is None else f"{x.count} × {x.weight:.4g} {x.unit}, {x.effect:+.4g}"
            for x in (a, b)
        ),
    ]


def compare(
    a: Recording,
    b: Recording,
    *,
    networks: tuple[Network | None, Network | None] = (None, None),
    explained: bool = True,
) -> Comparison:
    """Find the first spike in which two recordings differ, and what led to it.

    Parameters
    ----------
    a, b
        Compared where both have recorded: the same populations and neurons, the common window.
    networks
        What was run, for recordings that were loaded.
    explained
        Whether to run both again up to the first difference, to explain it.

    Raises
    ------
    ValidationError
        If they have different dt or numbers of trials, so that no spikes correspond.
    """
    for recording in (a, b):
        if not isinstance(recording, Recording):
            raise ValidationError("compare", f"got {shorten(recording)}", "two recordings")
    notes: list[str] = []
    for name in sorted(set(a.spikes) ^ set(b.spikes)):
        notes.append(f"spikes of {name!r} are in {'a' if name in a.spikes else 'b'} only")
    found = [_first_spike(a.spikes[n], b.spikes[n]) for n in a.spikes if n in b.spikes]
    spike = min((f for f in found if f), key=lambda f: (f.time, f.trial), default=None)
    pairs = [
        (trace, b.traces[name][variable])
        for name, variables in a.traces.items()
        for variable, trace in variables.items()
        if name in b.traces and variable in b.traces[name]
    ]
    samples = [_first_sample(*pair) for pair in pairs]
    sample = min((s for s in samples if s), key=lambda s: s.time, default=None)
    known = [given or r.network for r, given in zip((a, b), networks)]
    why: list[Explanation | None] = [None, None]
    if spike and explained:
        why = [_why(r, spike, n, label, notes) for r, n, label in zip((a, b), known, "ab")]
    description = {}
    if isinstance(known[0], Network) and isinstance(known[1], Network):
        description = dict(_differences(_plain(known[0]), _plain(known[1])))
    settings = dict(_differences(_facts(a), _facts(b)))
    return Comparison(spike, sample, settings, description, why[0], why[1], tuple(notes))


def _why(
    recording: Recording, spike: SpikeDifference, network: Any, label: str, notes: list[str]
) -> Explanation | None:
    where = (spike.population, spike.neuron, spike.time)
    try:
        return explain(recording, *where, trial=spike.trial, network=network)
    except SpikestackError as error:
        notes.append(f"{label} is not explained: {error}")
        return None


def _first_spike(a: SpikeRecord, b: SpikeRecord) -> SpikeDifference | None:
    for name in ("dt", "n_trials", "size"):
        if getattr(a, name) != getattr(b, name):
            raise ValidationError(
                f"compare, population {a.population!r}",
                f"{name} is {getattr(a, name)} in a, {getattr(b, name)} in b",
                "recordings with the same grid, trials and sizes",
            )
    both = np.intersect1d(a.neurons, b.neurons)
    start, stop = max(a.t_start, b.t_start) / a.dt, min(a.t_stop, b.t_stop) / a.dt
    parts: list[Any] = []
    for side, r in enumerate((a, b)):
        use = (r.steps > start + 1e-6) & (r.steps <= stop + 1e-6) & np.isin(r.ids, both)
        values = np.ones(len(r.steps)) if r.values is None else r.values.astype(np.float64)
        columns: Any = (r.steps, r.trials, r.ids, np.full(len(r.steps), side), values)
        parts.append([column[use] for column in columns])
    columns = [np.concatenate(pair) for pair in zip(*parts)]
    order = np.lexsort((columns[3], columns[2], columns[1], columns[0]))
    steps, trials, ids, sides, values = (column[order] for column in columns)
    keys = np.stack([steps, trials, ids])
    twin = np.append((keys[:, 1:] == keys[:, :-1]).all(axis=0), False) if len(steps) else sides > 1
    second = np.roll(twin, 1)
    same_value = values == np.roll(values, -1)
    wrong = np.flatnonzero((~twin & ~second) | (twin & ~same_value))
    if not len(wrong):
        return None
    i = int(wrong[0])
    found: list[float | None] = [None, None]
    found[int(sides[i])] = float(values[i])
    if twin[i]:
        found[int(sides[i + 1])] = float(values[i + 1])
    place = (int(ids[i]), int(trials[i]), float(steps[i] * a.dt))
    return SpikeDifference(a.population, *place, *found)


def _first_sample(a: Trace, b: Trace) -> SampleDifference | None:
    if a.dt != b.dt or a.n_trials != b.n_trials:
        return None
    ids, i, j = np.intersect1d(a.ids, b.ids, return_indices=True)
    steps, s, t = np.intersect1d(a.steps, b.steps, return_indices=True)
    x, y = a.values[:, s][:, :, i], b.values[:, t][:, :, j]
    different = (x != y) & ~(np.isnan(x) & np.isnan(y))
    rows = np.flatnonzero(different.any(axis=(0, 2)))
    if not len(rows):
        return None
    k = int(rows[0])
    trial, n = (int(v) for v in np.argwhere(different[:, k])[0])
    place = (int(ids[n]), trial, float(steps[k] * a.dt))
    values = (float(x[trial, k, n]), float(y[trial, k, n]))
    return SampleDifference(a.population, a.variable, *place, *values, a.unit)


def _facts(recording: Recording) -> dict[str, Any]:
    about = {k: v for k, v in recording.provenance.items() if k not in _INCIDENTAL}
    return about | {"t_start": recording.t_start, "t_stop": recording.t_stop}


def _plain(network: Network) -> dict[str, Any]:
    plain = plain_network(network, digest)
    del plain["probes"]
    for part in ("populations", "projections", "drives"):
        plain[part] = {item["name"]: item for item in plain[part]}
    return plain


def _differences(a: Any, b: Any, place: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Places of nested plain data at which two differ."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for name in {**a, **b}:
            inner = f"{place}.{name}" if place else str(name)
            yield from _differences(a.get(name), b.get(name), inner)
    elif a != b:
        yield place, (a, b)
