"""Large systems as data: what a chip of them holds, how fast it is, what it draws."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from ..errors import ValidationError
from .capacity import capacity
from .figures import Figure, Grade
from .pricing import Scope

__all__ = ["SYSTEMS", "WORKLOADS", "System", "Workload", "system_of"]


@dataclass(frozen=True)
class System:
    """A kind of machine, chip by chip; None where nothing is published.

    Attributes
    ----------
    name, title
        How it is called, what it is.
    chip
        What one of its chips is called.
    cores, neurons, synapses
        Of one chip.
    memory
        Bytes of one chip for synapses.
    unit
        What chips are mounted in: ``"board"``, ``"wafer"``.
    chips_per_unit, installed
        Chips of one unit; of the largest system that was built.
    update_time, event_time
        Seconds of a chip for a neuron's update and for a synaptic event, all of its cores at work.
    fastest
        How many times faster than real time at most.
    fixed
        Whether it always runs at that speed.
    maximum, idle
        W of a chip: at most, and with nothing to do.
    update_energy, event_energy
        J of an update, of an event, on top of idle power.
    all_in
        J of an event, the whole system divided by events.
    """

    name: str
    title: str
    chip: str
    neurons: Figure
    synapses: Figure | None
    cores: Figure | None = None
    memory: Figure | None = None
    unit: str = ""
    chips_per_unit: Figure | None = None
    installed: Figure | None = None
    update_time: Figure | None = None
    event_time: Figure | None = None
    fastest: Figure | None = None
    fixed: bool = False
    maximum: Figure | None = None
    idle: Figure | None = None
    update_energy: Figure | None = None
    event_energy: Figure | None = None
    all_in: Figure | None = None

    def figures(self) -> dict[str, Figure]:
        """Every figure, by name."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in given.items() if isinstance(value, Figure)}

    def describe(self) -> str:
        """All that is known of it, each number with grade and source."""
        rows = [f"{self.name}: {self.title}"]
        for name, figure in self.figures().items():
            note = f"; {figure.note}" if figure.note else ""
            label = name.replace("_", " ")
            rows.append(f"  {label}: {figure} [{figure.grade}; {figure.source}{note}]")
        return "\n".join(rows)


@dataclass(frozen=True)
class Workload:
    """A network by its numbers.

    Attributes
    ----------
    title
        What it is.
    neurons, synapses, rate
        How many, and the mean rate in Hz.
    """

    title: str
    neurons: Figure
    synapses: Figure
    rate: Figure


_BRAIN_CELLS = "Azevedo et al. 2009, J Comp Neurol 513:532, doi:10.1002/cne.21974"
_BRAIN_POWER = "Balasubramanian 2021, PNAS 118, doi:10.1073/pnas.2107022118"
_LENNIE = "Lennie 2003, Curr Biol 13:493, doi:10.1016/S0960-9822(03)00135-0"
_ORDER = "an order of magnitude in general use"


def _made(value: float, unit: str, grade: Grade, source: str, note: str = "") -> Figure:
    return Figure(value, unit, grade, source, note)


_CELLS = _made(86e9, "neurons", Grade.UNVERIFIED, _BRAIN_CELLS, "counted in tissue; from memory")
_CONTACTS = _made(1e14, "synapses", Grade.UNVERIFIED, _ORDER, "1e14 to 1e15 are quoted")

#: Networks to size a system for.
WORKLOADS = {
    "brain": Workload(
        "a human brain", _CELLS, _CONTACTS,
        _made(1.0, "Hz", Grade.UNVERIFIED, _LENNIE, "less in cortex, by the energy there is"),
    ),
    "microcircuit": Workload(
        "the cortical microcircuit of Potjans and Diesmann",
        _made(77_169, "neurons", Grade.CODE, "Potjans and Diesmann 2014, Cereb Cortex 24:785"),
        _made(299e6, "synapses", Grade.CODE, "the same; spikestack.benchmarks.potjans_diesmann"),
        _made(3.2, "Hz", Grade.DERIVED, "mean over neurons of its populations' rates"),
    ),
}  # fmt: skip

_HALA = "Intel, 17 April 2024, as reported by eeNews Europe"
_HALA_CHIPS, _HALA_CORES = 1152, 140_544
_SPIN = "Painkras et al. 2012/2013"
_MACHINE = "spinn_machine 7.4.1"
_RHODES = "van Albada et al. 2018, doi:10.3389/fnins.2018.00291"
_EVENTS = "arXiv:1903.08941, as KerasSpiking has it"
_WAFER = "the BrainScaleS-1 wafer as generally described"
_PEHLE = "Pehle et al. 2022, doi:10.3389/fnins.2022.795876"
_MEROLLA = "Merolla et al. 2014, Science 345:668, doi:10.1126/science.1254642"


def _share(total: float, unit: str, note: str) -> Figure:
    return _made(total / _HALA_CHIPS, unit, Grade.DERIVED, _HALA, f"{note} over 1,152 chips")


