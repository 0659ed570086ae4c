"""Networks on the analog circuits of BrainScaleS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ValidationError
from ...network.network import Network
from ...program.edge_list import edge_list, edge_weights
from ...program.lower import lower
from ...program.program import Program
from ..analog.calibration import Calibration
from ..analog.plan import Plan, placed
from ..analog.wanted import Wanted, wanted_of
from ..quantising import Quantised
from ..retiming import Hop, lateness
from .brainscales_rule import learnt
from .edges import Edges

if TYPE_CHECKING:
    from ..analog.chip import AnalogChip

__all__ = ["AnalogQuantised", "outside_of", "quantise", "timed"]


@dataclass(frozen=True, kw_only=True)
class AnalogQuantised(Quantised):
    """A network on analog circuits.

    Attributes
    ----------
    plan
        Who sits where.
    calibration
        Of all circuits of the chips that are used.
    codes
        By projection of `network`, the digital weight of each edge (int64).
    synapses
        By projection of `network`, core, row and column of each edge (int64[edges, 3]).
    factors
        What circuit and synapse make of each edge's digital weight (float64); the emulator knows.
    """

    plan: Plan
    calibration: Calibration
    codes: Mapping[str, np.ndarray]
    synapses: Mapping[str, np.ndarray]
    factors: Mapping[str, np.ndarray]


def quantise(chip: AnalogChip, network: Network, dt: float) -> AnalogQuantised:
    """Put a network on a chip's circuits.

    Sources, to which nothing projects, stay outside; populations that never fire are computed by
    the host from the spikes that they are sent. All others are set to circuits: potentials by an
    offset and a factor, such that the lowest of rest and reset and the threshold are where the
    chip's default calibration has them; synaptic weights by the heaviest onto a population.

    Where neurons are described in steps, input that acts at once becomes a current that is over
    within a step, so that every layer is later by the steps that events and currents take.

    Parameters
    ----------
    chip
        With its mismatch.
    network
        The description.
    dt
        Its step in ms.

    Raises
    ------
    ValidationError
        If anything cannot be had; every violated limit is named.
    """
    from .brainscales_network import built

    program = lower(network, dt, "float64", 1)
    outside = outside_of(chip, network, program)
    wanted: dict[int, Wanted] = {}
    for k, p in enumerate(program.populations):
        if k not in outside:
            found = wanted_of(program, k, _where(chip, p.name), chip.fastest)
            if not found.silent:
                wanted[k] = _fitting(chip, found, p.name)
    for e in program.edges:
        if e.pre not in wanted and e.pre not in outside:
            name = program.populations[e.pre].name
            raise ValidationError(_where(chip, name), "never fires, and projects",
                                  "readouts that project nowhere")  # fmt: skip
    edges, late, lost = timed(chip, program, wanted, outside)
    plastic = {
        e.name: learnt(chip, network.projections[e.name]) for e in program.edges if e.plastic
    }
    plan, calibration = placed(chip, program, wanted, edges, plastic)
    return built(chip, network, program, plan, calibration, edges, late, lost)


def _where(chip: Any, name: str) -> str:
    return f"{chip.name}, population {name!r}"


def outside_of(chip: Any, network: Network, program: Program) -> set[int]:
    """Populations to which nothing projects, which stay outside."""
    reached = {e.post for e in program.edges}
    driven = {d.target.population.name for d in network.drives.values()}
    for k, p in enumerate(program.populations):
        if k in reached and p.name in driven:
            raise ValidationError(
                _where(chip, p.name), "is driven, and projected to",
                "drives on populations of sources", "drive a sp.SpikeSource and project from it",
            )  # fmt: skip
        if p.emit_type != "none":
            raise ValidationError(_where(chip, p.name), "sends values", "spikes without values")
    return {k for k in range(len(program.populations)) if k not in reached}


def _fitting(chip: AnalogChip, found: Wanted, name: str) -> Wanted:
    """Refuse what cannot be set; a membrane that leaks too little leaks as little as it can."""
    where = _where(chip, name)
    if found.soft:
        raise ValidationError(where, "subtracts at a spike", "a reset to a value",
                              "train with a hard reset")  # fmt: skip
    if (found.threshold <= found.reset).any():
        raise ValidationError(where, "is reset above its threshold", "v_reset below v_thresh")
    least, most = (x / chip.us_per_ms for x in chip.tau_mem_range)
    if (found.tau_mem < 0.999 * least).any():
        raise ValidationError(where, f"tau_m is {found.tau_mem.min():g} ms",
                              f"{least:g} to {most:g} ms, {chip.tau_mem_range} us on the chip",
                              )  # fmt: skip
    least, most = (x / chip.us_per_ms for x in chip.tau_syn_range)
    if ((found.tau_syn < 0.999 * least) | (found.tau_syn > 1.001 * most)).any():
        raise ValidationError(where, f"tau_syn is {found.tau_syn.max():g} ms",
                              f"{least:g} to {most:g} ms, {chip.tau_syn_range} us on the chip",
                              )  # fmt: skip
    return found


def timed(
    chip: Any, program: Program, wanted: Mapping[int, Wanted], outside: set[int]
) -> tuple[tuple[Edges, ...], list[int], dict[str, tuple[np.ndarray, np.ndarray]]]:
    """All edges with delays that can be had, lateness, and delays (ms) that became others."""
    transit, hops, found = chip.transit_steps(program.dt), [], []
    for e in program.edges:
        listed = edge_list(e)
        if e.plastic and e.post not in wanted:
            raise ValidationError(f"{chip.name}, projection {e.name!r}", "learns, on the host",
                                  "plastic synapses onto neurons of the chip")  # fmt: skip
        # A current moves the potential one step after the event arrives.
        acts = int(e.post in wanted)
        steps = listed.delays + (acts and not wanted[e.post].direct[e.receptor])
        least = acts + (0 if e.pre in outside else transit)
        if len(steps):
            hops.append(Hop(e.name, e.pre, e.post, int(steps.min()), least))
        found.append((e, listed, steps - acts))
    late, made, lost = lateness(len(program.populations), hops), [], {}
    for e, listed, steps in found:
        delays = steps + late[e.post] - late[e.pre]
        if e.pre in wanted and e.post in wanted and (delays != transit).any():
            lost[e.name] = (delays * program.dt, np.full(len(delays), transit * program.dt))
            delays = np.full(len(delays), transit, np.int64)
        made.append(
            Edges(
                e.name, e.pre, e.post, e.receptor, listed.pre, listed.post, edge_weights(e), delays
            )
        )
    return tuple(made), late, lost
