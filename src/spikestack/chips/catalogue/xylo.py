"""SynSense's Xylo: hidden neurons in one recurrent matrix, and a readout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from ...errors import ValidationError
from ...network.network import Network
from ...program.edge_list import edge_list, edge_weights
from ...program.lower import lower
from ..chip import Chip
from ..circuits.xylo import quantise
from ..evaluating import Inferences, infer_by_runs
from ..faults import honoured
from ..figures import Figure, Grade
from ..hosting import chip_run, outside_spikes
from ..kernels.xylo import run as run_steps
from ..limits import Limit, LimitKind, violations
from ..mapping.cores import Core, MappedNetwork
from ..mapping.mesh import Mesh
from ..neurons.xylo import XyloSecond
from ..pricing import Prices, Scope
from ..quantising import Quantised
from ..running import ChipRun

__all__ = ["Xylo", "XyloAudio3", "XyloIMU"]

_DOC = "rockpool, devices/xylo-overview"
_SIM = "XyloSim 0.1.3, equal in tests"
_KWS = "Bos and Muir 2024, arXiv:2406.15112"


def _doc(value: float, unit: str, note: str = "") -> Figure:
    return Figure(value, unit, Grade.CODE, _DOC, note)


def _limits(hidden: Figure, outputs: Figure, entered: Figure, read: Figure) -> tuple[Limit, ...]:
    return (
        Limit("input channels", "chip", _doc(16, "channels"), LimitKind.WALL,
              "use fewer inputs: pool or encode them"),
        Limit("neurons", "chip", hidden, LimitKind.WALL, "use fewer hidden neurons"),
        Limit("outputs", "chip", outputs, LimitKind.WALL, "use fewer outputs"),
        Limit("neurons entered", "chip", entered, LimitKind.WALL,
              "let inputs reach fewer hidden neurons"),
        Limit("neurons read", "chip", read, LimitKind.WALL,
              "let fewer hidden neurons reach outputs"),
    )  # fmt: skip


@dataclass(frozen=True)
class _Numbers:
    """Where each population's neurons are among inputs, hidden neurons, outputs."""

    inputs: dict[str, int]
    hidden: dict[str, int]
    outputs: dict[str, int]
    sizes: dict[str, int]

    def count(self, part: dict[str, int]) -> int:
        return sum(self.sizes[n] for n in part)


