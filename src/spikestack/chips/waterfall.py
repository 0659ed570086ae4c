"""From a dense GPU to a chip: what each reason for the difference is worth alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ValidationError, shorten
from ..program.edge_list import edge_list
from ..program.lower import lower
from .figures import Figure, Grade
from .measured import measured
from .power.laws import si
from .power.profile import events_of
from .power.table import aligned, engineering
from .pricing import Scope

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

__all__ = ["CLAIM", "GPUS", "Gpu", "Waterfall", "waterfall"]

_HOROWITZ = "Horowitz 2014, ISSCC, doi:10.1109/ISSCC.2014.6757323"
_BLOUW = "Blouw et al. 2019, arXiv:1812.01739"


def _estimate(value: float, unit: str, note: str) -> Figure:
    return Figure(value, unit, Grade.UNVERIFIED, _HOROWITZ, f"45 nm, 0.9 V; {note}")


#: What is said of neuromorphic chips in general.
CLAIM = Figure(
    1000, "times less energy", Grade.UNVERIFIED, "talks and press of the field",
    "of what, beside what, is seldom said",
)  # fmt: skip
MAC_32 = Figure(4.6, "pJ", Grade.CODE, _HOROWITZ, "45 nm; fp32 multiplication and addition")
MAC_8 = Figure(0.23, "pJ", Grade.CODE, _HOROWITZ, "45 nm; int8 multiplication and addition")
#: A word of 64 bits from the memory of a graphics card, and from a small one beside the arithmetic.
FAR = _estimate(1.95, "nJ", "64 bits of DRAM, the middle of 1.3 to 2.6 nJ")
NEAR = _estimate(10.0, "pJ", "64 bits of a memory of 8 KB")


@dataclass(frozen=True)
class Gpu:
    """A dense machine: J of one multiplication with its addition.

    Attributes
    ----------
    name
        As tables show it.
    idle
        Its share of power that is drawn whatever happens.
    dynamic
        All that is on top: arithmetic, data, and what else there is.
    bits
        Of its numbers.
    """

    name: str
    idle: Figure
    dynamic: Figure
    bits: int = 32


def _published() -> Gpu:
    """The GPU of R1, one input at a time: 390-256-256-29, 172,800 weights."""
    (row,) = measured("keyword spotting", "GPU")
    macs = 390 * 256 + 256 * 256 + 256 * 29
    note = f"an inference over {macs:,} weights of 390-256-256-29, one input at a time"
    return Gpu(
        "GPU, one input at a time",
        Figure(row.idle_energy / macs, "J", Grade.DERIVED, _BLOUW, note),
        Figure(row["energy"] / macs, "J", Grade.DERIVED, _BLOUW, note),
    )


def _modelled() -> Gpu:
    """Arithmetic, and every weight fetched once for every use."""
    dynamic = si(MAC_32) + si(FAR) / 2
    share = measured("keyword spotting", "GPU")[0]
    idle = dynamic * share["idle"] / share["dynamic"]
    return Gpu(
        "GPU, every weight fetched",
        Figure(idle, "J", Grade.UNVERIFIED, _BLOUW, "idle by dynamic power as measured"),
        Figure(dynamic, "J", Grade.UNVERIFIED, _HOROWITZ, "45 nm; 4.6 pJ, and 32 bits of DRAM"),
    )


def _peak() -> Gpu:
    """The best that a maker says: large batches, all units busy."""
    source = "NVIDIA, H100 SXM data sheet"
    note = "700 W at 989e12 dense operations/s of 16 bits, two to a multiplication with addition"
    return Gpu(
        "GPU at its peak",
        Figure(0.0, "J", Grade.UNVERIFIED, source, "within the 700 W"),
        Figure(700 / (989e12 / 2), "J", Grade.UNVERIFIED, source, note), bits=16,
    )  # fmt: skip


#: Dense machines by name: ``"published"`` (R1), ``"modelled"``, ``"peak"``.
GPUS = {"published": _published(), "modelled": _modelled(), "peak": _peak()}


@dataclass(frozen=True)
class Waterfall:
    """What makes a chip need less than a dense machine, J for one inference.

    Attributes
    ----------
    chip, table, gpu
        What is compared.
    macs
        Multiplications of the dense machine for an inference.
    events
        Synaptic events of the chip for an inference.
    parts
        Of the dense machine: ``"idle"``, ``"data"`` (what is not arithmetic), ``"arithmetic"``.
    alone
        Its energy with one thing switched, by name.
    stages
        Its energy with one thing after the other switched, from ``"dense"`` on to ``"chip"``, the
        chip's bill: what the last stage adds are routers, updates and all else.
    fixed, marginal
        J of the chip whatever the input, and of one more event.
    unpriced
        Of the chip, what nothing is published of: it is left out, and flatters the chip.
    """

    chip: str
    table: str
    gpu: Gpu
    macs: float
    events: float
    parts: dict[str, float]
    alone: dict[str, float]
    stages: dict[str, float]
    fixed: float
    marginal: float
    unpriced: tuple[str, ...] = ()

    @property
    def dense(self) -> float:
        """J of the dense machine."""
        return sum(self.parts.values())

    @property
    def factor(self) -> float:
        """How many times less the chip takes."""
        return self.dense / self.stages["chip"]

    @property
    def density(self) -> float:
        """Events over multiplications."""
        return self.events / self.macs if self.macs else 0.0

    @property
    def crossing(self) -> float | None:
        """The density from which on the GPU takes less.

        0 where it always does; None where the chip takes less at every density up to 1.
        """
        room = self.dense - self.fixed
        if room <= 0:
            return 0.0
        if not self.marginal or not self.macs:
            return None
        found = room / (self.marginal * self.macs)
        return found if found <= 1 else None

    def at(self, density: float) -> float:
        """J of the chip at a density."""
        return self.fixed + self.marginal * density * self.macs

    def plain(self) -> dict[str, Any]:
        """Plain numbers."""
        return {
            "chip": self.chip, "prices": self.table, "gpu": self.gpu.name,
            "gpu_grade": str(self.gpu.dynamic.grade), "gpu_source": self.gpu.dynamic.source,
            "macs": self.macs, "events": self.events, "density": self.density,
            "parts": self.parts, "alone": self.alone, "stages": self.stages,
            "factor": self.factor, "unpriced": self.unpriced, "claim": float(CLAIM),
            "crossing": self.crossing,
        }  # fmt: skip

    def __str__(self) -> str:
        cells = [("switched", "alone", "times", "one after the other", "times")]
        for name, joules in self.stages.items():
            alone = self.alone.get(name)
            cells.append((
                name, engineering(alone, "J"), "-" if not alone else f"{self.dense / alone:.3g}",
                engineering(joules, "J"), "-" if not joules else f"{self.dense / joules:.3g}",
            ))  # fmt: skip
        where = {
            None: "the chip takes less at every density",
            0.0: "the GPU takes less at every density: static power of the chip alone is more",
        }.get(self.crossing, f"the GPU takes less from a density of {self.crossing or 0:.3g} on")
        return (
            f"{self.gpu.name} [{self.gpu.dynamic.grade}; {self.gpu.dynamic.source}] to "
            f"{self.chip}, {self.table}\n{aligned(cells)}\n"
            f"{self.factor:.3g} times less, beside a claim of {float(CLAIM):,.0f}; density "
            f"{self.density:.3g}; {where}"
            + "".join(f"\nnothing is published of {name}: left out" for name in self.unpriced)
        )

    def plot(self, width: float = 7.0) -> Drawing:
        """Draw the stages, and energy against density; see `waterfall_drawing`."""
        from .waterfall_drawing import waterfall_figure

        return waterfall_figure(self, width)


def waterfall(
    run: Any,
    gpu: str | Gpu = "published",
    inferences: float = 1.0,
    passes: float | None = None,
    table: str | None = None,
) -> Waterfall:
    """Take the difference between a dense GPU and a chip apart.

    Parameters
    ----------
    run
        A `ChipRun`, or anything with a ledger and a bill of one.
    gpu
        Name in `GPUS`, or a `Gpu` of yours.
    inferences
        How many the run made.
    passes
        How often the dense machine goes through all weights for an inference: once in each step of
        the chip by default; 1 is a conventional network of the same shape.
    table
        Name of a price table of the chip.

    Raises
    ------
    ValidationError
        If the network has no synapses, or a number is not positive.
    """
    machine = _gpu(gpu)
    for name, value in (("inferences", inferences), ("passes", 1.0 if passes is None else passes)):
        if not (isinstance(value, int | float) and 0 < value < float("inf")):
            raise ValidationError(f"waterfall, {name}", f"got {shorten(value)}", "more than 0")
    found = getattr(run, "run", run) if not hasattr(run, "mapped") else run
    chip, quantised = found.mapped.chip, found.mapped.quantised
    ledger, bill = run.ledger, run.bill(table)
    steps = ledger.total("steps")
    weights = _synapses(quantised)
    macs = weights * (steps / inferences if passes is None else passes)
    if not macs:
        raise ValidationError("waterfall", "a network without synapses or steps", "some of both")
    if bill.total <= 0:
        raise ValidationError(
            f"{chip.name}, {bill.prices.title}", "nothing is published of its energy",
            "a price table of yours", "a chip of one's own may have prices",
        )  # fmt: skip
    events = events_of(ledger) / inferences
    static = bill.static / inferences
    parts = _parts(machine, macs)
    alone = {name: _switched(parts, (name,), machine, events, macs, static) for name in _SWITCHES}
    stages = {"dense": sum(parts.values())}
    for k, name in enumerate(_SWITCHES):
        stages[name] = _switched(parts, _SWITCHES[: k + 1], machine, events, macs, static)
    stages["chip"] = bill.total / inferences
    always = sum(bill.dynamic.get(n, 0.0) for n in ("accesses", "idle updates")) / inferences
    if bill.prices.scope == Scope.ALL_IN:
        always = 0.0
    moving = (sum(bill.dynamic.values()) + bill.host) / inferences - always
    return Waterfall(
        chip.name, bill.prices.title, machine, macs, events, parts, alone, stages,
        static + always, moving / events if events else 0.0, _missing(bill),
    )  # fmt: skip


def _missing(bill: Any) -> tuple[str, ...]:
    """What a bill leaves out because nothing is published of it."""
    known = any(figure.value is not None for figure in bill.prices.static.values())
    static = () if known or bill.prices.scope == Scope.ALL_IN else ("static power",)
    return (*static, *bill.unpriced)


#: In the order in which they are switched.
_SWITCHES = ("idle", "data movement", "sparsity", "precision")
_CHIP_BITS = 8


def _gpu(gpu: str | Gpu) -> Gpu:
    if isinstance(gpu, Gpu):
        return gpu
    if gpu not in GPUS:
        raise ValidationError("waterfall, gpu", f"got {shorten(gpu)}", " or ".join(GPUS))
    return GPUS[gpu]


def _synapses(quantised: Any) -> int:
    program = lower(quantised.network, quantised.dt, "float64", 1)
    return sum(len(edge_list(e).pre) for e in program.edges)


def _parts(gpu: Gpu, macs: float) -> dict[str, float]:
    dynamic = macs * si(gpu.dynamic)
    arithmetic = min(macs * si(MAC_32) * gpu.bits / 32, 0.5 * dynamic)
    return {"idle": macs * si(gpu.idle), "data": dynamic - arithmetic, "arithmetic": arithmetic}


def _switched(
    parts: dict[str, float],
    names: tuple[str, ...],
    gpu: Gpu,
    events: float,
    macs: float,
    static: float,
) -> float:
    """Energy with some things as on the chip, all others as on the dense machine."""
    bits = _CHIP_BITS if "precision" in names else gpu.bits
    idle = static if "idle" in names else parts["idle"]
    data = parts["data"] * bits / gpu.bits
    if "data movement" in names:
        data = macs * si(NEAR) * bits / 64
    arithmetic = parts["arithmetic"]
    if "precision" in names:
        arithmetic = arithmetic * si(MAC_8) / (si(MAC_32) * gpu.bits / 32)
    share = events / macs if "sparsity" in names else 1.0
    return idle + share * (data + arithmetic)
