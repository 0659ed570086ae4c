"""A digital chip of the user's, by its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from ...errors import UnknownNameError, ValidationError, shorten
from ...network.network import Network
from ...settings import checked_count
from ..chip import Chip
from ..circuits.whole import Format, quantise
from ..figures import Figure, Grade
from ..limits import Limit, LimitKind
from ..mapping.mesh import Mesh
from ..pricing import Prices, Scope
from ..quantising import Quantised

__all__ = ["GenericChip"]

_EXAMPLE = "default of GenericChip: an example, no chip"
_GIVEN = "an argument of GenericChip"
_KINDS = ("dense", "sparse", "convolutional")
#: By argument: unit, least, greatest.
_RANGES: dict[str, tuple[str, float, float]] = {
    "cores": ("cores", 1, 2**20),
    "neurons_per_core": ("neurons", 1, 2**24),
    "synapses_per_core": ("synapses", 1, 2**40),
    "memory_per_core": ("KiB", 0.001, 2**30),
    "weight_bits": ("bits", 1, 24),
    "state_bits": ("bits", 4, 32),
    "decay_bits": ("bits", 0, 24),
    "exponent_bits": ("bits", 0, 4),
    "most_delay": ("steps", 1, 10_000),
    "axons_in_per_core": ("axons", 1, 2**40),
    "step": ("ms", 1e-9, 1e6),
}


def _example(value: float | None, unit: str) -> Figure:
    return Figure(value, unit, Grade.USER, _EXAMPLE)


class GenericChip(Chip):
    """Cores with integer leaky integrate-and-fire neurons, on a mesh.

    Each number may be a plain one, taken as given by the user, or a `Figure` with a source of its
    own. Current and potential saturate, decays are shares of 2 to the power of `decay_bits`, and a
    spike acts in the next step at the earliest; resets may be to a value or by one.

    Parameters
    ----------
    title
        The chip's name.
    cores, neurons_per_core
        How many.
    synapses_per_core, memory_per_core
        Either or both: synapses, KiB; the smaller counts. A synapse takes `weight_bits`.
    weight_bits, state_bits
        Sign included.
    decay_bits
        0 where nothing decays.
    exponent_bits
        Weights of a projection may be multiplied with 2 to the power of so many bits.
    most_delay
        Steps.
    axons_in_per_core
        Sources that a core can hear.
    mesh, tile
        Columns and rows of routers, and cores at each; by default as square as can be.
    step
        How long one lasts, ms; by default as short as the prices' times allow.
    prices
        Energy by counter of the ledger, pJ, where ``"events"`` stands for synaptic events of every
        format, and static power of ``"chip"`` or ``"core"``, mW; a `Prices`, or several by name.
    times
        Seconds by counter, ns.
    maker, year, features
        For its description.
    chips, faults
        See `Chip`.

    Raises
    ------
    ValidationError
        If a number is none, or out of range.
    """

    complete = False

    maker, year = "the user", 0
    features = "integer leaky integrate-and-fire neurons on a mesh, described by arguments"

    cores = _example(16, "cores")
    neurons_per_core = _example(256, "neurons")
    synapses_per_core = _example(65_536, "synapses")
    memory_per_core = _example(None, "KiB")
    weight_bits = _example(8, "bits")
    state_bits = _example(16, "bits")
    decay_bits = _example(12, "bits")
    exponent_bits = _example(3, "bits")
    most_delay = _example(62, "steps")
    axons_in_per_core = _example(None, "axons")

    mesh = Mesh(4, 4)
    synapse_bits: ClassVar[Mapping[str, float]] = {"dense": 8, "sparse": 8, "convolutional": 8}
    prices: ClassVar[Mapping[str, Prices]] = {
        "given": Prices("none given", Scope.PER_TERM, {"spikes": _example(None, "pJ")})
    }

    def __init__(
        self,
        title: str = "GenericChip",
        *,
        mesh: tuple[int, int] | None = None,
        tile: int = 1,
        prices: Any = None,
        times: Mapping[str, Any] | None = None,
        maker: str = "the user",
        year: int = 0,
        features: str = "",
        chips: int = 1,
        faults: Any = None,
        **figures: Any,
    ) -> None:
        self.title = _text(title, "GenericChip, title")
        super().__init__(chips=chips, faults=faults)
        self.maker, self.year = _text(maker, f"{title}, maker"), int(year)
        self.features = features or type(self).features
        for name, given in figures.items():
            if name not in _RANGES:
                raise UnknownNameError(self.title, name, _RANGES)
            setattr(self, name, _figure(given, *_RANGES[name], f"{self.title}, {name}"))
        self.tile = checked_count(tile, f"{self.title}, tile")
        self.mesh = self._mesh(mesh)
        bits = float(self.weight_bits)
        self.word_bits = int(self.weight_bits)
        self.synapse_bits = dict.fromkeys(_KINDS, bits)  # type: ignore[misc]
        self.limits = self._limits()
        if prices is not None or times:
            self.prices = _tables(prices, times or {}, self.title)  # type: ignore[misc]

    @property
    def name(self) -> str:
        """The title."""
        return self.title

    def figures(self) -> dict[str, Figure]:
        """Every figure of the description, by name."""
        given = {} if self.step is None else {"step": self.step}
        return super().figures() | given

    def quantise(self, network: Network, dt: float = 1.0) -> Quantised:
        """Bring a network of leaky integrate-and-fire neurons into the chip's numbers.

        See `circuits.whole.quantise`.
        """
        form = Format(
            self.title, int(self.weight_bits), int(self.state_bits), int(self.decay_bits),
            (0, 2 ** int(self.exponent_bits) - 1), most_delay=int(self.most_delay),
        )  # fmt: skip
        return quantise(network, dt, form)

    def _mesh(self, given: tuple[int, int] | None) -> Mesh:
        routers = -(-int(self.cores) // self.tile)
        if given is None:
            width = math.isqrt(routers - 1) + 1 if routers > 1 else 1
            return Mesh(width, -(-routers // width))
        where = f"{self.title}, mesh"
        if not (isinstance(given, tuple | list) and len(given) == 2):
            raise ValidationError(where, f"got {shorten(given)}", "(columns, rows)")
        made = Mesh(checked_count(given[0], where), checked_count(given[1], where))
        if made.size < routers:
            problem = f"{made.size} routers for {int(self.cores):,} cores, {self.tile} at each"
            raise ValidationError(where, problem, f"{routers} at least")
        return made

    def _limits(self) -> tuple[Limit, ...]:
        rooms = []
        if self.synapses_per_core.value is not None:
            rooms.append((float(self.synapses_per_core), self.synapses_per_core))
        if self.memory_per_core.value is not None:
            words = float(self.memory_per_core) * 8192 // float(self.weight_bits)
            note = f"{self.memory_per_core} of {int(self.weight_bits)}-bit synapses"
            given = self.memory_per_core
            rooms.append((words, Figure(words, "synapses", given.grade, given.source, note)))
        if not rooms:
            problem = "neither synapses_per_core nor memory_per_core"
            raise ValidationError(self.title, problem, "one of them")
        made = [
            Limit("neurons", "core", self.neurons_per_core, LimitKind.WALL,
                  "spread them over more cores"),
            Limit("synapse words", "core", min(rooms, key=lambda r: r[0])[1], LimitKind.BUDGET,
                  "use fewer bits or synapses, or spread their targets over more cores"),
            Limit("delay", "neuron", self.most_delay, LimitKind.WALL, "use a longer step"),
            Limit("cores", "chip", self.cores, LimitKind.WALL, "use more chips"),
        ]  # fmt: skip
        if self.axons_in_per_core.value is not None:
            made.append(Limit("axons in", "core", self.axons_in_per_core, LimitKind.WALL,
                              "put targets of the same sources together"))  # fmt: skip
        return tuple(made)


def _text(given: Any, where: str) -> str:
    if not (isinstance(given, str) and given.strip() and len(given) <= 200):
        raise ValidationError(where, f"got {shorten(given)}", "a text of 1 to 200 characters")
    return given


def _figure(given: Any, unit: str, low: float, high: float, where: str) -> Figure:
    made = given if isinstance(given, Figure) else Figure(_number(given, where), unit, Grade.USER,
                                                          _GIVEN)  # fmt: skip
    if made.unit != unit:
        raise ValidationError(where, f"in {shorten(made.unit)}", unit)
    if made.value is not None:
        whole = unit in ("KiB", "ms") or float(made.value).is_integer()
        if not (low <= made.value <= high and whole):
            kind = "a number" if unit in ("KiB", "ms") else "a whole number"
            raise ValidationError(where, f"is {made.value:g} {unit}",
                                  f"{kind} from {low:g} to {high:g}")  # fmt: skip
    return made


def _number(given: Any, where: str) -> float:
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if not number or not math.isfinite(given):
        raise ValidationError(where, f"got {shorten(given)}", "a number, or a Figure")
    return float(given)


def _tables(prices: Any, times: Mapping[str, Any], title: str) -> dict[str, Prices]:
    if isinstance(prices, Prices):
        return {"given": prices}
    if (
        isinstance(prices, Mapping)
        and prices
        and all(isinstance(p, Prices) for p in prices.values())
    ):
        return dict(prices)
    if prices is not None and not isinstance(prices, Mapping):
        raise ValidationError(f"{title}, prices", f"got {shorten(prices)}",
                              "energies by counter, or Prices")  # fmt: skip
    static, energy = {}, {}
    for name, given in (prices or {}).items():
        where = f"{title}, price of {shorten(name)}"
        if name in ("chip", "core"):
            static[name] = _price(given, "mW", where)
        else:
            energy |= dict.fromkeys(_counters(name), _price(given, "pJ", where))
    taken: dict[str, Figure] = {}
    for name, given in times.items():
        where = f"{title}, time of {shorten(name)}"
        taken |= dict.fromkeys(_counters(name), _price(given, "ns", where))
    return {"given": Prices("given by the user", Scope.PER_TERM, energy, static, taken)}


def _counters(name: str) -> list[str]:
    return [f"{kind} events" for kind in _KINDS] if name == "events" else [name]


def _price(given: Any, unit: str, where: str) -> Figure:
    made = given if isinstance(given, Figure) else Figure(
        _number(given, where), unit, Grade.USER, _GIVEN
    )  # fmt: skip
    if made.value is not None and made.value < 0:
        raise ValidationError(where, f"is {made.value:g} {unit}", "0 or more")
    return made
