"""Networks of any neurons in sPyNNaker's numbers: weights of 16 bits, states in s16.15.

Current-based leaky integrate-and-fire neurons with exponential synapses are computed as sPyNNaker
does, product by product; other models by their own equations, every state rounded to s16.15.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import ValidationError
from ...network.inputs import ConstantCurrent
from ...network.network import Drive, Network
from ...network.population import Population
from ...network.rules import FromArrays
from ...neurons.base import NeuronModel
from ...plasticity.base import PlasticityRule
from ...program.inputs import weights_of
from ...program.lower import lower
from ...program.program import Program
from ...synapses.base import Synapse
from ...synapses.delta import Delta
from ...values import support
from ..neurons.spinnaker import EVENT, FULL, ONE, ROWS, delay_stage, lif, with_rings
from ..neurons.spinnaker_stdp import SpiNNakerSTDP
from ..quantising import Loss, Quantised, loss_of
from ..retiming import Hop, lateness
from .edges import Edges
from .spinnaker_asked import Cells, cells_of, edges_of, highest, is_source

__all__ = ["LONGEST_DELAY", "STAGE", "quantise"]

#: Steps that a synapse delays by itself, and so many more each stage of a delay extension.
STAGE = 16
#: With 8 stages.
LONGEST_DELAY = STAGE * 9


def quantise(network: Network, dt: float, rate: float) -> Quantised:
    """Bring a network into sPyNNaker's numbers.

    Sources, to which nothing projects, are on the machine as they are described: what makes spikes
    undriven, and what passes them on. Delays of more than 16 steps pass through populations that
    repeat every spike 16 steps later, as many as it takes.

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
    edges = [edges_of(network, e, program) for e in program.edges]
    reached = {e.post for e in edges}
    driven = {d.target.population.name for d in network.drives.values()}
    sources = {
        k for k, p in enumerate(described)
        if k not in reached and is_source(p.model, p.name in driven)
    }  # fmt: skip
    cells = {
        k: cells_of(network, program, k, edges, rate)
        for k in range(len(described))
        if k not in sources
    }
    hops = [
        Hop(e.name, e.pre, e.post, int(e.delays.min()) + cells[e.post].is_lif, 1)
        for e in edges if len(e.delays)
    ]  # fmt: skip
    late = lateness(len(described), hops)
    return _Building(network, program, cells, late).built(edges)


class _Building:
    """The network in the chip's numbers, made part by part."""

    def __init__(
        self, network: Network, program: Program, cells: dict[int, Cells], late: list[int]
    ) -> None:
        self.network, self.program, self.cells, self.late = network, program, cells, late
        self.dt = program.dt
        self.made = Network(seed=network.seed)
        self.losses: dict[str, Loss] = {}
        self.formats: dict[str, str] = {}
        self.scales: dict[str, np.ndarray] = {}
        self.zeros: dict[str, np.ndarray] = {}
        self.lates: dict[str, int] = {}

    def built(self, edges: list[Edges]) -> Quantised:
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

    def _lif(self, c: Cells) -> NeuronModel:
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

    def _connect(self, e: Edges) -> None:
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

    def _learn(
        self, e: Edges, rule: PlasticityRule, delays: np.ndarray, stages: np.ndarray
    ) -> None:
        """Connect by synapses that learn."""
        pre, post = (self.program.populations[n].name for n in (e.pre, e.post))
        where = f"SpiNNaker, projection {e.name!r}"
        if len(stages) and stages.max() > 0:
            raise ValidationError(where, "learns with delays of more than 16 steps", "16 at most")
        if len(e.weights) and e.weights.min() < 0:
            raise ValidationError(where, "learns with negative weights", "weights of 0 or more")
        cells, most = self.cells[e.post], highest(rule)
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
        self.made.drive(
            target, _replaced(drive.input, ROWS[k](weight=whole + EVENT)), name=drive.name
        )

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