class Xylo(Chip):
    """Xylo Audio 2: 16 inputs, 1,000 hidden neurons, 8 outputs, run bit by bit.

    Additions saturate one by one, hidden neurons fire up to 31 times in a step; see
    `kernels.xylo`.

    Parameters
    ----------
    alias
        By hidden neuron another, which sends its spikes along with its own.
    """

    maker, year = "SynSense", 2022
    features = "one recurrent layer in 16-bit integers, several spikes in a step, audio in front"

    #: Of devices: the second keeps the change of a potential within 16 bits, too.
    family = 1

    cores = _doc(1, "cores")
    channels = _doc(16, "channels")
    hidden = _doc(1000, "neurons")
    outputs = _doc(8, "neurons")
    entered = _doc(1000, "neurons", "that inputs can reach")
    read = _doc(1000, "neurons", "that outputs can hear")
    weight_bits = Figure(8, "bits", Grade.CODE, _SIM, "one shift for each matrix")
    state_bits = Figure(16, "bits", Grade.CODE, _SIM, "saturating")
    input_spikes = Figure(15, "spikes", Grade.CODE, _SIM, "of a channel in a step")
    hidden_spikes = Figure(31, "spikes", Grade.CODE, _SIM, "of a hidden neuron in a step")
    output_spikes = Figure(1, "spikes", Grade.CODE, _SIM, "of an output in a step")
    keyword_power = Figure(291, "uW", Grade.SILICON, _KWS, "dynamic, keyword spotting on Audio 2")
    keyword_energy = Figure(6.6, "uJ", Grade.SILICON, _KWS, "of one such inference")
    keyword_accuracy = Figure(95, "%", Grade.SILICON, _KWS, "of its quantised network")
    step = Figure(1.0, "ms", Grade.DERIVED, "the description's step, in real time")

    mesh = Mesh(1, 1)
    word_bits = 8
    synapse_bits: ClassVar[Mapping[str, float]] = {"dense": 8, "sparse": 8, "convolutional": 8}
    limits = _limits(hidden, outputs, entered, read)
    prices: ClassVar[Mapping[str, Prices]] = {
        "published": Prices(
            "at rest", Scope.PER_TERM,
            energy={
                f"{kind} events": Figure(None, "pJ", Grade.MAKER, _KWS, "powers of whole "
                                         "applications are published, no energy of an operation")
                for kind in ("dense", "sparse", "convolutional")
            },
            static={"chip": Figure(216, "uW", Grade.UNVERIFIED, _KWS, "idle, while clocked")},
        )
    }  # fmt: skip

    def __init__(self, *, alias: Mapping[int, int] | None = None, **figures: Any) -> None:
        super().__init__(**figures)
        self.alias = dict(alias or {})
        if self.chips != 1:
            raise ValidationError(self.name, f"{self.chips} chips", "1: there are no links")
        most = int(self.hidden)
        for pair in self.alias.items():
            if not all(isinstance(k, int) and 0 <= k < most for k in pair):
                raise ValidationError(f"{self.name}, alias", f"{pair}", f"numbers below {most}")

    def quantise(self, network: Network, dt: float = 1.0) -> Quantised:
        """Bring a network into the chip's numbers; see `circuits.xylo.quantise`."""
        return quantise(network, dt)

    def lay_out(
        self, quantised: Any, rates: np.ndarray | None = None, seed: int = 1
    ) -> MappedNetwork:
        """Say who is where.

        Raises
        ------
        ValidationError
            If it does not fit; every violated limit is named, with what to do.
        """
        honoured(self, why="there is one core, taken to be sound")
        numbers = _numbers(quantised.network, set(quantised.scales))
        used = self._used(quantised, numbers)
        beyond = [str(v) for v in violations(self.limits, used, "network")]
        if beyond:
            raise ValidationError(self.name, "; ".join(beyond), "a network that the chip holds")
        sizes = {n: numbers.sizes[n] for n in (*numbers.hidden, *numbers.outputs)}
        # All neurons are computed in every step, outputs among them.
        held = used | {"hidden neurons": used["neurons"], "neurons": float(sum(sizes.values()))}
        core = Core(0, {n: np.arange(size) for n, size in sizes.items()}, held)
        where = {n: np.zeros(size, np.int64) for n, size in sizes.items()}
        return MappedNetwork(quantised, self, where, (core,), np.zeros((1, 1)), ())

    def _used(self, quantised: Quantised, numbers: _Numbers) -> dict[str, float]:
        entered, read = set(), set()
        program = lower(quantised.network, quantised.dt, "float64", 1)
        for e in program.edges:
            pre, post = (program.populations[k].name for k in (e.pre, e.post))
            found = edge_list(e)
            if pre in numbers.inputs:
                entered |= {(post, j) for j in found.post.tolist()}
            if post in numbers.outputs:
                read |= {(pre, i) for i in found.pre.tolist()}
        return {
            "input channels": float(numbers.count(numbers.inputs)),
            "neurons": float(numbers.count(numbers.hidden)),
            "outputs": float(numbers.count(numbers.outputs)),
            "neurons entered": float(len(entered)),
            "neurons read": float(len(read)),
        }

    def infer(
        self,
        mapped: MappedNetwork,
        samples: np.ndarray,
        drive: str = "events",
        progress: bool | None = None,
    ) -> Inferences:
        """Run samples by the chip's own additions; see `evaluating.infer_by_runs`."""
        return infer_by_runs(self, mapped, samples, drive, progress)

    def execute(self, mapped: MappedNetwork, steps: int, progress: bool | None = None) -> ChipRun:
        """Run what was mapped, bit by bit.

        A neuron that fires n times in a step has n spikes in it; `ledger` counts input spikes
        beyond the fifteenth under ``"dropped"``.
        """
        quantised = mapped.quantised
        numbers = _numbers(quantised.network, set(quantised.scales))
        outside = outside_spikes(quantised, steps)
        parts = _Parts(quantised, numbers)
        n, outputs = numbers.count(numbers.hidden), numbers.count(numbers.outputs)
        given = np.zeros((steps, numbers.count(numbers.inputs)), np.int64)
        for name, (at, ids) in outside.items():
            later = at + parts.wait.get(name, 0)
            kept = later < steps
            np.add.at(given, (later[kept], ids[kept] + numbers.inputs[name]), 1)
        alias = np.full(n, -1, np.int64)
        for k, other in self.alias.items():
            if max(k, other) < n:
                alias[k] = other
        made = [np.zeros((steps, size), np.int64) for size in (n, outputs, n, outputs)]
        lost = run_steps(given, *parts.weights, *parts.constants, alias, self.family == 2, *made)
        spikes, potentials = dict(outside), {}
        for part, counts, v in ((numbers.hidden, made[0], made[2]),
                                (numbers.outputs, made[1], made[3])):  # fmt: skip
            for name, begin in part.items():
                place = slice(begin, begin + numbers.sizes[name])
                at, ids = np.nonzero(counts[:, place])
                times = counts[:, place][at, ids]
                spikes[name] = (np.repeat(at, times), np.repeat(ids, times))
                potentials[name] = v[:, place]
        run = chip_run(mapped, spikes, potentials, steps)
        counted = dict(run.ledger.counts) | {"dropped": np.array([lost], np.int64)}
        return ChipRun.of(mapped, run.integers, replace(run.ledger, counts=counted))


