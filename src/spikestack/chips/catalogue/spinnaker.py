"""SpiNNaker, of the University of Manchester."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from copy import copy
from typing import Any, ClassVar, Self

import numpy as np

from ...errors import ValidationError, shorten
from ...network.network import Network
from ..chip import Chip
from ..circuits.spinnaker import quantise
from ..evaluating import Inferences, infer
from ..faults import Faults
from ..figures import Figure, Grade
from ..limits import Limit, LimitKind
from ..mapping.cores import MappedNetwork
from ..mapping.mesh import TRIANGULAR, Mesh
from ..pricing import Prices, Scope
from ..quantising import Quantised
from ..routing.machine import BOARD, Machine
from ..routing.mapping import RoutedNetwork, map_routed
from ..routing.running import RoutedSimulation
from ..running import ChipRun

__all__ = ["SpiNNaker"]

_P13 = "Painkras et al. 2013, IEEE JSSC 48(8), doi:10.1109/JSSC.2013.2259038"
_MACHINE = "spinn_machine 7.4.1"
_SOFTWARE = "sPyNNaker 7.4.1"
_KERAS = "KerasSpiking, after arXiv:1903.08941"
_SLOWED = "sPyNNaker, messages and discussion of its public tracker, #247 (2016), #1602 (2025)"


def _silicon(value: float, unit: str, note: str = "") -> Figure:
    return Figure(value, unit, Grade.SILICON, _P13, note)


def _code(value: float, unit: str, source: str = _MACHINE, note: str = "") -> Figure:
    return Figure(value, unit, Grade.CODE, source, note)


def _memory(value: float, unit: str, note: str = "") -> Figure:
    return Figure(value, unit, Grade.UNVERIFIED, "what is commonly said of it", note)


def _divided(energy: float) -> Figure:
    """How long a core works for so many nJ, if that is all it draws its power for."""
    return Figure(
        energy / 34e-3, "ns", Grade.UNVERIFIED, f"{_KERAS}; {_MACHINE}",
        f"an estimate: {energy:g} nJ at the 34 mW of an active core, "
        f"{energy / 34e-3 * 0.2:.0f} cycles of 200 MHz",
    )  # fmt: skip


_MS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}
_TIME = {"accesses": _divided(26.0), "sparse events": _divided(13.3)}


class SpiNNaker(Chip):
    """Small processors that send each other packets; software decides what a neuron is.

    A timer starts the steps, so a run takes a fixed multiple of the described time, which its user
    chooses. Left alone, it is 1 from steps of 1 ms on, and below the least whole number with which
    the timer's period is `step` or longer: 10 for steps of 0.1 ms, as sPyNNaker had it until 2025.

    Parameters
    ----------
    time_scale
        How many times longer than described a step lasts.
    chips
        How many there are, on as many boards of 48 as that takes: a board by default. Cores are
        filled chip by chip, outwards from the first.
    faults
        `Faults`: chips by column and row, links and cores with their number besides; or a mapping
        of ``"chips"``, ``"links"`` and ``"cores"``.
    figures
        ``step``, ``neurons_per_core``, ``expected_rate``; of packets ``link_rate``,
        ``router_wait``, ``reinjection``, ``input_buffer``.
    """

    maker, year = "University of Manchester", 2012
    features = "programs on ARM cores, multicast of packets by tables, a timer of 1 ms, no barrier"

    cores = _memory(16, "cores", "for neurons: of 18 one is a monitor, another serves packets")
    processors = _silicon(18, "ARM968 cores", "boards list chips of 17, too")
    clock = _silicon(200, "MHz")
    area = _silicon(102, "mm2")
    transistors = _silicon(100e6, "transistors")
    process = _silicon(130, "nm")
    power = _silicon(1.0, "W", "at 1.2 V, all cores busy")
    throughput = _silicon(3.96, "giga-instructions per s")
    instruction_memory = _code(32, "KB", note="of a core")
    data_memory = _code(64, "KB", note="of a core")
    shared_memory = _code(128, "MB", note="of a chip")
    board = _code(BOARD, "chips", note="a hexagon cut from a torus of 8 x 8, three FPGAs")
    board_power = _code(26.84, "W", note="a board that idles; 5.04 W more in its box")
    packet = _code(40, "bits", note="8 and a key of 32; 72 with a payload")
    link_rate = _memory(6e6, "packets per s")
    router_wait = _memory(2.4, "us", "an estimate: 240 cycles of 100 MHz")
    reinjection = _memory(10.0, "us", "an estimate: until software has sent a dropped packet again")
    input_buffer = _memory(256, "packets", "that wait at a core")
    step = _silicon(1.0, "ms", "a timer of each core, in real time")
    slow_down = _code(10, "times real time", _SLOWED, "for steps of 0.1 ms unless told, so that "
                      "the timer keeps 1 ms; since 2025 1, with cores for synapses")  # fmt: skip
    neurons_per_core = _code(256, "neurons", _SOFTWARE)
    design_target = Figure(1000, "neurons", Grade.MAKER, "Furber et al. 2014, Proc IEEE 102(5)",
                           "of a core, with 1,000 inputs each at 10 Hz")  # fmt: skip
    expected_rate = _memory(30.0, "Hz", "of every neuron, when ring buffers are scaled")
    weight_bits = _code(16, "bits", _SOFTWARE, "and a shift to the left")
    state_bits = _code(32, "bits", _SOFTWARE, "s16.15")

    mesh = Mesh(1, 1, TRIANGULAR)
    routes_itself = True
    tile = 16
    word_bits = 32
    synapse_bits: ClassVar[Mapping[str, float]] = {"sparse": 32, "dense": 32}
    limits = (
        Limit("neurons", "core", _code(256, "neurons", _SOFTWARE, "by default"),
              LimitKind.DEADLINE, "put fewer on a core, or let a step last longer"),
        Limit("local bytes", "core", _code(64 * 1024, "bytes", note="states and ring buffers"),
              LimitKind.BUDGET, "put fewer neurons on a core"),
        Limit("synapse words", "chip", _code(128 * 2**18, "words of 32 bits"),
              LimitKind.BUDGET, "put fewer neurons on a core, or use more chips"),
        Limit("routing entries", "chip", _code(1023, "entries", note="of 1,024"),
              LimitKind.WALL, "put populations with the same targets together"),
        Limit("delay", "neuron", _memory(144, "steps", "16, and 16 in each of 8 extensions"),
              LimitKind.WALL, "use a longer step"),
        Limit("types of synapses", "population", _memory(4, "types", "1 or 2 bits of a word"),
              LimitKind.WALL, "give its synapses the same parameters"),
    )  # fmt: skip
    prices: ClassVar[Mapping[str, Prices]] = {
        "power": Prices(
            "power of chips and cores, energy of packets", Scope.PER_TERM,
            energy={
                "messages": _code(1.0, "nJ", note="25 pJ a bit, at the first router"),
                "hops between chips": _code(1.0, "nJ", note="25 pJ a bit, at each other router"),
                "sent again": _code(1.0, "nJ", note="25 pJ a bit, at the router that dropped it"),
            },
            static={
                "chip": _code(0.35, "W", note="idle"),
                "core": _code(34, "mW", note="an active core, above the idle chip"),
            },
            time=_TIME,
        ),
        "events": Prices(
            "energy of events", Scope.PER_TERM,
            energy={
                "sparse events": _code(13.3, "nJ", _KERAS),
                "accesses": _code(26.0, "nJ", _KERAS, "a neuron and step"),
                "messages": _code(1.0, "nJ", note="25 pJ a bit, at the first router"),
                "hops between chips": _code(1.0, "nJ", note="25 pJ a bit, at each other router"),
            },
            static={"chip": _code(0.35, "W", note="idle")},
            time=_TIME,
        ),
        "system": Prices(
            "microcircuit, whole system", Scope.ALL_IN,
            energy={"sparse events": Figure(
                5.9, "uJ", Grade.SILICON,
                "van Albada et al. 2018, doi:10.3389/fnins.2018.00291, seen second-hand",
                "at a twentieth of real time, with boards that idle",
            )},
            time=_TIME,
        ),
    }  # fmt: skip
    settable = (
        "step", "neurons_per_core", "expected_rate", "link_rate", "router_wait", "reinjection",
        "input_buffer",
    )  # fmt: skip

    def __init__(
        self, *, chips: int = BOARD, faults: Any = None, time_scale: float | None = None,
        **figures: Figure,
    ) -> None:  # fmt: skip
        super().__init__(chips=chips, faults=self._faults(faults), **figures)
        self.time_scale = self._checked_scale(time_scale, "step" in figures)
        boards = -(-self.chips // BOARD)
        self.machine = Machine.boards(boards)
        if self.faults is not None:
            self.machine = self._broken(self.faults, boards)

    def _checked_scale(self, given: float | None, stepped: bool) -> float | None:
        if given is None:
            return None
        where = f"{self.name}, time_scale"
        if stepped:
            raise ValidationError(where, "is given along with step", "one of both",
                                  "step is the timer's period itself")  # fmt: skip
        number = isinstance(given, int | float) and not isinstance(given, bool)
        if not number or not math.isfinite(given) or not 1e-3 <= given <= 1e6:
            raise ValidationError(where, f"got {shorten(given)}", "a number from 0.001 to 1e6")
        return float(given)

    def timed(self, dt: float) -> Self:
        """The same with the timer that it has for steps of `dt` ms: `step` is its period."""
        assert self.step is not None
        if "step" in vars(self) and self.time_scale is None:
            return self
        least = float(self.step) * _MS[self.step.unit]
        times = self.time_scale or max(1.0, math.ceil(least / dt - 1e-9))
        made, unit = copy(self), f"{times:g} times the described {dt:g} ms"
        if self.time_scale is not None:
            made.step = Figure(times * dt, "ms", Grade.USER, "time_scale", unit)
        elif times * dt != least:
            made.step = Figure(times * dt, "ms", Grade.DERIVED, "the least timer's period", unit)
        return made

    def _faults(self, given: Any) -> Faults | None:
        """What does not work, also of a mapping of lists."""
        if given is None or isinstance(given, Faults):
            return given
        names = {"chips": 2, "links": 3, "cores": 3}
        if not isinstance(given, Mapping) or set(given) - set(names):
            raise ValidationError(f"{self.name}, faults", f"got {given!r}",
                                  "a mapping with 'chips', 'links' and 'cores'")  # fmt: skip
        made: dict[str, list[Any]] = {}
        for name, length in names.items():
            listed: Iterable[Any] = given.get(name, ())
            made[name] = [tuple(int(n) for n in np.ravel(item)) for item in listed]
            if any(len(item) != length for item in made[name]):
                raise ValidationError(f"{self.name}, faults, {name!r}", f"got {listed!r}",
                                      f"tuples of {length} numbers")  # fmt: skip
        return Faults(dead_chips=made["chips"], dead_links=made["links"], dead_cores=made["cores"])

    def _broken(self, faults: Faults, boards: int) -> Machine:
        """The machine without what is dead."""
        chips, links = faults.items("dead_chips", 2), faults.items("dead_links", 3)
        cores, most = faults.items("dead_cores", 3), int(self.cores)
        for kind, items, top in (("links", links, 6), ("cores", cores, most)):
            for item in items:
                if not 0 <= item[2] < top:
                    raise ValidationError(f"Faults.dead_{kind}", f"got {item}",
                                          f"0 to {top - 1} at the end")  # fmt: skip
        for item in (*chips, *links, *cores):
            if item[:2] not in self.machine.number:
                raise ValidationError(f"{self.name}, faults", f"no chip at {item[:2]}",
                                      f"one of its {self.machine.size:,} chips")  # fmt: skip
        return Machine.boards(boards, chips, links)

    def quantise(self, network: Network, dt: float = 1.0) -> Quantised:
        """Bring a network of any neurons into sPyNNaker's numbers; see `circuits.spinnaker`."""
        return quantise(network, dt, float(self.expected_rate))

    def lay_out(
        self, quantised: Any, rates: np.ndarray | None = None, seed: int = 1
    ) -> RoutedNetwork:
        """Cut a quantised network into slices, place and route them; nothing is by chance."""
        timed = self.timed(quantised.dt)
        return map_routed(quantised, timed, self.machine, rates, self.faults)

    def execute(self, mapped: MappedNetwork, steps: int, progress: bool | None = None) -> ChipRun:
        """Run what was mapped for a number of steps."""
        assert isinstance(mapped, RoutedNetwork)
        simulation = RoutedSimulation(mapped)
        simulation.forward(int(steps), progress=progress)
        return simulation.result()

    def infer(
        self,
        mapped: MappedNetwork,
        samples: np.ndarray,
        drive: str = "events",
        progress: bool | None = None,
    ) -> Inferences:
        """Run samples, each from the network's start; see `evaluating.infer`."""
        assert isinstance(mapped, RoutedNetwork)
        return infer(mapped, samples, drive, progress, RoutedSimulation(mapped, threads=1))

    @property
    def packets_per_link(self) -> float:
        """Packets that a link takes in a step."""
        assert self.step is not None
        return float(self.link_rate) * float(self.step) * _MS[self.step.unit] * 1e-3
