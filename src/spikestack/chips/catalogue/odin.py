"""ODIN of UCLouvain: 256 neurons and 65,536 synapses that learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ...errors import ValidationError
from ...network.network import Network
from ..chip import Chip
from ..circuits.odin import quantise_signed, rows_of
from ..evaluating import Inferences, infer_by_runs
from ..eventwise import Eventwise, run_eventwise
from ..faults import honoured
from ..figures import Figure, Grade
from ..hosting import chip_run
from ..learning.running import with_synapses
from ..learning.sdsp import SDSPRule, checked_sdsp
from ..learning.sdsp_running import run_sdsp
from ..ledger import Ledger
from ..limits import Limit, LimitKind, violations
from ..mapping.cores import Core, MappedNetwork
from ..mapping.mesh import Mesh
from ..pricing import Prices, Scope
from ..quantising import Quantised
from ..running import ChipRun

__all__ = ["ODIN"]

_PAPER = "Frenkel et al. 2019, IEEE TBCAS 13:145, doi:10.1109/TBCAS.2018.2880425"
_VERILOG = "github.com/ChFrenkel/ODIN, Verilog and its document"


def _silicon(value: float, unit: str, note: str = "") -> Figure:
    return Figure(value, unit, Grade.SILICON, _PAPER, note)


def _code(value: float, unit: str, note: str = "") -> Figure:
    return Figure(value, unit, Grade.CODE, _VERILOG, note)


def _recalled(value: float, unit: str) -> Figure:
    note = "at 0.55 V and 75 MHz, with 8.43 pJ they give the published 12.7 pJ to 0.2 %"
    return Figure(value, unit, Grade.UNVERIFIED, _PAPER, note)


#: Of a spike event: one, and two for each pair of neurons; of one for all neurons, all synapses.
_EVENT_CYCLES, _REFERENCE_CYCLES, _DRIFT_CYCLES = 1 + 512, 512, 32_768
_CLOCK_MHZ = 75.0
#: One more synaptic operation, in pJ; a spike event has 256 of them in its cycles.
_OPERATION = 8.43


def _lasting() -> dict[str, Figure]:
    """How long events take."""
    cycles = {"messages in": _EVENT_CYCLES, "time references": _REFERENCE_CYCLES,
              "bistability events": _DRIFT_CYCLES}  # fmt: skip
    return {
        name: Figure(n * 1e3 / _CLOCK_MHZ, "ns", Grade.UNVERIFIED, _VERILOG,
                     f"{n:,} cycles at 75 MHz")
        for name, n in cycles.items()
    }  # fmt: skip


def _estimated(cycles: int) -> Figure:
    """What an event takes if its cycles take as much as those of a spike event."""
    return Figure(
        round(cycles * 256 * _OPERATION / _EVENT_CYCLES, 1), "pJ", Grade.UNVERIFIED,
        "none is published", f"an estimate: {cycles:,} cycles, each as one of a spike event",
    )  # fmt: skip


class ODIN(Chip):
    """One crossbar of 256 neurons; a spike acts at once, synapses may learn by SDSP.

    Parameters
    ----------
    learning
        By projection, the `SDSPRule` that it learns by.
    figures
        What any chip takes.
    """

    maker, year = "UCLouvain", 2018
    features = "one event-driven crossbar, SDSP in every synapse, open Verilog, 28 nm"

    cores = _code(1, "cores")
    neurons_per_core = _code(256, "neurons")
    synapses_per_core = _code(65_536, "synapses")
    synapse_width = _code(4, "bits", "three of weight, one that says whether it learns")
    state_bits = _code(8, "bits", "without sign; held from 0 to 255")
    area = _silicon(0.086, "mm2")
    process = _silicon(28, "nm", "FDSOI")
    clock = Figure(_CLOCK_MHZ, "MHz", Grade.UNVERIFIED, _PAPER, "at 0.55 V")
    learning_accuracy = _silicon(84.5, "%", "of MNIST's digits, 16 x 16, learnt by SDSP in ten "
                                 "neurons from 6,000 images shown once")  # fmt: skip
    inference_energy = _silicon(15, "nJ", "of one of these digits, at 0.55 V")
    spike_cycles = _code(513, "cycles", "of a spike event: 1 + 2 for each pair of neurons")
    single_cycles = _code(2, "cycles", "of a single synapse")
    virtual_cycles = _code(3, "cycles", "of a virtual event")
    reference_cycles = _code(512, "cycles", "of a time reference of all neurons; 2 of one")
    bistability_cycles = _code(32_768, "cycles", "of a bistability event of all synapses; 128 of "
                               "one neuron's")  # fmt: skip
    step = Figure(1.0, "ms", Grade.DERIVED, "the description's step, in real time",
                  "the chip has no steps")  # fmt: skip

    mesh = Mesh(1, 1)
    word_bits = 32
    synapse_bits: ClassVar[Mapping[str, float]] = {"dense": 4, "sparse": 4, "convolutional": 4}
    limits = (
        Limit("neurons", "core", neurons_per_core, LimitKind.WALL,
              "use fewer neurons; those that excite and inhibit take two"),
        Limit("rows", "core", _code(256, "rows", "neurons that send, and inputs"), LimitKind.WALL,
              "use fewer inputs, or inputs with weights of one sign"),
        Limit("cores", "chip", cores, LimitKind.WALL, "use a smaller network"),
    )  # fmt: skip

    prices: ClassVar[Mapping[str, Prices]] = {
        "minimum": Prices(
            "whole chip at its best point", Scope.ALL_IN,
            energy={"dense events": _silicon(12.7, "pJ", "0.55 V, all columns of a row at work")},
            time=_lasting(),
        ),
        "incremental": Prices(
            "one more synaptic operation", Scope.INCREMENTAL,
            energy={"dense events": _silicon(8.43, "pJ", "0.55 V")},
        ),
        "biological": Prices(
            "whole chip at biological time", Scope.ALL_IN,
            energy={"dense events": _silicon(54, "pJ", "leakage and clock included")},
        ),
        "parts": Prices(
            "operations, clock and leakage", Scope.PER_TERM,
            energy={
                "dense events": _silicon(_OPERATION, "pJ", "0.55 V"),
                "learning updates": Figure(
                    0.0, "pJ", Grade.CODE, _VERILOG,
                    "within the operation, which writes every synapse back, changed or not",
                ),
                "time references": _estimated(_REFERENCE_CYCLES),
                "bistability events": _estimated(_DRIFT_CYCLES),
            },
            static={"chip": _recalled(27.3 + 1.78 * _CLOCK_MHZ, "uW")},
            time=_lasting(),
        ),
    }  # fmt: skip

    #: Events that may wait for each other.
    queue = 1024

    def __init__(self, learning: Mapping[str, SDSPRule] | None = None, **figures: Any) -> None:
        super().__init__(**figures)
        self.learning = checked_sdsp(learning, "ODIN, learning")
        if self.chips != 1:
            raise ValidationError("ODIN", f"{self.chips} chips", "1: there are no links")

    def quantise(self, network: Network, dt: float = 1.0) -> Quantised:
        """Bring a network of integrate-and-fire neurons without leak into the chip's numbers.

        See `circuits.odin`.
        """
        return quantise_signed(network, dt, self.learning)

    def lay_out(
        self, quantised: Any, rates: np.ndarray | None = None, seed: int = 1
    ) -> MappedNetwork:
        """Put a quantised network on the crossbar.

        Raises
        ------
        ValidationError
            If it does not fit; every violated limit is named, with what to do.
        """
        honoured(self, why="there is one crossbar, taken to be sound")
        rows = rows_of(quantised)
        sizes = {n: quantised.network.populations[n].size for n in quantised.scales}
        outside = sum(int(r.sum()) for n, r in rows.items() if n not in sizes)
        used = {
            "neurons": float(sum(sizes.values())),
            # A neuron's row is its own, whether it sends or not.
            "rows": float(sum(sizes.values()) + outside),
        }
        beyond = [str(v) for v in violations(self.limits, used, "crossbar")]
        if beyond:
            raise ValidationError("ODIN", "; ".join(beyond), "a network that one crossbar holds")
        core = Core(0, {n: np.arange(size) for n, size in sizes.items()}, used)
        where = {n: np.zeros(size, np.int64) for n, size in sizes.items()}
        return MappedNetwork(quantised, self, where, (core,), np.zeros((1, 1)), ())

    def infer(
        self,
        mapped: MappedNetwork,
        samples: np.ndarray,
        drive: str = "events",
        progress: bool | None = None,
    ) -> Inferences:
        """Run samples event by event; see `evaluating.infer_by_runs`."""
        return infer_by_runs(self, mapped, samples, drive, progress)

    def execute(self, mapped: MappedNetwork, steps: int, progress: bool | None = None) -> ChipRun:
        """Run what was mapped, event by event, as it comes, and let it learn where there are rules.

        An event passes through all 256 columns: each counts as a synaptic operation.
        """
        if not getattr(mapped.quantised, "learning", None):
            return self._counted(mapped, run_eventwise(mapped, steps, queue=self.queue), steps)
        learned = run_sdsp(mapped, steps, self.queue)
        more = {
            "learning updates": learned.visited, "time references": learned.references,
            "bistability events": learned.drifts,
        }  # fmt: skip
        run = self._counted(mapped, learned.events, steps, more)
        return with_synapses(run, learned.synapses)

    def _counted(
        self,
        mapped: MappedNetwork,
        found: Eventwise,
        steps: int,
        more: Mapping[str, np.ndarray] | None = None,
    ) -> ChipRun:
        """A run of what was found; `more` are further counts of each step."""
        run = chip_run(mapped, found.spikes, found.potentials, steps)
        rows = rows_of(mapped.quantised)
        passes, inside = np.zeros(steps, np.int64), np.zeros(steps, np.int64)
        for name, (at, ids) in found.spikes.items():
            made = np.bincount(at, rows[name][ids], steps).astype(np.int64)
            passes += made
            inside += made if name in mapped.core_of else 0
        by_step = dict(run.ledger.by_step) | {
            "dense events": 256 * passes[:, None], "synapse words": 32 * passes[:, None],
            "sparse events": 0 * passes[:, None], "convolutional events": 0 * passes[:, None],
            "messages in": passes[:, None], "messages": inside[:, None],
            "host words in": (passes - inside)[:, None],
            **{name: n.astype(np.int64)[:, None] for name, n in (more or {}).items()},
        }  # fmt: skip
        counts = dict(run.ledger.counts) | {n: c.sum(0) for n, c in by_step.items()}
        counts["dropped"] = np.array([found.dropped], np.int64)
        return ChipRun.of(mapped, run.integers, Ledger(counts, by_step))

    def cycles(self, run: ChipRun) -> np.ndarray:
        """Cycles of each step, int64[steps], by the costs of the events that it had."""
        made = np.zeros(run.ledger.total("steps"), np.int64)
        for name, cycles in (
            ("messages in", self.spike_cycles), ("time references", self.reference_cycles),
            ("bistability events", self.bistability_cycles),
        ):  # fmt: skip
            if name in run.ledger.by_step:
                made += run.ledger.by_step[name].sum(1) * int(cycles)
        return made