class XyloAudio3(Xylo):
    """Xylo Audio 3: 992 hidden neurons, 32 outputs; the second family of devices."""

    compared = False

    year, family = 2023, 2
    hidden, outputs = _doc(992, "neurons"), _doc(32, "neurons")
    entered = _doc(128, "neurons", "that inputs can reach")
    read = _doc(128, "neurons", "that outputs can hear")
    limits = _limits(hidden, outputs, entered, read)


class XyloIMU(Xylo):
    """Xylo IMU: 496 hidden neurons, 16 outputs; the second family of devices."""

    compared = False

    year, family = 2023, 2
    features = "one recurrent layer in 16-bit integers, several spikes in a step, motion in front"
    hidden, outputs = _doc(496, "neurons"), _doc(16, "neurons")
    entered = _doc(128, "neurons", "that inputs can reach")
    read = _doc(128, "neurons", "that outputs can hear")
    limits = _limits(hidden, outputs, entered, read)


def _numbers(network: Network, on_chip: set[str]) -> _Numbers:
    sizes = {p.name: p.size for p in network.populations.values()}
    heard = {p.pre.population.name for p in network.projections.values()}
    parts: tuple[dict[str, int], dict[str, int], dict[str, int]] = ({}, {}, {})
    at = [0, 0, 0]
    for name, size in sizes.items():
        k = 0 if name not in on_chip else 1 if name in heard else 2
        if k == 0 and name not in heard:
            continue
        parts[k][name] = at[k]
        at[k] += size
    return _Numbers(*parts, sizes)


class _Parts:
    """Matrices and constants as `kernels.xylo.run` takes them."""

    def __init__(self, quantised: Quantised, numbers: _Numbers) -> None:
        counts = [numbers.count(p) for p in (numbers.inputs, numbers.hidden, numbers.outputs)]
        w_in = np.zeros((counts[0], counts[1], 2), np.int64)
        w_rec = np.zeros((counts[1], counts[1], 2), np.int64)
        w_out = np.zeros((counts[1], counts[2], 1), np.int64)
        program = lower(quantised.network, quantised.dt, "float64", 1)
        self.wait: dict[str, int] = {}
        for e in program.edges:
            pre, post = (program.populations[k].name for k in (e.pre, e.post))
            found = edge_list(e)
            second = isinstance(quantised.network.projections[e.name].synapse, XyloSecond)
            weights = np.rint(edge_weights(e)).astype(np.int64)
            if post in numbers.outputs:
                begin = numbers.hidden[pre], numbers.outputs[post]
                np.add.at(w_out[:, :, 0], (found.pre + begin[0], found.post + begin[1]), weights)
                continue
            if pre in numbers.inputs:
                self.wait[pre] = int(found.delays.max(initial=0))
            matrix, begins = (w_in, numbers.inputs) if pre in numbers.inputs else (
                w_rec, numbers.hidden
            )  # fmt: skip
            place = (found.pre + begins[pre], found.post + numbers.hidden[post])
            np.add.at(matrix[:, :, int(second)], place, weights)
        self.weights = (w_in, w_rec, w_out)
        self.constants = (
            *self._constants(quantised.network, numbers, numbers.hidden, ("share_1", "share_2")),
            *self._constants(quantised.network, numbers, numbers.outputs, ("share_1",)),
        )

    @staticmethod
    def _constants(
        network: Network, numbers: _Numbers, part: dict[str, int], shares: tuple[str, ...]
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        n = numbers.count(part)
        leak, theta = np.ones(n, np.int64), np.ones(n, np.int64)
        leaks = np.ones((n, len(shares)), np.int64)
        for name, begin in part.items():
            place = slice(begin, begin + numbers.sizes[name])
            values: Any = network.populations[name].model.values
            leak[place] = np.rint(np.log2(values["share"]))
            theta[place] = np.rint(values["theta"])
            for k, share in enumerate(shares):
                leaks[place, k] = np.rint(np.log2(values[share]))
        return leak, leaks, theta
