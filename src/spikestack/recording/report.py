"""The report of a run: what the engine chose, what it takes, and where the time went.

Everything is read from the provenance, which is plain data from a file as often as from a run of
just now: whatever it lacks, or says in another shape, is left out.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..sizes import human_bytes
from .tables import html_table, printable, text_table

if TYPE_CHECKING:
    from .recording import Recording

__all__ = ["Report", "Section", "report_of"]

Facts = Mapping[str, Any]
PARTS = ("synapses", "rows", "states", "accumulators", "queues", "logs")
UNKNOWN = "–"
#: What is beyond this is no count and no time.
MOST = 1e300


@dataclass(frozen=True)
class Section:
    """A table of a report, with lines above it; the first `left` columns hold text."""

    lines: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    left: int = 1


@dataclass(frozen=True, repr=False)
class Report:
    """What `Recording.report` returns: sections that show as text, or as HTML in a notebook."""

    sections: tuple[Section, ...]

    def __str__(self) -> str:
        blocks = []
        for section in self.sections:
            lines = [printable(line) for line in section.lines]
            if section.rows:
                lines += text_table(section.heads, section.rows, section.left)
            blocks.append("\n".join(lines))
        return "\n\n".join(blocks)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        made = []
        for section in self.sections:
            made += [f"<div>{html.escape(printable(line))}</div>" for line in section.lines]
            if section.rows:
                made.append(html_table(section.heads, section.rows, section.left))
        return "".join(made)


def report_of(recording: Recording) -> Report:
    """See `Recording.report`."""
    about = recording.provenance
    details = _facts(about.get("engine_details"))
    made = [
        _head(recording, about, details),
        _populations(about),
        _synapses(details),
        _memory(details),
        _cost(recording, about, details),
        _rounding(about),
        _building(about),
        _profile(about),
    ]
    return Report(tuple(section for section in made if section.lines or section.rows))


def _head(recording: Recording, about: Facts, details: Facts) -> Section:
    sizes = [_number(p.get("neurons")) for p in _list(about.get("populations"))]
    counts = []
    if sizes and None not in sizes:
        counts.append(f"{sum(filter(None, sizes)):,} neurons")
    if (synapses := _number(details.get("synapses"))) is not None:
        counts.append(f"{synapses:,} synapses")
    first = f"Report of {recording.duration:g} ms" + (": " if counts else "") + ", ".join(counts)
    settings = [
        f"{name} {about[name]}{unit}"
        for name, unit in (
            ("engine", ""),
            ("dt", " ms"),
            ("precision", ""),
            ("threads", ""),
            ("trials", ""),
            ("seed", ""),
        )
        if name in about
    ]
    return Section((first, ", ".join(settings)) if settings else (first,))


def _populations(about: Facts) -> Section:
    rows = []
    for population in _list(about.get("populations")):
        by_scheme: dict[str, list[str]] = {}
        for variable, scheme in _facts(population.get("integration")).items():
            by_scheme.setdefault(str(scheme), []).append(str(variable))
        schemes = [f"{scheme}: {', '.join(names)}" for scheme, names in by_scheme.items()]
        name, neurons = str(population.get("name", UNKNOWN)), _number(population.get("neurons"))
        rows.append((name, "; ".join(schemes) or UNKNOWN, _shown(neurons, ",")))
    return Section((), ("population", "integration", "neurons"), tuple(rows), 2)


def _synapses(details: Facts) -> Section:
    lines = [f"delivery: {details['delivery']}"] if "delivery" in details else []
    words = []
    for key, one, more in (
        ("delays_in_a_bucket", "1 delay in a bucket", "{} delays in a bucket"),
        ("partitions", "1 partition", "{} partitions"),
    ):
        if (count := _number(details.get(key))) is not None:
            words.append(one if count == 1 else more.format(count))
    if "parallel over" in details:
        words.append(f"parallel over {details['parallel over']}")
    lines += [", ".join(words)] if words else []
    columns: dict[str, Callable[[Facts], str]] = {
        "groups of delays": lambda c: _shown(_number(c.get("groups_of_delays")), ","),
        "synapses": lambda c: _shown(_number(c.get("synapses")), ",.0f"),
        "bytes": lambda c: _bytes(_number(c.get("bytes"))),
        "of rows": lambda c: _bytes(_number(c.get("bytes_rows"))),
    }
    rows = []
    for channel in _list(details.get("channels")):
        source, scheme = (str(channel.get(key, UNKNOWN)) for key in ("source", "scheme"))
        rows.append((source, scheme, *(show(channel) for show in columns.values())))
    return Section(tuple(lines), ("synapses from", "stored as", *columns), tuple(rows), 2)


def _memory(details: Facts) -> Section:
    sizes = {part: _number(details.get(f"bytes_{part}")) for part in PARTS}
    known = {p: size for p, size in sizes.items() if size is not None and (size or p != "queues")}
    if not known:
        return Section()
    synapses = _number(details.get("synapses"))
    rows = [
        (part, human_bytes(size), f"{size / synapses:.2f} B" if synapses else UNKNOWN)
        for part, size in {**known, "all": sum(known.values())}.items()
    ]
    return Section((), ("memory", "bytes", "per synapse"), tuple(rows))


def _cost(recording: Recording, about: Facts, details: Facts) -> Section:
    """What an event, a neuron and a second should cost and did cost."""
    wall, trials = _number(about.get("wall_time_s")), _number(about.get("trials")) or 1
    expected = _number(details.get("expected_ns_per_event"))
    seconds, events = recording.duration * 1e-3 * trials, _events(recording, details)
    spent = {name: sum(times) for name, times in _loop(_facts(about.get("profile"))).items()}
    sizes = [_number(p.get("neurons")) or 0 for p in _list(about.get("populations"))]
    dt = _number(about.get("dt"))
    updates = sum(sizes) * seconds * 1e3 / dt if dt else 0.0
    planned = expected * 1e-9 * events if expected is not None and events is not None else None
    deliver, update = spent.get("deliver"), spent.get("update")
    table = {
        "ns per synaptic event": (expected, _ratio(deliver, events, 1e9)),
        "ns per neuron and step": (None, _ratio(update, updates, 1e9)),
        "CPU s to deliver one biological s": (_ratio(planned, seconds), _ratio(deliver, seconds)),
        "wall s per biological s": (None, _ratio(wall, seconds)),
        "times faster than real time": (None, _ratio(seconds, wall)),
        "synaptic events per wall s": (None, _ratio(events, wall)),
    }
    rows = [
        (name, *(_shown(value, ".3g") for value in values))
        for name, values in table.items()
        if values != (None, None)
    ]
    return Section((), ("cost", "expected", "measured"), tuple(rows))


def _events(recording: Recording, details: Facts) -> float | None:
    """Synaptic events of the run, where the spikes of all neurons that have synapses are known."""
    leaving: dict[str, float] = {}
    channels = _list(details.get("channels"))
    for channel in channels:
        source, synapses = channel.get("source"), _number(channel.get("synapses"))
        if synapses is None or not isinstance(source, str) or source not in recording.spikes:
            return None
        leaving[source] = leaving.get(source, 0) + synapses
    records = [recording.spikes[source] for source in leaving]
    if not channels or any(record.recorded is not None for record in records):
        return None
    return sum(len(record) * leaving[record.population] / record.size for record in records)


def _rounding(about: Facts) -> Section:
    found = {name: _number(v) for name, v in _facts(about.get("weight_rounding")).items()}
    rows = [(name, f"{value:.3g}") for name, value in found.items() if value is not None]
    return Section((), ("receptor", "weights rounded by at most"), tuple(rows))


def _building(about: Facts) -> Section:
    parts = {name: _number(v) for name, v in _facts(about.get("build_seconds")).items()}
    known = {name: seconds for name, seconds in parts.items() if seconds is not None}
    if (total := _number(about.get("build_time_s"))) is not None:
        known["all"] = total
    rows = [(name, f"{seconds:.3f}") for name, seconds in known.items()]
    return Section((), ("building", "s"), tuple(rows))


def _profile(about: Facts) -> Section:
    """Seconds of all threads by phase; what no phase accounts for is in the last row."""
    profile = _facts(about.get("profile"))
    loop, threads = _loop(profile), _number(about.get("threads")) or 1
    running, collecting = (_number(profile.get(k)) for k in ("running_s", "collecting_s"))
    if running is None or collecting is None:
        return Section()
    if not loop:
        rows: list[tuple[str, ...]] = [("run", f"{running:.3f}"), ("collect", f"{collecting:.3f}")]
        lines = (f"engine {about.get('engine', UNKNOWN)} does not tell phases apart",)
        return Section(lines, ("phase", "s"), tuple(rows))
    total = threads * (running + collecting)
    by_phase = {phase: (sum(times), min(times), max(times)) for phase, times in loop.items()}
    booked = collecting + sum(sums for sums, _, _ in by_phase.values())
    several, per = max(map(len, loop.values())) > 1, str(profile.get("per", "thread"))
    rows = [
        (name, f"{seconds:.3f}", _share(seconds, total), *(f"{t:.3f}" for t in ends if several))
        for name, (seconds, *ends) in by_phase.items()
    ]
    blank = (UNKNOWN, UNKNOWN) if several else ()
    for name, seconds in (("collect", collecting), ("rest", max(0.0, total - booked))):
        rows.append((name, f"{seconds:.3f}", _share(seconds, total), *blank))
    ends = (f"least {per}", f"most {per}") if several else ()
    return Section((), ("phase", "s", "share", *ends), tuple(rows))


def _loop(profile: Facts) -> dict[str, list[float]]:
    """Seconds by phase, of those phases that have any."""
    found = {}
    for phase, times in _facts(profile.get("loop")).items():
        values = [_number(t) for t in times] if isinstance(times, list | tuple) else []
        if values and None not in values:
            found[phase] = [v for v in values if v is not None]
    return found


def _facts(value: Any) -> Facts:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Facts]:
    items = value if isinstance(value, list | tuple) else []
    return [item for item in items if isinstance(item, Mapping)]


def _number(value: Any) -> Any:
    """The number that `value` is, or None."""
    good = isinstance(value, int | float) and not isinstance(value, bool)
    return value if good and abs(value) < MOST else None


def _ratio(a: float | None, b: float | None, scale: float = 1.0) -> float | None:
    return None if a is None or not b else scale * a / b


def _shown(value: float | None, form: str) -> str:
    return UNKNOWN if value is None else format(value, form)


def _bytes(count: float | None) -> str:
    return UNKNOWN if count is None else human_bytes(count)


def _share(part: float, total: float) -> str:
    return f"{100 * part / total:.1f} %" if total else UNKNOWN
