"""How large a system a network needs: chips, boards, memory, power, speed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..errors import UnknownNameError, ValidationError, shorten
from ..units import magnitude, parse_unit
from .figures import Figure
from .naming import chip_named
from .power.table import engineering
from .systems import SYSTEMS, WORKLOADS, System, system_of

__all__ = ["SYSTEMS", "WORKLOADS", "Plan", "PowerRow", "named", "plan", "plan_cells", "workload"]

#: No network is larger.
_MOST = 1e18


@dataclass(frozen=True)
class PowerRow:
    """Power of a system by figures of one scope.

    Attributes
    ----------
    scope
        ``"published maximum"``, ``"idle"``, ``"per term"`` (idle power, and every event and update
        priced), ``"all-in"`` (events, each with its share of everything). They never add up.
    watts
        Of all chips.
    joules_per_event
        Of a synaptic event, everything shared out.
    joules_per_second
        J for a second of biological time.
    figure
        What it rests on, the least certain if on several.
    """

    scope: str
    watts: float
    joules_per_event: float | None
    joules_per_second: float
    figure: Figure


@dataclass(frozen=True)
class Plan:
    """A system of the size that a network needs.

    Attributes
    ----------
    system
        Of what.
    neurons, synapses, rate, dt
        The network: numbers, Hz, ms.
    chips
        As many as the greatest of `needs`.
    needs
        Chips that are needed ``"for neurons"``, ``"for synapses"``, ``"for real time"``.
    units
        Boards, wafers or boxes; None where chips stand alone.
    installed
        How many times the largest system that was built; None where none is known.
    memory
        Bytes for synapses in chips of this number; None where nothing is published.
    speed
        How many times faster than real time; None where nothing is published.
    power
        By scope.
    """

    system: System
    neurons: float
    synapses: float
    rate: float
    dt: float
    chips: int
    needs: dict[str, int]
    units: int | None
    installed: float | None
    memory: float | None
    speed: float | None
    power: tuple[PowerRow, ...]

    @property
    def events(self) -> float:
        """Synaptic events in a second of biological time."""
        return self.synapses * self.rate

    @property
    def bound(self) -> str:
        """What decides the number of chips."""
        return max(self.needs, key=lambda name: self.needs[name])

    @property
    def cores(self) -> int | None:
        """Cores of all chips."""
        return None if self.system.cores is None else round(float(self.system.cores) * self.chips)

    def plain(self) -> dict[str, Any]:
        """Plain numbers and texts."""
        return {
            "system": self.system.name, "title": self.system.title,
            "neurons": self.neurons, "synapses": self.synapses, "rate_hz": self.rate,
            "step_ms": self.dt, "events_per_second": self.events, "chips": self.chips,
            "needs": self.needs, "bound": self.bound, "cores": self.cores,
            "unit": self.system.unit or None, "units": self.units,
            "times_the_largest_built": self.installed, "synapse_memory_bytes": self.memory,
            "speed": self.speed,
            "power": [
                {
                    "scope": row.scope, "watts": row.watts,
                    "joules_per_event": row.joules_per_event,
                    "joules_per_biological_second": row.joules_per_second,
                    "grade": str(row.figure.grade), "source": row.figure.source,
                    "note": row.figure.note,
                }
                for row in self.power
            ],
        }  # fmt: skip

    def __str__(self) -> str:
        s = self.system
        rows = [
            f"{s.name}: {s.title}",
            f"  {self.neurons:,.0f} neurons, {self.synapses:,.0f} synapses, {self.rate:g} Hz: "
            f"{engineering(self.events, 'events/s')}",
            f"  {self.chips:,} {s.chip} {self.bound} ("
            + ", ".join(f"{n:,} {name}" for name, n in self.needs.items()) + ")",
        ]  # fmt: skip
        if self.cores is not None:
            rows.append(f"  {self.cores:,} cores")
        if self.units is not None:
            rows.append(f"  {self.units:,} x {s.unit}")
        if self.installed is not None:
            rows.append(f"  {self.installed:.3g} times the largest that was built")
        if self.memory is not None:
            rows.append(f"  {engineering(self.memory, 'byte')} of memory")
        speed = "not published" if self.speed is None else f"{_rounded(self.speed)} times real time"
        rows.append(f"  speed: {speed}")
        for p in self.power:
            rows.append(
                f"  {p.scope}: {engineering(p.watts, 'W')}, "
                f"{engineering(p.joules_per_event, 'J')} an event "
                f"[{p.figure.grade}; {p.figure.source}"
                f"{'; ' + p.figure.note if p.figure.note else ''}]"
            )
        return "\n".join(rows if self.power else [*rows, "  power: not published"])


def plan(
    neurons: float,
    synapses: float,
    rate: Any = 10.0,
    on: str | System | Any = "HalaPoint",
    dt: Any = 1.0,
) -> Plan:
    """Size a system of many chips.

    Parameters
    ----------
    neurons, synapses
        How many; neurons of the description, one place on the chip each.
    rate
        Mean rate of neurons in Hz.
    on
        A name of `SYSTEMS` or of a chip, a chip or its class, or a `System` of yours.
    dt
        Step in ms, for the number of updates.

    Returns
    -------
    Plan
        Chips that hold all neurons and synapses and keep up with real time, and what follows.

    Raises
    ------
    ValidationError
        If a number is not positive, or absurd.
    """
    n = _positive(neurons, "neurons", 1.0)
    m = _positive(synapses, "synapses", 0.0)
    hz = _positive(magnitude(rate, parse_unit("Hz"), "plan, rate"), "rate", 0.0)
    step = _positive(magnitude(dt, parse_unit("ms"), "plan, dt"), "dt", 0.0)
    if step == 0:
        raise ValidationError("plan, dt", "got 0", "more than 0 ms")
    system = _system(on)
    needs = {"for neurons": math.ceil(n / float(system.neurons))}
    if system.synapses is not None:
        needs["for synapses"] = math.ceil(m / float(system.synapses))
    load = _load(system, n, m * hz, step)
    if load:
        needs["for real time"] = math.ceil(load)
    chips = max(1, *needs.values())
    speed = _speed(system, chips, load)
    memory = None
    if system.memory is not None and system.synapses is not None:
        memory = m * float(system.memory) / float(system.synapses)
    unit, built = system.chips_per_unit, system.installed
    return Plan(
        system, n, m, hz, step, chips, needs,
        None if unit is None else math.ceil(chips / float(unit)),
        None if built is None else chips / float(built), memory, speed,
        tuple(_power(system, chips, n * 1e3 / step, m * hz, 1.0 if speed is None else speed)),
    )  # fmt: skip


def plan_cells(plans: list[Plan]) -> list[tuple[str, ...]]:
    """Several plans of one network as rows of text, the first the heads; power by its scope."""
    cells: list[tuple[str, ...]] = [
        ("on", "chips", "bound", "units", "speed", "power", "an event", "power by", "grade")
    ]
    for p in plans:
        shown = p.power[0] if p.power else None
        units = "-" if p.units is None else f"{_short(p.units)} {p.system.unit}"
        cells.append((
            p.system.name, _short(p.chips), p.bound.removeprefix("for "), units,
            "-" if p.speed is None else _rounded(p.speed),
            "-" if shown is None else engineering(shown.watts, "W"),
            "-" if shown is None else engineering(shown.joules_per_event, "J"),
            "not published" if shown is None else shown.scope.removeprefix("published "),
            "-" if shown is None else shown.figure.grade.name.lower().replace("_", " "),
        ))  # fmt: skip
    return cells


def _rounded(number: float) -> str:
    """A number by three digits, large ones written out."""
    return f"{float(f'{number:.3g}'):,.10g}"


def _short(number: int) -> str:
    """A number of at most eight characters."""
    return f"{number:,}" if number < 1e6 else engineering(number, "")


def _system(on: Any) -> System:
    if isinstance(on, System):
        return on
    if isinstance(on, str):
        name = named(on)
        if name in SYSTEMS:
            return SYSTEMS[name]
        on = chip_named(name)
    chip = on() if isinstance(on, type) else on
    if not hasattr(chip, "limits") or not hasattr(chip, "prices"):
        raise ValidationError("plan, on", f"got {shorten(on)}", "a name, a System or a chip")
    return system_of(chip)


def named(text: str) -> str:
    """The system that is meant, whatever its case, spaces and hyphens; else the name of a chip."""
    known = {_folded(name): name for name in SYSTEMS}
    known |= {"spinnakermillioncores": "SpiNNaker", "brainscaleswafers": "BrainScaleS"}
    return known.get(_folded(text), text)


def _folded(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalnum())


def _positive(value: Any, what: str, least: float) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if hasattr(value, "item") and not good:
        value, good = value.item(), True
    if not good or not math.isfinite(value) or not least <= value <= _MOST:
        raise ValidationError(f"plan, {what}", f"got {shorten(value)}", f"{least:g} to {_MOST:g}")
    return float(value)


def _load(system: System, neurons: float, events: float, dt: float) -> float:
    """Seconds of one chip for a second of biological time, updates and events one by one."""
    load = 0.0
    if system.update_time is not None:
        load += neurons * 1e3 / dt * float(system.update_time)
    if system.event_time is not None:
        load += events * float(system.event_time)
    return load


def _speed(system: System, chips: int, load: float) -> float | None:
    fastest = None if system.fastest is None else float(system.fastest)
    if system.fixed or not load:
        return fastest
    return chips / load if fastest is None else min(fastest, chips / load)


def _power(
    system: System, chips: int, updates: float, events: float, speed: float
) -> list[PowerRow]:
    """By scope; `updates` and `events` in a biological second."""
    found = []

    def row(scope: str, watts: float, figure: Figure) -> None:
        joules = watts / speed
        found.append(PowerRow(scope, watts, joules / events if events else None, joules, figure))

    if system.maximum is not None:
        row("published maximum", chips * float(system.maximum), system.maximum)
    if system.event_energy is not None:
        terms = events * float(system.event_energy)
        if system.update_energy is not None:
            terms += updates * float(system.update_energy)
        static = 0.0 if system.idle is None else chips * float(system.idle)
        row("per term", static + terms * speed, system.event_energy)
    if system.idle is not None:
        row("idle", chips * float(system.idle), system.idle)
    if system.all_in is not None:
        row("all-in", events * speed * float(system.all_in), system.all_in)
    return found


def workload(name: str) -> tuple[float, float, float]:
    """Neurons, synapses and rate of one of `WORKLOADS`.

    Raises
    ------
    UnknownNameError
        If there is none of this name.
    """
    if name not in WORKLOADS:
        raise UnknownNameError("plan, workload", name, WORKLOADS)
    found = WORKLOADS[name]
    return float(found.neurons), float(found.synapses), float(found.rate)
