"""The network that runs in place of the chip: circuits as they are set, with all that is off."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...network.network import Network
from ...network.population import Population
from ...network.rules import FromArrays
from ...neurons.base import NeuronModel
from ...program.program import Program
from ...values import as_value
from ..analog.calibration import Calibration
from ..analog.knobs import fixed_pattern
from ..analog.plan import Plan, circuits_of
from ..neurons.brainscales import (
    BrainScaleSAdEx,
    BrainScaleSLIF,
    ExcitatoryRow,
    InhibitoryRow,
    QuietBrainScaleSLIF,
)
from ..quantising import Loss, loss_of
from .brainscales import AnalogQuantised
from .brainscales_rule import learnt, on_chip
from .edges import Edges
from .reading import copy_inputs

if TYPE_CHECKING:
    from ..analog.chip import AnalogChip

__all__ = ["built", "copied", "to_host"]


def built(
    chip: AnalogChip,
    network: Network,
    program: Program,
    plan: Plan,
    calibration: Calibration,
    edges: tuple[Edges, ...],
    late: list[int],
    lost: Mapping[str, tuple[np.ndarray, np.ndarray]],
) -> AnalogQuantised:
    """The network of the circuits as they are.

    Parameters
    ----------
    chip
        With its mismatch.
    network, program
        The description, and as lowered.
    plan, calibration
        Who sits where; what all circuits are.
    edges
        All of them, with delays in steps.
    late
        Steps by which each population is late.
    lost
        By projection, delays in ms as described, and as they are.
    """
    made = Network(seed=network.seed)
    gains, losses = {}, {f"{n}.delay": loss_of(*pair, 0) for n, pair in lost.items()}
    scales, zeros = {}, {}
    for k, p in enumerate(program.populations):
        shape, model = network.populations[p.name].shape, network.populations[p.name].model
        if k in plan.wanted:
            model, gains[k] = _neurons(chip, plan, calibration, k, p.size)
            scales[p.name], zeros[p.name] = plan.scales[k], plan.zeros[k]
        made.add(Population(p.name, shape, model))
    wires = _Wiring(chip, plan, calibration, gains)
    formats: dict[str, str] = {}
    for e in edges:
        if e.post in plan.wanted:
            _connect(chip, network, program, made, e, wires, formats, losses)
        else:
            to_host(network, program, made, e)
            formats[e.name] = "sparse"
    copied(network, made)
    later = dict(zip((p.name for p in program.populations), late, strict=True))
    return AnalogQuantised(
        made, later, scales, zeros, formats, losses, program.dt, _notes(chip, plan, lost),
        plan=plan, calibration=calibration, codes=wires.codes, synapses=wires.places,
        factors=wires.factors,
    )  # fmt: skip


def to_host(network: Network, program: Program, made: Network, e: Edges) -> None:
    """Join a readout that the host computes, by the synapses that were described."""
    pre, post = (made[program.populations[n].name] for n in (e.pre, e.post))
    synapse = copy.copy(network.projections[e.name].synapse)
    synapse.weight = as_value(e.weights, synapse.unit_of_weight(), f"{e.name}.weight")
    synapse.delay, synapse.dendritic_delay = e.delays * program.dt, 0.0
    made.connect(pre, post, FromArrays(e.sources, e.targets), synapse, name=e.name)


def _notes(chip: AnalogChip, plan: Plan, lost: Mapping[str, Any]) -> tuple[str, ...]:
    notes = []
    if lost:
        where = ", ".join(map(repr, lost))
        notes.append(f"delays of {where} are those of the chip's events, {chip.transit}")
    merged = plan.seats.merged
    if len(merged) and merged.max() > 1:
        notes.append(
            f"{int((merged > 1).sum())} neurons have several circuits, {merged.max()} at most"
        )
    return tuple(notes)


def _neurons(
    chip: AnalogChip, plan: Plan, calibration: Calibration, k: int, size: int
) -> tuple[NeuronModel, tuple[np.ndarray, np.ndarray]]:
    """A population's circuits as a model, and the mean strength of each neuron's inputs."""
    w, us = plan.wanted[k], chip.us_per_ms
    mine = plan.begins[k] + np.arange(size)
    circuits, neuron = circuits_of(plan.seats, mine)
    local, count = neuron - plan.begins[k], plan.seats.merged[mine]
    has = {name: values[circuits] for name, values in calibration.values.items()}

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(local, values, size) / count

    # Capacitances and leaks of merged circuits add; the first of them fires.
    leaks = 1.0 / has["tau_mem"]
    first = plan.seats.circuits[plan.seats.starts[mine]]
    gains = tuple(mean(has[f"strength_{s}"]) * us / count for s in ("exc", "inh"))
    common: dict[str, Any] = {
        "leak": mean(has["leak"] * leaks) / mean(leaks),
        "v_reset": calibration.values["reset"][first],
        "tau_mem": 1.0 / mean(leaks) / us,
        "tau_exc": mean(has["tau_exc"]) / us,
        "tau_inh": mean(has["tau_inh"]) / us,
        "gain_exc": gains[0],
        "gain_inh": gains[1],
        "tau_refrac": w.tau_refrac,
    }
    threshold = calibration.values["threshold"][first]
    start = plan.scales[k] * (w.start - plan.zeros[k])
    if w.adex:
        return _adaptive(chip, plan, k, common, threshold, first, start), gains
    common |= {"v_thresh": threshold, "v_most": float(2 ** int(chip.readout_bits) - 1)}
    start = np.where(np.isfinite(w.tau_mem) & (w.start == w.rest), common["leak"], start)
    start = np.where(w.start == w.reset, common["v_reset"], start)
    if chip.noise > 0:
        noisy = {"noise": chip.noise, "tau_noise": common["tau_mem"]}
        return BrainScaleSLIF(**common, **noisy, v=start), gains
    return QuietBrainScaleSLIF(**common, v=start), gains


def _adaptive(
    chip: AnalogChip,
    plan: Plan,
    k: int,
    common: Mapping[str, Any],
    threshold: np.ndarray,
    first: np.ndarray,
    start: np.ndarray,
) -> NeuronModel:
    """Exponential and adaptation, which calibration does not search for: drawn as they are off."""
    w, scale = plan.wanted[k], plan.scales[k]

    def off(name: str) -> np.ndarray:
        drawn = fixed_pattern(chip.seed, chip.name, name, first)
        return np.maximum(1.0 + chip.other_spread * drawn, 0.05)

    # The exponential is set against the threshold, which is calibrated.
    reach = scale * (w.threshold - w.adex["v_exp"])
    return BrainScaleSAdEx(
        **common,
        v_spike=threshold,
        v_exp=threshold - reach * off("v_exp"),
        delta_t=scale * w.adex["delta_t"] * off("delta_t"),
        tau_w=w.adex["tau_w"] * off("tau_w"),
        a=w.adex["a"] * off("a"),
        b=scale * w.adex["b"] * off("b"),
        drive=scale * w.adex["drive"] * off("drive"),
        noise=chip.noise,
        v=start,
    )


class _Wiring:
    """Digital weights, and what circuits make of them, edge by edge in the order of the plan."""

    def __init__(
        self,
        chip: AnalogChip,
        plan: Plan,
        calibration: Calibration,
        gains: Mapping[int, tuple[np.ndarray, np.ndarray]],
    ) -> None:
        self.chip, self.plan, self.calibration, self.gains = chip, plan, calibration, gains
        self.begins, at = {}, 0
        for e in plan.edges:
            self.begins[e.name] = at
            at += len(e.weights)
        self.codes: dict[str, np.ndarray] = {}
        self.places: dict[str, np.ndarray] = {}
        self.factors: dict[str, np.ndarray] = {}

    def code_of(self, weight: float, e: Edges, inhibits: bool) -> int:
        """The number of a weight, for the target onto which it is heaviest."""
        k, w = e.post, self.plan.wanted[e.post]
        slope = np.abs(weight * w.slope[e.receptor] * self.plan.scales[k])[e.targets].max()
        return int(np.rint(slope / self.plan.units[k][int(inhibits)]))

    def of(self, e: Edges, most: int, learns: bool) -> tuple[np.ndarray, ...]:
        """Whether edges inhibit, codes, factors, places, and codes that would be exact.

        Synapses that learn have no factor of their own: the engine knows their weight alone.
        """
        plan, at = self.plan, self.begins[e.name]
        here = slice(at, at + len(e.weights))
        k, w = e.post, plan.wanted[e.post]
        inhibits = plan.inhibits[here]
        slope = np.abs(e.weights) * (w.slope[e.receptor] * plan.scales[k])[e.targets]
        unit = np.where(inhibits, plan.units[k][1], plan.units[k][0])
        exact = slope / np.where(unit > 0, unit, 1.0)
        codes = np.clip(np.rint(exact), 0, most).astype(np.int64)
        neuron = plan.begins[k] + e.targets
        row, member = plan.wires.row[here], plan.wires.member[here]
        circuit = plan.seats.circuits[plan.seats.starts[neuron] + member]
        rows, per = int(self.chip.rows), int(self.chip.circuits_per_core)
        number = (circuit // per * rows + row) * per + circuit % per
        drawn = fixed_pattern(self.chip.seed, self.chip.name, "synapses", number)
        factor = np.maximum(1.0 + self.chip.synapse_spread * drawn, 0.0)
        strength = np.where(
            inhibits,
            self.calibration.values["strength_inh"][circuit],
            self.calibration.values["strength_exc"][circuit],
        )
        gain = np.where(inhibits, self.gains[k][1][e.targets], self.gains[k][0][e.targets])
        share = strength * self.chip.us_per_ms / plan.seats.merged[neuron] / gain
        factors = np.ones(len(codes)) if learns else share * factor
        place = np.stack([circuit // per, row, circuit % per], axis=1)
        return inhibits, codes, factors, place, exact


def _connect(
    chip: AnalogChip,
    network: Network,
    program: Program,
    made: Network,
    e: Edges,
    wires: _Wiring,
    formats: dict[str, str],
    losses: dict[str, Loss],
) -> None:
    """Join two populations, by one projection for each sign."""
    most = 2 ** int(chip.weight_bits) - 1
    described = network.projections[e.name]
    learns = described.plasticity is not None and bool(described.plasticity)
    inhibits, codes, factors, place, exact = wires.of(e, most, learns)
    losses[e.name] = loss_of(exact, codes, int(chip.weight_bits))
    pre, post = (made[program.populations[n].name] for n in (e.pre, e.post))
    for sign, kind in ((False, ExcitatoryRow), (True, InhibitoryRow)):
        # A synapse of weight 0 is not connected, unless it may learn.
        chosen = np.flatnonzero((inhibits == sign) & ((codes > 0) | learns))
        if not len(chosen):
            continue
        both = bool((inhibits != sign).any())
        name = f"{e.name} ({'inhibitory' if sign else 'excitatory'})" if both else e.name
        rule = FromArrays(e.sources[chosen], e.targets[chosen])
        weights = codes[chosen] * factors[chosen]
        synapse = kind(weight=weights, delay=e.delays[chosen] * program.dt)
        more: dict[str, Any] = {}
        if learns:
            # All synapses onto a population share one strength: the heaviest is the greatest.
            top = wires.code_of(learnt(chip, described), e, sign)
            more["plasticity"] = on_chip(described, min(max(top, 1), most))
        made.connect(pre, post, rule, synapse, name=name, **more)
        formats[name] = "sparse"
        wires.codes[name], wires.places[name] = codes[chosen], place[chosen]
        wires.factors[name] = factors[chosen]


def copied(network: Network, made: Network) -> None:
    """Bring over drives of sources, and what is recorded."""
    copy_inputs(network, made)
    for watched in network.synapse_probes:
        projection = made.projections.get(watched.projection)
        if projection is not None and projection.plasticity and watched.bins is None:
            made.record(projection, watched.variable, interval=watched.interval,
                        synapses=watched.synapses)  # fmt: skip
