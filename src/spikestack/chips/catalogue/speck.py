"""SynSense's DYNAP-CNN, the processor of Speck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from ...errors import ValidationError
from ...network.network import Network
from ..chip import Chip
from ..circuits.whole import Format, quantise
from ..evaluating import Inferences, infer_by_runs
from ..eventwise import run_eventwise
from ..faults import Faults, honoured, with_faults
from ..figures import Figure, Grade
from ..hosting import chip_run
from ..limits import Limit, LimitKind, Violation, violations
from ..mapping.cores import Core, MappedNetwork
from ..mapping.frame_layers import routes_of
from ..mapping.layers import Layer, assign, layer_of
from ..mapping.mesh import Mesh
from ..mapping.stored_words import stored_words
from ..pricing import Prices, Scope
from ..quantising import Quantised
from ..running import ChipRun

__all__ = ["Speck"]

_DOC = "sinabs, docs/speck/overview.md"
_TIPS = "sinabs, docs/speck/faqs/tips_for_training.md"
_SIZES = "sinabs, validate_memory_speck.py"
_PAPER = "Yao et al. 2024, Nat Commun 15:4464, doi:10.1038/s41467-024-47811-6"


def _code(value: float, unit: str, source: str = _DOC, note: str = "") -> Figure:
    return Figure(value, unit, Grade.CODE, source, note)


def _memory(value: float, cores: str) -> Figure:
    return _code(value, "words", _SIZES, f"of each of the cores {cores}")


class Speck(Chip):
    """Nine cores, each of which holds one convolution and its integrate-and-fire neurons.

    Parameters
    ----------
    asynchronous
        Whether to run event by event, where a neuron may fire several times in a step, instead of
        step by step, where all that arrives is added before thresholds are looked at.
    synops
        `Figure` of the synaptic operations that a core manages in a second (``"1/s"``), not
        published: above, steps are late, and event by event the congestion balancer drops.
    """

    maker, year = "SynSense", 2021
    features = "asynchronous convolutions on nine cores, event camera on the die, no time steps"

    cores = _code(9, "cores", note="convolution, neurons, sum pooling")
    neurons_per_chip = _code(0.32e6, "neurons", note="the memories hold 327,680")
    kernel_words_012 = _memory(16 * 1024, "0 to 2")
    kernel_words_34 = _memory(32 * 1024, "3 and 4")
    kernel_words_56 = _memory(64 * 1024, "5 and 6")
    kernel_words_78 = _memory(16 * 1024, "7 and 8")
    neuron_words_012 = _memory(64 * 1024, "0 to 2")
    neuron_words_34 = _memory(32 * 1024, "3 and 4")
    neuron_words_56 = _memory(16 * 1024, "5 and 6")
    neuron_words_78 = _memory(16 * 1024, "7 and 8")
    weight_bits = _code(8, "bits")
    state_bits = _code(16, "bits", note="saturating, with a lower bound that is set")
    camera_side = _code(128, "pixels", note="of the event camera on the die, square")
    readout_classes = _code(15, "classes", note="of the readout on the die; ours is the host's")
    decimator = _code(512, "spikes", note="at most, of which one is passed on: 2, 4, ... or none")
    synops = Figure(None, "1/s", Grade.CODE, _TIPS, "synaptic operations of a core, at most: "
                    "a limit is named, no number")  # fmt: skip
    step = Figure(1.0, "ms", Grade.DERIVED, "the description's step, in real time",
                  "the chip has no steps")  # fmt: skip

    settable = ("step", "synops")
    mesh = Mesh(1, 1)
    tile = 9
    word_bits = 8
    synapse_bits: ClassVar[Mapping[str, float]] = {
        "dense": 8, "sparse": 8, "convolutional": 8,
    }  # fmt: skip
    limits = (
        Limit("input width", "core", _code(128, "pixels"), LimitKind.WALL, "pool more before"),
        Limit("map width", "core", _code(64, "pixels"), LimitKind.WALL,
              "pool the input, or take a stride"),
        Limit("channels", "core", _code(1024, "channels"), LimitKind.WALL, "use fewer channels"),
        Limit("kernel width", "core", _code(16, "pixels"), LimitKind.WALL,
              "use smaller kernels; pool before a layer that hears all"),
        Limit("padding", "core", _code(7, "pixels"), LimitKind.WALL, "pad less"),
        Limit("destinations", "core", _code(2, "layers"), LimitKind.WALL,
              "let no layer feed more than two"),
        Limit("sources", "core", _code(1, "kernels"), LimitKind.WALL,
              "a core has one kernel: let each layer hear one other"),
        Limit("kernel words", "core", _code(64 * 1024, "words", _SIZES, "of the largest memory"),
              LimitKind.WALL, "use fewer or smaller kernels"),
        Limit("neuron words", "core", _code(64 * 1024, "words", _SIZES, "of the largest memory"),
              LimitKind.WALL, "pool, take a stride, or use fewer channels"),
        Limit("layers", "chip", cores, LimitKind.WALL, "use fewer layers, or smaller memories"),
    )  # fmt: skip

    prices: ClassVar[Mapping[str, Prices]] = {
        "published": Prices(
            "at rest", Scope.PER_TERM,
            energy={
                f"{kind} events": Figure(None, "pJ", Grade.MAKER, _PAPER, "energy of a synaptic "
                                         "operation: no number that we could check")
                for kind in ("convolutional", "dense", "sparse")
            },
            static={"chip": Figure(0.42, "mW", Grade.SILICON, _PAPER, "processor at rest; camera "
                                   "and processor work from 0.70 mW on")},
        )
    }  # fmt: skip

    #: Strides and pools that there are.
    strides, pools = (1, 2, 4, 8), (1, 2, 4)

    def __init__(self, *, asynchronous: bool = False, **figures: Any) -> None:
        super().__init__(**figures)
        self.asynchronous = asynchronous
        if self.chips != 1:
            raise ValidationError("Speck", f"{self.chips} chips", "1: layers do not leave the die")
        if self.synops.value is not None:
            each = 1e9 / float(self.synops)
            time = Figure(each, "ns", self.synops.grade, self.synops.source, "1/synops")
            kinds = ("convolutional", "dense", "sparse")
            self.prices = {  # type: ignore[misc]
                name: replace(table, time={f"{kind} events": time for kind in kinds})
                for name, table in type(self).prices.items()
            }

    @property
    def memories(self) -> tuple[list[int], list[int]]:
        """Words of kernels and of neurons that each core holds."""
        counts = {"012": 3, "34": 2, "56": 2, "78": 2}
        kernels, neurons = (
            [int(getattr(self, f"{kind}_words_{k}")) for k, n in counts.items() for _ in range(n)]
            for kind in ("kernel", "neuron")
        )
        return kernels, neurons

    def quantise(self, network: Network, dt: float = 1.0) -> Quantised:
        """Bring a network of integrate-and-fire neurons without leak into the chip's numbers.

        Weights of a layer become 8 bits with its threshold as the scale; see `circuits.whole`.
        """
        form = Format(
            "Speck", weight_bits=int(self.weight_bits), state_bits=int(self.state_bits),
            decay_bits=0, least_delay=0, most_delay=0, event_driven=True, reads_potentials=False,
        )  # fmt: skip
        note = "all that arrives in a step is added before thresholds are looked at"
        made = quantise(network, dt, form)
        return replace(made, notes=() if self.asynchronous else (note,))

    def layers(self, network: Network) -> list[Layer]:
        """What cores have to hold; layers of readouts, which are the host's, left out."""
        return self._layers(network, self.quantise(network))

    @staticmethod
    def _layers(network: Network, quantised: Quantised) -> list[Layer]:
        projections = network.projections.values()
        return [layer_of(p) for p in projections if p.post.population.name in quantised.scales]

    def lay_out(
        self, quantised: Any, rates: np.ndarray | None = None, seed: int = 1
    ) -> MappedNetwork:
        """Give each layer a core with memories that hold it.

        Raises
        ------
        ValidationError
            If it does not fit; every violated limit is named, with what to do.
        """
        faults = honoured(self, "dead_cores", "stuck_synapses", "bit_flips",
                          why="cores share one router, and there is one chip")  # fmt: skip
        layers = self._layers(quantised.described, quantised)
        kernels, neurons = self.memories
        for dead in faults.items("dead_cores", 1, int(self.cores)):
            kernels[dead] = neurons[dead] = 0
        problems = [str(v) for v in self._violations(layers)] + self._settings(layers)
        assigned = assign(layers, kernels, neurons)
        if not problems and (assigned.core_of < 0).any():
            problems.append(self._crowded(layers, assigned.fits))
        if problems:
            raise ValidationError("Speck", "; ".join(problems), "layers that nine cores hold")
        return self._mapped(quantised, layers, assigned.core_of, faults)

    def _violations(self, layers: list[Layer]) -> list[Violation]:
        heard = [a.source for a in layers]
        found = []
        for a in layers:
            used = {
                "input width": max(a.inputs[1] * a.pool[0], a.inputs[2] * a.pool[1]),
                "map width": max(a.outputs[1:]),
                "channels": max(a.inputs[0], a.outputs[0]),
                "kernel width": max(a.kernel),
                "padding": max(a.padding),
                "destinations": heard.count(a.name),
                "sources": sum(b.name == a.name for b in layers),
                "kernel words": a.kernel_entries,
                "neuron words": a.neuron_entries,
            }
            found += violations(self.limits, used, f"layer {a.name!r}")
        limit = next(x for x in self.limits if x.counts == "layers")
        if len(layers) > int(limit.most):
            found.append(Violation(limit, len(layers), "network"))
        return found

    def _settings(self, layers: list[Layer]) -> list[str]:
        found = []
        for a in layers:
            for name, given, known in (("stride", a.stride, self.strides),
                                       ("pool", a.pool, self.pools)):  # fmt: skip
                if not set(given) <= set(known):
                    found.append(f"layer {a.name!r}: {name} {given}, one of {known}")
        return found

    def _crowded(self, layers: list[Layer], fits: np.ndarray) -> str:
        """Say which layers want the same cores."""
        rows = [
            f"{a.name!r} ({a.kernel_entries:,} kernel words, {a.neuron_entries:,} neuron words) "
            f"fits cores {np.flatnonzero(row).tolist()}"
            for a, row in zip(layers, fits, strict=True)
        ]
        return "layers want more cores of a kind than there are: " + ", ".join(rows)

    def _mapped(
        self, quantised: Quantised, layers: list[Layer], core_of: np.ndarray, faults: Faults
    ) -> MappedNetwork:
        where = {a.name: np.full(a.neuron_entries, k) for k, a in enumerate(layers)}
        routes = routes_of(quantised, self, where, core_of)
        cores = tuple(
            Core(
                int(place),
                {a.name: np.arange(a.neuron_entries)},
                {
                    "neurons": float(a.neuron_entries), "neuron words": float(a.neuron_entries),
                    "kernel words": float(a.kernel_entries),
                },
                self, routes, k,
            )
            for k, (a, place) in enumerate(zip(layers, core_of, strict=True))
        )  # fmt: skip
        index = {a.name: k for k, a in enumerate(layers)}
        traffic = np.zeros((len(layers), len(layers)))
        for a in layers:
            if a.source in index:
                traffic[index[a.source], index[a.name]] = a.inputs[0] * np.prod(a.inputs[1:])
        broken = with_faults(quantised, faults, stored_words(quantised, where), unit=1)
        return MappedNetwork(broken, self, where, cores, traffic, (), routes=routes)

    def infer(
        self,
        mapped: MappedNetwork,
        samples: np.ndarray,
        drive: str = "events",
        progress: bool | None = None,
    ) -> Inferences:
        """Run samples by steps, or event by event; see `evaluating.infer_by_runs`."""
        if not self.asynchronous:
            return super().infer(mapped, samples, drive, progress)
        return infer_by_runs(self, mapped, samples, drive, progress)

    def execute(self, mapped: MappedNetwork, steps: int, progress: bool | None = None) -> ChipRun:
        """Run what was mapped, step by step or event by event.

        Event by event, `ledger` counts under ``"dropped"`` what cores could not take.
        """
        if not self.asynchronous:
            return super().execute(mapped, steps, progress)
        room = None
        if self.synops.value is not None:
            each = float(self.synops) * mapped.quantised.dt / 1000.0
            room = np.full(len(mapped.cores), max(int(each), 1))
        found = run_eventwise(mapped, steps, room, queue=1 << 20)
        run = chip_run(mapped, found.spikes, found.potentials, steps)
        lost = np.zeros(len(mapped.cores), np.int64)
        lost[0] = found.dropped
        ledger = replace(run.ledger, counts={**run.ledger.counts, "dropped": lost})
        return ChipRun.of(mapped, run.integers, ledger)

    def overloaded(self, run: ChipRun) -> dict[str, float]:
        """Busiest step of each layer, in synaptic operations per second, where it is too busy.

        Raises
        ------
        ValidationError
            If `synops` was not given.
        """
        most, dt = float(self.synops), run.mapped.quantised.dt
        events: Any = sum(
            run.ledger.by_step[f"{kind} events"] for kind in ("convolutional", "dense", "sparse")
        )
        rates = events.max(axis=0, initial=0) * 1000.0 / dt
        names = [next(iter(core.neurons)) for core in run.mapped.cores]
        return {n: float(r) for n, r in zip(names, rates, strict=True) if r > most}
