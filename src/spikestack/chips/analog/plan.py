"""Where the neurons of a network sit on analog circuits, and what these are to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...errors import ValidationError
from ...program.program import Program
from ..circuits.edges import Edges
from ..limits import Violation
from .calibration import Calibration
from .seating import Seats, Wires, seat, wire
from .wanted import Wanted

if TYPE_CHECKING:
    from .chip import AnalogChip

__all__ = ["Plan", "placed"]

#: How often neurons are given more circuits, and put elsewhere because a circuit failed.
_MORE_TRIES, _PLACINGS = 12, 4
#: No potential is planned above this share of what the read-out sees.
_HIGHEST = 0.94


@dataclass(frozen=True)
class Plan:
    """Where all neurons of a network sit, and what their circuits are to be.

    Attributes
    ----------
    wanted
        By population on the chip.
    edges
        Projections onto them; delays are those that the chip is to have, before it starts to act.
    begins
        Number of the first neuron of each population on the chip.
    seats, wires
        Of all neurons and all edges, in the order of `wanted` and of `edges`.
    inhibits
        Of all edges, whether they inhibit (bool).
    units
        What a weight of 1 adds to a potential's slope, in units of the read-out per ms as
        described: by population, excitatory and inhibitory.
    scales, zeros
        Units of the read-out for one of the potential, and the potential that is its 0.
    """

    wanted: Mapping[int, Wanted]
    edges: tuple[Edges, ...]
    begins: Mapping[int, int]
    seats: Seats
    wires: Wires
    inhibits: np.ndarray
    units: Mapping[int, tuple[float, float]]
    scales: Mapping[int, np.ndarray]
    zeros: Mapping[int, np.ndarray]


def placed(
    chip: AnalogChip,
    program: Program,
    wanted: Mapping[int, Wanted],
    edges: tuple[Edges, ...],
    plastic: Mapping[str, float],
) -> tuple[Plan, Calibration]:
    """Seat all neurons, calibrate their circuits, and seat again those whose circuits failed.

    Parameters
    ----------
    chip
        With its mismatch.
    program
        The network, lowered.
    wanted
        By population on the chip, what its neurons are.
    edges
        Of all projections.
    plastic
        By projection that learns, its greatest weight.

    Raises
    ------
    ValidationError
        If they do not fit; every violated limit is named.
    """
    begins, at = {}, 0
    for k in wanted:
        begins[k] = at
        at += program.populations[k].size
    owner = np.repeat(list(wanted), [program.populations[k].size for k in wanted]).astype(np.int64)
    scales, zeros = _levels(chip, wanted)
    inside = [e for e in edges if e.post in wanted]
    events, target, inhibits = _wires(chip, program, inside, begins)
    units = _units(chip, program, wanted, inside, scales, plastic)
    usable = chip.sound.copy()
    for _ in range(_PLACINGS):
        seats, wires = _fitted(chip, at, events, target, inhibits, usable)
        plan = Plan(wanted, tuple(inside), begins, seats, wires, inhibits, units, scales, zeros)
        calibration = chip.calibrate(**_targets(chip, plan, owner))
        failed = np.zeros(len(usable), bool)
        failed[seats.circuits] = ~calibration.usable[seats.circuits]
        if not failed.any():
            break
        usable &= ~failed
    return plan, calibration


def _levels(
    chip: AnalogChip, wanted: Mapping[int, Wanted]
) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
    """Scales and zeros: the lowest of rest and reset, and the threshold, where the chip wants."""
    scales, zeros = {}, {}
    low, high = float(chip.low_level), float(chip.threshold_level)
    most = _HIGHEST * (2 ** int(chip.readout_bits) - 1)
    for k, w in wanted.items():
        bottom = np.minimum(w.reset, np.minimum(w.rest, w.threshold))
        bottom = np.where(np.isfinite(w.tau_mem), bottom, w.reset)
        top = np.maximum(w.threshold, w.reset)
        scale = (high - low) / np.maximum(top - bottom, 1e-12)
        above = np.maximum(w.rest - bottom, 1e-12)
        scales[k] = np.minimum(scale, (most - low) / above)
        zeros[k] = bottom - low / scales[k]
    return scales, zeros


def _wires(
    chip: AnalogChip, program: Program, edges: list[Edges], begins: Mapping[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What every edge listens to (source and delay), its target, and whether it inhibits."""
    none = np.zeros(0, np.int64)
    depth = 1 + max((int(e.delays.max(initial=0)) for e in edges), default=0)
    events = [none]
    for e in edges:
        events.append((program.populations[e.pre].offset + e.sources) * depth + e.delays)
    target = np.concatenate([none, *(begins[e.post] + e.targets for e in edges)])
    inhibits = np.concatenate([none, *(e.weights < 0 for e in edges)]).astype(bool)
    return np.concatenate(events), target, inhibits


