"""Networks of any neurons in sPyNNaker's numbers: weights of 16 bits, states in s16.15.

Current-based leaky integrate-and-fire neurons with exponential synapses are computed as sPyNNaker
does, product by product; other models by their own equations, every state rounded to s16.15.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import ValidationError
from ...network.inputs import ConstantCurrent, Poisson
from ...network.network import Drive, Network, Projection
from ...network.population import Population
from ...network.rules import FromArrays
from ...neurons.base import NeuronModel
from ...neurons.lif import LIF
from ...plasticity.additive_stdp import AdditiveSTDP
from ...program.edge_list import edge_list, edge_weights
from ...program.inputs import weights_of
from ...program.lower import lower
from ...program.populations import receptor_names
from ...program.program import PopulationProgram, Program
from ...synapses.base import Synapse
from ...synapses.delta import Delta
from ...synapses.exponential_current import ExponentialCurrent
from ...values import support
from ..neurons.spinnaker import FULL, ONE, ROWS, Channel, delay_stage, lif, with_rings
from ..neurons.spinnaker_stdp import SpiNNakerSTDP
from ..quantising import Loss, Quantised, loss_of
from ..retiming import Hop, lateness

__all__ = ["LONGEST_DELAY", "STAGE", "quantise"]

#: Steps that a synapse delays by itself, and so many more each stage of a delay extension.
STAGE = 16
#: With 8 stages.
LONGEST_DELAY = STAGE * 9
#: Standard deviations above the mean that a ring buffer must hold.
_SIGMAS = 5.0
#: A shift of 16 lets a buffer hold all that s16.15 does.
_SHIFTS = 16


@dataclass(frozen=True)
class _Edges:
    """A projection: edges in populations, weights in coherent units, delays in steps."""

    name: str
    pre: int
    post: int
    receptor: int
    sources: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    delays: np.ndarray
    rule: AdditiveSTDP | None


@dataclass(frozen=True)
class _Cells:
    """A population on the chip: how it is described, what is on it, how it is computed."""

    program: PopulationProgram
    model: NeuronModel
    receptors: tuple[Synapse, ...]
    channels: tuple[Channel, ...]
    is_lif: bool

    def channel(self, receptor: int, sign: int) -> int:
        """Which type of synapse."""
        pairs = [(c.receptor, c.sign) for c in self.channels]
        return pairs.index((receptor, sign))


def quantise(network: Network, dt: float, rate: float) -> Quantised:
    """Bring a network into sPyNNaker's numbers.

    Sources, to which nothing projects and which take no current, are on the machine as they are
    described. Delays of more than 16 steps pass through populations that repeat every spike 16
    steps later, as many as it takes.

    Parameters
    ----------
    network
        The description.
    dt
        Its step in ms, which becomes one step of the machine.
    rate
        Hz that every neuron is taken to fire at when the range of ring buffers is chosen: it holds
        the mean input and five standard deviations.

    Raises
    ------
    ValidationError
        If anything cannot be had on the machine; says what and why.
    """
    program = lower(network, dt, "float64", 1)
    described = list(network.populations.values())
    edges = [_edges_of(network, e, program) for e in program.edges]
    reached = {e.post for e in edges}
    hosts = {
        k for k, p in enumerate(described)
        if k not in reached and "i_syn" not in p.model.names_used()
    }  # fmt: skip
    cells = {
        k: _cells(network, program, k, edges, rate) for k in range(len(described)) if k not in hosts
    }
    hops = [
        Hop(e.name, e.pre, e.post, int(e.delays.min()) + cells[e.post].is_lif, 1)
        for e in edges if len(e.delays)
    ]  # fmt: skip
    late = lateness(len(described), hops)
    return _Building(network, program, cells, late).built(edges)


def _edges_of(network: Network, e: Any, program: Program) -> _Edges:
    where = f"SpiNNaker, projection {e.name!r}"
    if program.populations[e.pre].emit_type != "none":
        raise ValidationError(where, "carries values", "spikes without values")
    found = edge_list(e)
    return _Edges(
        e.name, e.pre, e.post, e.receptor, found.pre, found.post, edge_weights(e), found.delays,
        _rule_of(network.projections[e.name], where),
    )  # fmt: skip


def _rule_of(projection: Projection, where: str) -> AdditiveSTDP | None:
    """The rule by which a projection learns, if it does."""
    if not projection.is_plastic:
        return None
    rules = projection.plasticity
    alone = len(rules) == 1 and not projection.structure and projection.modulator is None
    if not (alone and isinstance(rules[0], AdditiveSTDP)):
        raise ValidationError(where, "learns by another rule", "sp.AdditiveSTDP alone")
    if support(rules[0].values["w_min"])[0] < 0:
        raise ValidationError(where, "may have negative weights", "w_min of 0 or more")
    return rules[0]


def _receptors(network: Network, population: Population) -> tuple[Synapse, ...]:
    """What is on a population, in the order of its program."""
    found = [
        p.synapse for p in network.projections.values()
        if p.post.population is population and not p.synapse.continuous
    ]  # fmt: skip
    found += [
        d.synapse
        for d in network.drives.values()
        if d.synapse is not None and d.target.population is population
    ]
    return tuple(receptor_names(found).values())


def _cells(network: Network, program: Program, k: int, edges: list[_Edges], rate: float) -> _Cells:
    described, p = network.populations[program.populations[k].name], program.populations[k]
    where = f"SpiNNaker, population {p.name!r}"
    model = described.model
    joined = any(
        q.synapse.continuous and described in (q.pre.population, q.post.population)
        for q in network.projections.values()
    )
    if joined or model.compartments or p.emit_type != "none":
        problem = "has gap junctions" if joined else "has compartments or sends values"
        raise ValidationError(where, problem, "neurons of one point that send spikes")
    receptors = _receptors(network, described)
    drives = [d for d in network.drives.values() if d.target.population is described]
    into = [e for e in edges if e.post == k]
    held = _gathered(network, p, receptors, into, drives, program.dt, rate)
    if len(held) > len(ROWS):
        raise ValidationError(
            where, f"has {len(held)} types of synapses", f"{len(ROWS)}, which two bits tell apart",
            "give some of its synapses the same parameters",
        )  # fmt: skip
    currents = [d.input for d in drives if not d.input.has_events]
    is_lif = (
        type(model) is LIF
        and all(type(r) is ExponentialCurrent for r in receptors)
        and all(isinstance(c, ConstantCurrent) for c in currents)
    )
    channels = tuple(
        Channel(receptor, sign, _shift(most, where)) for (receptor, sign), most in held.items()
    )
    return _Cells(p, model, receptors, channels, is_lif)


def _gathered(
    network: Network, p: PopulationProgram, receptors: tuple[Synapse, ...], into: list[_Edges],
    drives: list[Drive], dt: float, rate: float,
) -> dict[tuple[int, int], float]:  # fmt: skip
    """The greatest input in one step that is to be expected, by receptor and sign."""
    keys = [repr(r.receptor_key()) for r in receptors]
    found: dict[tuple[int, int], np.ndarray] = {}

    def add(receptor: int, targets: np.ndarray, weights: np.ndarray, per_step: Any) -> None:
        for sign in (1, -1):
            mine = sign * weights > 0
            if mine.any():
                rows = found.setdefault((receptor, sign), np.zeros((3, p.size)))
                w, often = np.abs(weights[mine]), np.broadcast_to(per_step, weights.shape)[mine]
                np.add.at(rows[0], targets[mine], often * w)
                np.add.at(rows[1], targets[mine], often * w**2)
                np.maximum.at(rows[2], targets[mine], w)

    for e in into:
        most = e.weights if e.rule is None else np.full(len(e.weights), _highest(e.rule))
        add(e.receptor, e.targets, most, rate * 1e-3 * dt)
    for d in drives:
        if d.synapse is not None:
            hertz: Any = getattr(d.input, "rate", rate) if isinstance(d.input, Poisson) else rate
            hertz = hertz if isinstance(hertz, float | np.ndarray) else rate
            receptor = keys.index(repr(d.synapse.receptor_key()))
            add(receptor, d.target.ids, weights_of(d, network.seed), hertz * 1e-3 * dt)
    return {
        key: float(np.maximum(rows[0] + _SIGMAS * np.sqrt(rows[1]), rows[2]).max())
        for key, rows in sorted(found.items(), key=lambda item: (item[0][0], -item[0][1]))
    }


def _highest(rule: AdditiveSTDP) -> float:
    """The greatest weight that a rule leaves."""
    return float(support(rule.values["w_max"])[0])


def _shift(most: float, where: str) -> int:
    """How far a buffer is shifted so that it holds `most`: weights are below 2^shift."""
    shift = max(0, int(np.ceil(np.log2(most)))) if most > 0 else 0
    shift += 2.0**shift <= most
    if shift > _SHIFTS:
        raise ValidationError(
            where, f"expects an input of {most:g} in a step", f"less than {2**_SHIFTS}",
            "give its weights a larger unit",
        )  # fmt: skip
    return int(shift)


class _Building:
    """The network in the chip's numbers, made part by part."""

    def __init__(
        self, network: Network, program: Program, cells: dict[int, _Cells], late: list[int]
    ) -> None:
        self.network, self.program, self.cells, self.late = network, program, cells, late
        self.dt = program.dt
        self.made = Network(seed=network.seed)
        self.losses: dict[str, Loss] = {}
        self.formats: dict[str, str] = {}
        self.scales: dict[str, np.ndarray] = {}
        self.zeros: dict[str, np.ndarray] = {}
        self.lates: dict[str, int] = {}

    def built(self, edges: list[_Edges]) -> Quantised:
        """All of it."""
        for k, p in enumerate(self.program.populations):
            described = self.network.populations[p.name]
            model, scale = described.model, 1.0
            if k in self.cells and self.cells[k].is_lif:
                model, scale = self._lif(self.cells[k]), ONE
            elif k in self.cells:
                c = self.cells[k]
                model = with_rings(c.model, c.receptors, c.channels)
            self._add(Population(p.name, described.shape, model), scale, self.late[k])
        for e in edges:
            self._connect(e)
        for drive in self.network.drives.values():
            self._drive(drive)
        self._record()
        return Quantised(
            self.made, self.lates, self.scales, self.zeros, self.formats, self.losses, self.dt
        )

    def _add(self, population: Population, scale: float, late: int) -> None:
        self.made.add(population)
        self.scales[population.name] = np.full(population.size, scale)
        self.zeros[population.name] = np.zeros(population.size)
        self.lates[population.name] = late

    def _lif(self, c: _Cells) -> NeuronModel:
        p, dt = c.program, self.dt
        given = {n: np.asarray(v, float) for n, v in zip(p.params, p.values, strict=True)}
        given |= {n: np.asarray(v, float) for n, v in c.model.values.items() if _is_number(v)}
        where = f"SpiNNaker, population {p.name!r}"
        missing = [n for n in c.model.parameters if n not in given]
        if missing:
            raise ValidationError(where, f"draws {missing[0]} at random", "numbers or arrays",
                                  "draw it yourself, and pass an array")  # fmt: skip
        offset = given["i_offset"] + self._constant(p.name)
        resistance = _s1615(given["tau_m"] / given["cm"])
        wanted = {n: given[n] for n in ("v_rest", "v_reset", "v_thresh")}
        wanted |= {"i_offset": offset, "e": np.exp(-dt / given["tau_m"])}
        values = {n: _s1615(v) for n, v in wanted.items()}
        for name, value in wanted.items():
            self.losses[f"{p.name}.{name}"] = loss_of(value, values[name] / ONE, 32)
        values["r_high"], values["r_low"] = np.divmod(resistance, ONE)
        values["tau_refrac"] = dt * np.ceil(np.round(given["tau_refrac"] / dt, 9))
        values["v"] = _s1615(np.asarray(p.initial[p.states.index("v")], float))
        for k, channel in enumerate(c.channels):
            tau = np.asarray(c.receptors[channel.receptor].values["tau_syn"], float)
            decay = np.exp(-dt / tau)
            for name, value in (("decay", decay), ("init", tau / dt * (1.0 - decay))):
                whole = np.clip(np.rint(value * 2.0**32), 0, 2.0**32 - 1)
                values[f"{name}_high{k}"], values[f"{name}_low{k}"] = np.divmod(whole, 2.0**16)
        flat = {n: _flat(v, p.size) for n, v in values.items()}
        return lif(c.channels, **flat)

    def _constant(self, name: str) -> np.ndarray:
        """Constant currents, which become a part of the neuron's own."""
        population = self.network.populations[name]
        total = np.zeros(population.size)
        for d in self.network.drives.values():
            if d.target.population is population and isinstance(d.input, ConstantCurrent):
                amplitude = d.input.amplitude
                if not _is_number(amplitude):
                    raise ValidationError(f"SpiNNaker, drive {d.name!r}", "is drawn at random",
                                          "a number or an array")  # fmt: skip
                total[d.target.ids] += amplitude
        return total

    def _connect(self, e: _Edges) -> None:
        pre, post = (self.program.populations[n].name for n in (e.pre, e.post))
        cells = self.cells[e.post]
        delays = e.delays + cells.is_lif + self.late[e.post] - self.late[e.pre]
        if len(delays) and delays.max() > LONGEST_DELAY:
            raise ValidationError(
                f"SpiNNaker, projection {e.name!r}", f"takes {int(delays.max())} steps",
                f"{LONGEST_DELAY} at most", "use a longer step",
            )  # fmt: skip
        stages = (delays - 1) // STAGE
        if e.rule is not None:
            self._learn(e, e.rule, delays, stages)
            return
        made = np.zeros(len(e.weights))
        for sign in (1, -1):
            for stage in np.unique(stages[sign * e.weights > 0]).tolist():
                mine = (sign * e.weights > 0) & (stages == stage)
                k = cells.channel(e.receptor, sign)
                unit = 2.0 ** cells.channels[k].shift / ONE
                weights = np.clip(np.rint(np.abs(e.weights[mine]) / unit), 0, FULL)
                made[mine] = sign * weights * unit
                name = e.name + ("" if sign > 0 else ", negative") + _late(stage)
                row = ROWS[k](weight=weights, delay=(delays[mine] - STAGE * stage) * self.dt)
                source = self.made[self._stage(pre, stage)]
                rule = FromArrays(e.sources[mine], e.targets[mine])
                self.made.connect(source, self.made[post], rule, row, name=name)
                self.formats[name] = "sparse"
        self.losses[e.name] = loss_of(e.weights, made, 16)

    def _learn(self, e: _Edges, rule: AdditiveSTDP, delays: np.ndarray, stages: np.ndarray) -> None:
        """Connect by synapses that learn."""
        pre, post = (self.program.populations[n].name for n in (e.pre, e.post))
        where = f"SpiNNaker, projection {e.name!r}"
        if len(stages) and stages.max() > 0:
            raise ValidationError(where, "learns with delays of more than 16 steps", "16 at most")
        if len(e.weights) and e.weights.min() < 0:
            raise ValidationError(where, "learns with negative weights", "weights of 0 or more")
        cells, most = self.cells[e.post], _highest(rule)
        k = cells.channel(e.receptor, 1)
        unit = 2.0 ** cells.channels[k].shift / ONE
        weights = np.clip(np.rint(e.weights / unit), 0, FULL)
        row = ROWS[k](weight=weights, delay=delays * self.dt)
        given = {n: float(support(rule.values[n])[0]) for n in rule.parameters}
        made = SpiNNakerSTDP(
            tau_plus=given["tau_plus"], tau_minus=given["tau_minus"],
            up=float(np.rint(given["A_plus"] * most / unit)),
            down=float(np.rint(given["A_minus"] * most / unit)),
            w_min=float(np.rint(given["w_min"] / unit)),
            w_max=float(min(np.rint(most / unit), FULL)),
        )  # fmt: skip
        ends = FromArrays(e.sources, e.targets)
        self.made.connect(
            self.made[pre], self.made[post], ends, row, name=e.name, plasticity=made
        )  # fmt: skip
        self.formats[e.name] = "sparse"
        self.losses[e.name] = loss_of(e.weights, weights * unit, 16)

    def _stage(self, name: str, stage: int) -> str:
        """A population's spikes, 16 steps later for each stage; added where it is not yet."""
        if stage == 0:
            return name
        at, before = f"{name}{_late(stage)}", self._stage(name, stage - 1)
        if at not in self.made.populations:
            size = self.made[name].size
            late = self.lates[name] + stage * STAGE
            self._add(Population(at, size, delay_stage()), 1.0, late)
            self.made.connect(
                self.made[before], self.made[at], FromArrays(np.arange(size), np.arange(size)),
                Delta(weight=1.0, delay=STAGE * self.dt), name=f"{at}, in",
            )  # fmt: skip
            self.formats[f"{at}, in"] = "sparse"
        return at

    def _drive(self, drive: Drive) -> None:
        population = drive.target.population
        at = list(self.network.populations).index(population.name)
        target: Any = self.made[population.name]
        target = target if drive.target.is_whole else target[drive.target.ids]
        if at not in self.cells or not drive.input.has_events:
            if at not in self.cells or not self.cells[at].is_lif:
                self.made.drive(target, drive.input, name=drive.name)
            return
        cells = self.cells[at]
        weights = weights_of(drive, self.network.seed)
        signs = np.unique(np.sign(weights[weights != 0]))
        if len(signs) > 1:
            raise ValidationError(f"SpiNNaker, drive {drive.name!r}", "has weights of both signs",
                                  "one sign", "drive by two inputs")  # fmt: skip
        if not len(signs):
            return
        keys = [repr(r.receptor_key()) for r in cells.receptors]
        assert drive.synapse is not None
        k = cells.channel(keys.index(repr(drive.synapse.receptor_key())), int(signs[0]))
        unit = 2.0 ** cells.channels[k].shift / ONE
        whole = np.clip(np.rint(np.abs(weights) / unit), 0, FULL)
        self.losses[drive.name] = loss_of(np.abs(weights), whole * unit, 16)
        self.made.drive(target, _replaced(drive.input, ROWS[k](weight=whole)), name=drive.name)

    def _record(self) -> None:
        for probe in self.network.probes:
            name = probe.target.population.name
            target: Any = self.made[name]
            target = target if probe.target.is_whole else target[probe.target.ids]
            known = ("spikes", *self.made[name].model.block.states)
            if probe.variable not in known:
                raise ValidationError(
                    f"SpiNNaker, record {name!r}", f"no {probe.variable!r} there",
                    "spikes, or a variable of the neuron itself",
                )  # fmt: skip
            self.made.record(target, probe.variable, interval=probe.interval)


def _replaced(given: Any, synapse: Synapse) -> Any:
    """An input that acts by another synapse."""
    made = object.__new__(type(given))
    made.__dict__.update(given.__dict__, weight=None, synapse=synapse)
    return made


def _late(stage: int) -> str:
    return f" + {stage * STAGE}" if stage else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.ndarray)


def _s1615(value: Any) -> np.ndarray:
    """The nearest numbers of s16.15, as whole numbers; greater ones as far as they go."""
    return np.clip(np.rint(np.asarray(value, float) * ONE), -(2.0**31), 2.0**31 - 1)


def _flat(value: np.ndarray, size: int) -> Any:
    """A number, or an array of one for each neuron."""
    flat = np.asarray(value, float).ravel()
    return float(flat[0]) if len(flat) == 1 or size == 0 else flat
