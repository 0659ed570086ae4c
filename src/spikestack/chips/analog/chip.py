"""Chips of analog neuron circuits: each one of its kind, by its seed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np

from ...errors import UnknownNameError, ValidationError
from ...network.network import Network
from ...numerics.random import stream_key, uniform
from ...recording import Trace
from ..chip import Chip
from ..circuits.brainscales import AnalogQuantised, quantise
from ..circuits.brainscales_rule import greatest_code, learnt
from ..figures import Figure
from ..limits import Limit
from ..mapping.cores import Core, MappedNetwork
from ..mapping.synapses import synapses_of
from ..running import ChipRun, run_mapped
from .calibration import Calibration, calibrate
from .knobs import Circuits, Knob, Law
from .measuring import Bench
from .readout import Converter

__all__ = ["AnalogChip"]


class AnalogChip(Chip):
    """The base of chips whose neurons are circuits that differ from one another.

    Parameters
    ----------
    seed
        Which chip it is: mismatch is a function of the seed, the circuit and the setting, and
        nothing else. Noise is not: it belongs to the network's seed, trial and step.
    calibrated
        Whether codes are searched for, circuit by circuit; else all are set as one without
        mismatch would have to be.
    mismatch
        Factor of all fixed deviations; 0 is a chip whose circuits are alike.
    noise
        Standard deviation of a membrane at rest, in units of the read-out; the chip's own unless
        given.
    chips
        How many.
    faults
        Numbers of circuits that are not to be used.

    Attributes
    ----------
    circuits_per_core, rows
        A core is a block of circuits, each with a column of synapses in so many rows.
    labels
        Sources that a row can tell apart.
    merge_most
        Circuits that can become one neuron.
    weight_bits, code_bits, readout_bits
        Of a synaptic weight, of a setting, of a reading.
    low_level, threshold_level
        Where the lowest of rest and reset, and the threshold, are put; units of the read-out.
    transit
        What an event takes from neuron to synapse.
    tau_mem_range, tau_syn_range
        us on the chip.
    gears_of
        Values at the greatest code, by setting; see `Knob`.
    """

    circuits_per_core: Figure
    rows: Figure
    labels: Figure
    merge_most: Figure
    weight_bits: Figure
    code_bits: Figure
    readout_bits: Figure
    low_level: Figure
    threshold_level: Figure
    transit: Figure
    time_spread: Figure
    strength_spread: Figure
    level_spread: Figure
    synapse_deviation: Figure
    other_deviation: Figure
    drift: Figure
    readout_offset: Figure
    readout_noise: Figure
    membrane_noise: Figure
    defects: Figure | None = None
    #: The one rule that its synapses have; empty where a processor runs any.
    wired_rule: str = ""
    tau_mem_range: tuple[float, float]
    tau_syn_range: tuple[float, float]
    gears_of: ClassVar[Mapping[str, tuple[float, ...]]]

    def __init__(
        self,
        seed: int = 1,
        calibrated: bool = True,
        *,
        mismatch: float = 1.0,
        noise: float | None = None,
        chips: int = 1,
        faults: Any = None,
        **figures: Figure,
    ) -> None:
        super().__init__(chips=chips, faults=faults, **figures)
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise ValidationError(f"{self.name}, seed", f"got {seed!r}", "a whole number")
        self.seed, self.calibrated, self.mismatch = seed, bool(calibrated), float(mismatch)
        self.noise = float(self.membrane_noise) if noise is None else float(noise)
        if not (np.isfinite(self.noise) and self.noise >= 0):
            raise ValidationError(f"{self.name}, noise", f"got {noise!r}", "0 or more")
        self.sound = self._sound()

    def of_chips(self, chips: int) -> Self:
        """The same, with another number of chips."""
        made = super().of_chips(chips)
        made.sound = made._sound()
        return made

    def _sound(self) -> np.ndarray:
        """Circuits that may be used (bool): neither defective nor given as faults."""
        found = np.ones(self.circuits, bool)
        if self.defects is not None and self.mismatch > 0:
            drawn = uniform(stream_key(self.seed, self.name, "defects"), np.arange(self.circuits))
            found = np.asarray(drawn) >= float(self.defects)
        if self.faults is not None:
            bad = np.asarray(self.faults)
            if bad.dtype.kind not in "iu" or ((bad < 0) | (bad >= self.circuits)).any():
                raise ValidationError(f"{self.name}, faults", f"got {self.faults!r}",
                                      f"numbers of circuits from 0 to {self.circuits - 1}",
                                      )  # fmt: skip
            found[bad] = False
        return found

    @property
    def circuits(self) -> int:
        """How many there are, on all chips."""
        return self.chips * int(self.cores) * int(self.circuits_per_core)

    @property
    def us_per_ms(self) -> float:
        """us on the chip for one ms as described."""
        assert self.speedup is not None
        return 1000.0 / float(self.speedup)

    @property
    def fastest(self) -> float:
        """The shortest synaptic time constant, in ms as described."""
        return self.tau_syn_range[0] / self.us_per_ms

    @property
    def synapse_spread(self) -> float:
        """Standard deviation of single synapses, as a share."""
        return self.mismatch * float(self.synapse_deviation)

    @property
    def other_spread(self) -> float:
        """That of parameters which calibration does not search for, as a share."""
        uncalibrated = float(self.time_spread)
        return self.mismatch * (float(self.other_deviation) if self.calibrated else uncalibrated)

    def transit_steps(self, dt: float) -> int:
        """What an event takes from neuron to synapse, in steps; at least one."""
        return max(1, round(float(self.transit) / self.us_per_ms / dt))

    def limit(self, counts: str) -> Limit:
        """The limit of what is counted."""
        found = {limit.counts: limit for limit in self.limits}
        if counts not in found:
            raise UnknownNameError(f"{self.name}, limit", counts, found)
        return found[counts]

    def knobs(self) -> dict[str, Knob]:
        """The settings that every circuit has for itself."""
        times, levels = float(self.time_spread), float(self.level_spread)
        strengths, bits = float(self.strength_spread), int(self.code_bits)
        full = (float(2 ** int(self.readout_bits) - 1),)
        made = {n: Knob(Law.LEVEL, full, levels, "LSB", bits) for n in _LEVELS}
        for name in ("tau_mem", "tau_exc", "tau_inh"):
            gears = self.gears_of["tau_mem" if name == "tau_mem" else "tau_syn"]
            made[name] = Knob(Law.TIME, gears, times, "us", bits)
        for name in ("strength_exc", "strength_inh"):
            made[name] = Knob(Law.STRENGTH, self.gears_of["strength"], strengths, "LSB/us", bits)
        return made

    def converter(self, count: int | None = None) -> Converter:
        """The read-out of the first circuits, of all by default."""
        columns = self.circuits if count is None else count
        spread = self.mismatch * float(self.readout_offset)
        return Converter.made(self.seed, self.name, columns, spread, float(self.readout_noise),
                              int(self.readout_bits))  # fmt: skip

    @abstractmethod
    def default_targets(self) -> dict[str, float]:
        """What circuits are set to that nobody asks for."""

    def calibrate(self, **targets: Any) -> Calibration:
        """Set circuits, by search if the chip is `calibrated`.

        Parameters
        ----------
        targets
            ``leak``, ``reset``, ``threshold`` (units of the read-out), ``tau_mem``, ``tau_exc``,
            ``tau_inh`` (us on the chip), ``strength_exc``, ``strength_inh`` (units of the read-out
            per us for a weight of 1): one number for all circuits, or an array for the first of
            them. Those not given are `default_targets`.
        """
        sizes = {len(t) for t in targets.values() if np.ndim(t)}
        if len(sizes) > 1 or max(sizes, default=0) > self.circuits:
            raise ValidationError(f"{self.name}.calibrate", f"targets of {sorted(sizes)} circuits",
                                  f"one number, or up to {self.circuits} of them")  # fmt: skip
        count = sizes.pop() if sizes else self.circuits
        made = Circuits.made(
            self.knobs(), self.seed, self.name, count, self.mismatch, float(self.drift)
        )
        bench = Bench(self.converter(count))
        return calibrate(made, bench, self.default_targets() | targets, self.calibrated)

    def quantise(self, network: Network, dt: float = 1.0) -> AnalogQuantised:
        """Put a network on circuits; see `circuits.brainscales.quantise`."""
        return quantise(self, network, dt)

    def lay_out(
        self, quantised: Any, rates: np.ndarray | None = None, seed: int = 1
    ) -> MappedNetwork:
        """Seat a network on the chip; `rates` and `seed` change nothing.

        Raises
        ------
        ValidationError
            If it does not fit; every violated limit is named.
        """
        return _mapped(self, quantised)

    def execute(self, mapped: MappedNetwork, steps: int, progress: bool | None = None) -> ChipRun:
        """Run what was mapped; potentials are those that the read-out sees."""
        run = run_mapped(mapped, steps, progress)
        quantised = mapped.quantised
        if not isinstance(quantised, AnalogQuantised):
            return run
        traces = {name: dict(of) for name, of in run.integers.traces.items()}
        for name in quantised.scales:
            if "v" in traces.get(name, {}):
                traces[name]["v"] = self._read(quantised, name, traces[name]["v"])
        made = ChipRun.of(mapped, replace(run.integers, traces=traces), run.ledger)
        return self._in_units(quantised, made)

    def _in_units(self, quantised: AnalogQuantised, run: ChipRun) -> ChipRun:
        """The run with recorded weights in the description's units."""
        described = quantised.described
        traces = {name: dict(of.items()) for name, of in run.traces.items()}
        learning = [n for n, of in traces.items() if "w" in of and n in quantised.codes]
        if described is None or not learning:
            return run
        for name in learning:
            greatest = learnt(self, described.projections[name])
            unit = greatest / greatest_code(quantised, name)
            weights = traces[name]["w"]
            traces[name]["w"] = replace(weights, values=weights.values * unit)
        made = replace(run, traces=traces)
        object.__setattr__(made, "network", described)
        return made

    def _read(self, quantised: AnalogQuantised, name: str, trace: Trace) -> Trace:
        plan, program = quantised.plan, list(quantised.network.populations)
        begin = plan.begins[program.index(name)]
        columns = plan.seats.circuits[plan.seats.starts[begin + trace.ids]]
        seed = quantised.network.seed
        read = self.converter().read(np.asarray(trace.values), columns, f"{name}, {seed}")
        return replace(trace, values=read)