_HALA_POINT = System(
    "HalaPoint", "Intel's box of 1,152 Loihi 2", "Loihi 2",
    neurons=_share(1.15e9, "neurons", "1.15e9"),
    synapses=_share(128e9, "synapses", "128e9"),
    cores=_share(_HALA_CORES, "cores", "140,544 usable cores"),
    memory=_made(
        122 * 192 * 1024, "bytes", Grade.UNVERIFIED, "192 KB of each core",
        "shared by states, synapses and axons",
    ),
    unit="box", chips_per_unit=_made(_HALA_CHIPS, "chips", Grade.MAKER, _HALA),
    installed=_made(_HALA_CHIPS, "chips", Grade.MAKER, _HALA),
    update_time=_made(
        _HALA_CHIPS / 240e12, "s", Grade.DERIVED, _HALA, "240e12 neuron operations/s of all"
    ),
    event_time=_made(
        _HALA_CHIPS / 380e12, "s", Grade.DERIVED, _HALA, "380e12 synaptic operations/s of all"
    ),
    fastest=_made(20, "times real time", Grade.MAKER, _HALA, "full; up to 200 times when less so"),
    maximum=_share(2600, "W", "2,600 W, the published maximum,"),
    all_in=_made(
        2600 / 380e12, "J", Grade.DERIVED, _HALA, "2,600 W at 380e12 synaptic operations/s"
    ),
)  # fmt: skip

_SPINNAKER = System(
    "SpiNNaker", "the million-core machine in Manchester", "SpiNNaker",
    neurons=_made(
        16 * 256, "neurons", Grade.DERIVED, f"{_MACHINE}; sPyNNaker's 256 on each of 16 cores",
        "a deadline, not a wall",
    ),
    synapses=_made(
        128 * 2**20 / 4, "synapses", Grade.DERIVED, "128 MB of a chip in words of 32 bits"
    ),
    cores=_made(18, "cores", Grade.SILICON, _SPIN, "one a monitor, 16 or 17 for neurons"),
    memory=_made(128 * 2**20, "bytes", Grade.CODE, _MACHINE, "SDRAM of a chip"),
    unit="board", chips_per_unit=_made(48, "chips", Grade.CODE, _MACHINE),
    installed=_made(
        57_600, "chips", Grade.UNVERIFIED, "University of Manchester, 2018",
        "1,200 boards, 1,036,800 cores",
    ),
    event_time=_made(
        1e-7 / 16, "s", Grade.DERIVED, "design target of 1,000 neurons x 1,000 inputs x 10 Hz",
        "of a core; updates are in it",
    ),
    fastest=_made(1, "times real time", Grade.SILICON, _SPIN, "its timer is that of biology"),
    fixed=True,
    maximum=_made(1.0, "W", Grade.SILICON, _SPIN, "all cores busy, at 1.2 V"),
    idle=_made(0.35, "W", Grade.CODE, _MACHINE),
    update_energy=_made(26e-9, "J", Grade.CODE, _EVENTS),
    event_energy=_made(13.3e-9, "J", Grade.CODE, _EVENTS),
    all_in=_made(
        5.9e-6, "J", Grade.UNVERIFIED, _RHODES, "the cortical microcircuit; value seen second-hand"
    ),
)  # fmt: skip

_WAFERS = System(
    "BrainScaleS", "wafers of BrainScaleS-1", "HICANN",
    neurons=_made(512, "neurons", Grade.UNVERIFIED, _WAFER),
    synapses=_made(112_640, "synapses", Grade.UNVERIFIED, _WAFER, "220 rows of 512"),
    cores=_made(1, "core", Grade.UNVERIFIED, _WAFER),
    memory=_made(112_640 / 2, "bytes", Grade.DERIVED, "4 bits of each synapse"),
    unit="wafer", chips_per_unit=_made(384, "chips", Grade.UNVERIFIED, _WAFER),
    installed=_made(20 * 384, "chips", Grade.UNVERIFIED, _WAFER, "20 wafers in Heidelberg"),
    fastest=_made(1e4, "times real time", Grade.SILICON, "arXiv:2303.12359"), fixed=True,
    maximum=_made(
        1000 / 384, "W", Grade.UNVERIFIED, _WAFER, "a kilowatt for a wafer, an order of magnitude"
    ),
)  # fmt: skip

_BSS2 = System(
    "BrainScaleS-2", "single chips of BrainScaleS-2", "HICANN-X",
    neurons=_made(512, "neurons", Grade.SILICON, _PEHLE),
    synapses=_made(131_072, "synapses", Grade.SILICON, _PEHLE),
    cores=_made(2, "halves", Grade.SILICON, _PEHLE),
    memory=_made(131_072 * 12 / 8, "bytes", Grade.DERIVED, f"{_PEHLE}: 6 bits and a label of 6"),
    fastest=_made(1e3, "times real time", Grade.SILICON, _PEHLE), fixed=True,
    maximum=_made(1.0, "W", Grade.UNVERIFIED, _PEHLE, "chip and system, an order of magnitude"),
)  # fmt: skip