def _units(
    chip: AnalogChip,
    program: Program,
    wanted: Mapping[int, Wanted],
    edges: list[Edges],
    scales: Mapping[int, np.ndarray],
    plastic: Mapping[str, float],
) -> dict[int, tuple[float, float]]:
    """Slope of a weight of 1, such that the heaviest is the greatest number."""
    made, most = {}, float(2 ** int(chip.weight_bits) - 1)
    for k, w in wanted.items():
        heavy = [0.0, 0.0]
        for e in edges:
            if e.post == k and len(e.weights):
                weights = e.weights
                if e.name in plastic:
                    weights = np.full_like(weights, plastic[e.name])
                slope = weights * (w.slope[e.receptor] * scales[k])[e.targets]
                heavy = [max(heavy[0], slope.max()), max(heavy[1], -slope.min())]
        made[k] = (heavy[0] / most, heavy[1] / most)
    return made


def _fitted(
    chip: AnalogChip,
    count: int,
    events: np.ndarray,
    target: np.ndarray,
    inhibits: np.ndarray,
    usable: np.ndarray,
) -> tuple[Seats, Wires]:
    """Give neurons circuits until every edge has a synapse."""
    rows, per_core = int(chip.rows), int(chip.circuits_per_core)
    fan_in = np.bincount(target, minlength=count)
    merged = np.maximum(1, -(-fan_in // rows)).astype(np.int64)
    lacking: list[Violation] = []
    if (merged > int(chip.merge_most)).any():
        limit = chip.limit("fan-in")
        worst = int(fan_in.argmax())
        lacking.append(Violation(limit, float(fan_in[worst]), f"neuron {worst}"))
    for _ in range(_MORE_TRIES):
        seats = seat(merged, usable, per_core) if not lacking else None
        if seats is None:
            break
        wires = wire(seats, events, target, inhibits, rows, int(chip.labels))
        without = wires.row < 0
        if not without.any():
            return seats, wires
        merged[np.unique(target[without])] += 1
        if merged.max() > int(chip.merge_most):
            lacking.append(Violation(chip.limit("rows"), float(rows + 1), "a core"))
    if merged.sum() > usable.sum() or not lacking:
        where = f"{chip.chips} x {chip.name} with {int(usable.sum())} sound circuits"
        lacking.append(Violation(chip.limit("circuits"), float(merged.sum()), where))
    raise ValidationError(chip.name, "; ".join(map(str, lacking)), "a network that fits")


def _targets(chip: AnalogChip, plan: Plan, owner: np.ndarray) -> dict[str, np.ndarray]:
    """What every circuit is to be, those that nobody sits on by default."""
    # Only as far as anything is used: a wafer has 200,000 circuits.
    count = (int(plan.seats.core.max(initial=0)) + 1) * int(chip.circuits_per_core)
    made = {n: np.full(count, x) for n, x in chip.default_targets().items()}
    us, merged = chip.us_per_ms, plan.seats.merged
    longest = chip.tau_mem_range[1]
    for k, w in plan.wanted.items():
        mine = np.flatnonzero(owner == k)
        circuits, neuron = circuits_of(plan.seats, mine)
        local = neuron - plan.begins[k]
        scale, zero = plan.scales[k][local], plan.zeros[k][local]
        for name, value in (("leak", w.rest), ("reset", w.reset), ("threshold", w.threshold)):
            made[name][circuits] = np.clip(scale * (value[local] - zero), 0.0, 255.0)
        made["tau_mem"][circuits] = np.minimum(w.tau_mem[local] * us, longest)
        for sign, name in enumerate(("exc", "inh")):
            tau = tau_of(chip, plan, k, bool(sign))
            if tau is not None:
                made[f"tau_{name}"][circuits] = tau[local] * us
            if plan.units[k][sign] > 0:
                made[f"strength_{name}"][circuits] = plan.units[k][sign] / us * merged[neuron]
    return made


def circuits_of(seats: Seats, neurons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All circuits of some neurons, and the neuron of each."""
    count = seats.merged[neurons]
    neuron = np.repeat(neurons, count)
    within = np.arange(len(neuron)) - np.repeat(np.cumsum(count) - count, count)
    return seats.circuits[seats.starts[neuron] + within], neuron


def tau_of(chip: AnalogChip, plan: Plan, k: int, inhibits: bool) -> np.ndarray | None:
    """Time constant of one of a population's two inputs in ms; None where it has no synapses."""
    used = set()
    for e in plan.edges:
        if e.post == k and ((e.weights < 0) == inhibits).any():
            used.add(e.receptor)
    found = [plan.wanted[k].tau_syn[r] for r in sorted(used)]
    if any((np.abs(f - found[0]) > 1e-9 * found[0]).any() for f in found):
        raise ValidationError(
            f"{chip.name}, synapses of population {k}", "have several time constants of one sign",
            "one for excitation and one for inhibition", "these are the inputs a circuit has",
        )  # fmt: skip
    return found[0] if found else None