_LEVELS = ("leak", "reset", "threshold")


def _mapped(chip: AnalogChip, quantised: AnalogQuantised) -> MappedNetwork:
    plan = quantised.plan
    used, core = np.unique(plan.seats.core, return_inverse=True)
    names = list(quantised.network.populations)
    core_of = {
        names[k]: core[begin : begin + quantised.network.populations[names[k]].size]
        for k, begin in plan.begins.items()
    }
    merged = np.bincount(core, plan.seats.merged, len(used))
    synapses = synapses_of(quantised, {"sparse": 1.0})
    here = synapses.post < synapses.inside
    order = np.concatenate([np.zeros(0, np.int64), *core_of.values()])
    words = np.bincount(order[synapses.post[here]], minlength=len(used))
    cores = tuple(
        Core(
            int(place),
            {n: np.flatnonzero(of == c) for n, of in core_of.items() if (of == c).any()},
            {
                "neurons": float((core == c).sum()), "circuits": float(merged[c]),
                "rows": float(plan.wires.rows[place]), "labels": float(plan.wires.labels[place]),
                "synapse words": float(words[c]),
            },
        )
        for c, place in enumerate(used)
    )  # fmt: skip
    own = here & (synapses.pre < synapses.inside)
    pairs = np.unique(synapses.pre[own] * len(used) + order[synapses.post[own]])
    traffic = np.zeros((len(used), len(used)))
    np.add.at(traffic, (order[pairs // len(used)], pairs % len(used)), 1.0)
    np.fill_diagonal(traffic, 0.0)
    return MappedNetwork(quantised, chip, core_of, cores, traffic, ())