_TRUENORTH = System(
    "TrueNorth", "chips of IBM's TrueNorth", "TrueNorth",
    neurons=_made(1_048_576, "neurons", Grade.SILICON, _MEROLLA),
    synapses=_made(268_435_456, "synapses", Grade.DERIVED, f"{_MEROLLA}: crossbars of 256 x 256"),
    cores=_made(4096, "cores", Grade.SILICON, _MEROLLA),
    memory=_made(4096 * 256 * 410 / 8, "bytes", Grade.UNVERIFIED, "Akopyan et al. 2015",
                 "states and destinations, too"),
    fastest=_made(1, "times real time", Grade.SILICON, _MEROLLA, "ticks of 1 ms; faster possible"),
    fixed=True,
    all_in=_made(26e-12, "J", Grade.SILICON, _MEROLLA, "at 20 Hz, 128 synapses, 0.775 V"),
)  # fmt: skip

_BRAIN = System(
    "brain", "the human brain, for comparison", "brain",
    neurons=_CELLS, synapses=_CONTACTS,
    fastest=_made(1, "times real time", Grade.DERIVED, "by definition"), fixed=True,
    maximum=_made(20, "W", Grade.UNVERIFIED, _BRAIN_POWER, "from memory; 12 to 20 W are quoted"),
)  # fmt: skip

#: Systems by name, in the order of tables.
SYSTEMS = {
    s.name: s for s in (_HALA_POINT, _SPINNAKER, _WAFERS, _BSS2, _TRUENORTH, _BRAIN)
}  # fmt: skip


def system_of(chip: Any) -> System:
    """A system of as many of a chip as are needed, from its description and first price tables.

    Raises
    ------
    ValidationError
        If it is not known how many neurons it holds.
    """
    held, cores = capacity(chip), round(chip.cores.value or 1)
    source = f"the description of {chip.name}"

    def derived(value: float, unit: str, note: str = "") -> Figure:
        return _made(value, unit, Grade.DERIVED, source, note)

    if held.neurons is None:
        raise ValidationError(
            f"plan, {chip.name}", "says not how many neurons it holds", "a System of yours",
            "its layers share memory: map a network to it instead",
        )  # fmt: skip
    words = next((v.most.value for v in chip.limits if v.counts == "synapse words"
                  and v.per == "core"), None)  # fmt: skip
    return System(
        chip.name, f"as many {chip.name} as it takes", chip.name,
        derived(held.neurons, "neurons"),
        None if held.synapses is None else derived(held.synapses, "synapses", held.organisation),
        derived(cores, "cores"),
        None if words is None else derived(words * chip.word_bits * cores / 8, "bytes"),
        **_times(chip, cores, derived), **_energies(chip, derived),
    )  # fmt: skip


def _times(chip: Any, cores: int, derived: Any) -> dict[str, Any]:
    from .power.laws import si

    found: dict[str, Any] = {}
    prices = next((p for p in chip.prices.values() if p.time), None)
    if prices is not None:
        known = {n: p for n, p in prices.time.items() if p.value is not None}
        event = known.get("sparse events") or known.get("dense events")
        looks = [known[n] for n in ("accesses", "driven updates") if n in known]
        if event is not None:
            found["event_time"] = derived(si(event) / cores, "s", prices.title)
        if looks:
            found["update_time"] = derived(sum(map(si, looks)) / cores, "s", prices.title)
    faster = getattr(chip, "speedup", None)
    if faster is not None and faster.value is not None:
        found |= {"fastest": faster, "fixed": True}
    elif chip.step is not None and chip.step.value is not None:
        found["fastest"] = derived(1e-3 / si(chip.step), "times real time", "for steps of 1 ms")
    return found


def _energies(chip: Any, derived: Any) -> dict[str, Any]:
    from .power.laws import si

    found: dict[str, Any] = {}
    for prices in chip.prices.values():
        known = {n: p for n, p in prices.energy.items() if p.value is not None}
        event = known.get("sparse events") or known.get("dense events")
        if prices.scope == Scope.ALL_IN:
            if event is not None:
                found.setdefault("all_in", derived(si(event), "J", prices.title))
            continue
        looks = [known[n] for n in ("accesses", "driven updates") if n in known]
        if event is not None and "event_energy" not in found:
            found["event_energy"] = derived(si(event), "J", prices.title)
            if looks:
                found["update_energy"] = derived(sum(map(si, looks)), "J", prices.title)
            watts = sum(si(p) * (int(chip.cores) if n == "core" else 1)
                        for n, p in prices.static.items() if p.value is not None)  # fmt: skip
            if watts:
                found["idle"] = derived(watts, "W", prices.title)
    return found
