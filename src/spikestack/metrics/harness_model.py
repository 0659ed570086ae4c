"""The module that NeuroBench's harness runs, step by step; needs neurobench and snntorch."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
import snntorch
import torch
from neurobench.models import NeuroBenchModel

from ..crossbars.realising import realised
from ..errors import ValidationError
from ..network.external import ExternalSpikes
from ..network.network import Network
from ..neurons.discrete_lif import DiscreteLIF, LeakyIntegrator
from ..program.lower import lower
from ..program.program import EdgeProgram, Program
from ..units import magnitude, parse_unit
from .harness_layers import layer_of
from .layers import Anatomy, Neurons
from .measuring import Judge

__all__ = ["StepByStep", "model_of"]

_DTYPES = {"float32": torch.float32, "float64": torch.float64}
#: Room for the greatest sum of one step; only what it is rounded to depends on it.
_MOST = 65_536.0


def model_of(
    network: Network, dt: Any, steps: int | None, precision: str, readout: str | None,
    answer: str | None,
) -> Any:  # fmt: skip
    """See `spikestack.metrics.neurobench_model`."""
    if precision not in _DTYPES:
        raise ValidationError("neurobench_model, precision", f"got {precision!r}", str([*_DTYPES]))
    dt = float(magnitude(dt, parse_unit("ms"), "neurobench_model, dt"))
    return _Model(StepByStep(network, dt, steps, precision, readout, answer))


class _Model(NeuroBenchModel):  # type: ignore[misc]
    """What ``Benchmark`` takes."""

    def __init__(self, net: StepByStep) -> None:
        super().__init__()
        self.net = net.eval()
        self.add_activation_module(snntorch.SpikingNeuron)

    def __call__(self, batch: Any) -> Any:
        """Answers in every step, (batch, steps, answers)."""
        with torch.no_grad():
            return self.net(batch)

    def __net__(self) -> StepByStep:
        """The module whose layers are hooked."""
        return self.net


class StepByStep(torch.nn.Module):
    """A network as layers and populations that are called once in every step.

    Attributes
    ----------
    connections, neurons
        By name, where dots become underscores: layers, and populations.
    """

    def __init__(
        self, network: Network, dt: float, steps: int | None, precision: str,
        readout: str | None, answer: str | None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.anatomy = Anatomy(network, dt, precision)
        self.program: Program = lower(realised(network, dt), dt, precision, 1)
        self.dtype, self.shown = _DTYPES[precision], steps
        described = realised(network, dt)
        self.judge = Judge(self.anatomy, readout, answer)
        order = sorted(self.program.populations, key=lambda p: p.level)
        self.order = [self.program.populations.index(p) for p in order]
        longest = [0] * len(order)
        self.lines: list[_Line] = []
        self.connections, self.neurons = torch.nn.ModuleDict(), torch.nn.ModuleDict()
        for edge in self.program.edges:
            projection = described.projections[edge.name]
            layer, delays = layer_of(edge, projection, self.dtype)
            self.connections[_key(edge.name)] = layer
            self.lines.append(_Line(edge, projection, layer, delays, self.dtype))
            longest[edge.pre] = max(longest[edge.pre], *delays)
        self.steppers = [
            _Stepper(described, self.program, k, self.lines, dt, precision)
            for k in range(len(order))
        ]
        for k, p in enumerate(self.program.populations):
            own = self.anatomy.neurons[p.name]
            self.neurons[_key(p.name)] = _module(own, described.populations[p.name].model)(
                self.steppers[k], own, longest[k], self.dtype
            )
        self.fed = [(name, s) for s in self.steppers for name in s.fed]

    def forward(self, data: Any) -> Any:
        """Run a batch.

        Parameters
        ----------
        data
            (batch, steps, features...), or (batch, features...) if steps are told.

        Returns
        -------
        Tensor
            (batch, steps, answers).
        """
        given = self._given(torch.as_tensor(data).to(self.dtype))
        steps, batch = given.shape[:2]
        modules: list[Any] = list(self.neurons.values())
        for stepper, module in zip(self.steppers, modules):
            stepper.begin()
            module.begin()
        reach = 1 + max((max(line.delays) for line in self.lines), default=0)
        past: list[list[Any]] = [[] for _ in modules]
        answers = []
        for t in range(steps):
            for k in self.order:
                arriving = self._arriving(k, past, t, batch)
                made = modules[k](arriving, given[t] if self.fed[0][1].place == k else None)
                past[k].append(made[1])
                if len(past[k]) > reach:
                    past[k][-reach - 1] = None
                if self.program.populations[k].name == self.judge.name:
                    answers.append(made[1] if self.judge.answer == "count" else modules[k].mem)
        whole = torch.stack(answers, dim=1)
        return whole[:, -1:] if self.judge.answer == "last" else whole

    def _given(self, data: Any) -> Any:
        """(steps, batch, neurons)."""
        where = "neurobench_model, data"
        if len(self.fed) != 1:
            raise ValidationError(where, f"{len(self.fed)} drives are fed", "one, as the data are")
        size = self.fed[0][1].fed[self.fed[0][0]]
        if data.ndim >= 3 and int(np.prod(data.shape[2:])) == size:
            return data.reshape(*data.shape[:2], size).transpose(0, 1)
        if data.ndim >= 2 and int(np.prod(data.shape[1:])) == size and self.shown:
            return data.reshape(1, len(data), size).expand(self.shown, -1, -1)
        raise ValidationError(where, f"shape {tuple(data.shape)}", f"(batch, steps, {size})",
                              "for still inputs tell how long: steps=25")  # fmt: skip

    def _arriving(self, k: int, past: list[list[Any]], t: int, batch: int) -> dict[int, Any]:
        """By receptor, what comes through the layers."""
        made: dict[int, Any] = {}
        for line in self.lines:
            if line.edge.post != k:
                continue
            sent = [line.of(past[line.edge.pre], t - d, batch) for d in line.delays]
            came = line.through(sent[0] if len(sent) == 1 else torch.stack(sent, dim=1))
            r = line.edge.receptor
            made[r] = came if r not in made else made[r] + came
        return made


class _Line:
    """One projection: its layer, between views."""

    def __init__(
        self, edge: EdgeProgram, projection: Any, layer: Any, delays: tuple[int, ...], dtype: Any
    ) -> None:
        self.edge, self.layer, self.delays, self.dtype = edge, layer, delays, dtype
        self.synapse, self.share = projection.synapse, getattr(layer, "share", 1.0)
        self.sizes = projection.pre.population.size, projection.post.population.size
        pre, post = projection.pre, projection.post
        self.pre = None if pre.is_whole else torch.tensor(pre.ids)
        self.post = None if post.is_whole else torch.tensor(post.ids)

    def of(self, past: list[Any], step: int, batch: int) -> Any:
        """What the sources sent in a step; nothing before the first."""
        if step < 0:
            return torch.zeros((batch, self.sizes[0] if self.pre is None else len(self.pre)),
                               dtype=self.dtype)  # fmt: skip
        return past[step] if self.pre is None else past[step][:, self.pre]

    def through(self, sent: Any) -> Any:
        """What arrives at the population, (batch, neurons)."""
        came = self.layer(sent)
        came = came if self.share == 1 else came * self.share
        if self.post is None:
            return came
        return came.new_zeros((len(came), self.sizes[1])).index_copy(1, self.post, came)


class _Stepper:
    """One population alone, compiled, with a drive for each receptor that projections reach."""

    def __init__(
        self, network: Network, program: Program, place: int, lines: list[_Line], dt: float,
        precision: str,
    ) -> None:  # fmt: skip
        self.place, self.name = place, program.populations[place].name
        made = Network(network.seed)
        population = made.add(network.populations[self.name])
        self.fed: dict[str, int] = {}
        for drive in network.drives.values():
            if drive.target.population is population:
                made.drives[drive.name] = drive
        for line in lines:
            name = f"receptor {line.edge.receptor} of {self.name}"
            if line.edge.post == place and name not in made.drives:
                synapse = copy(line.synapse)
                synapse.weight = 1.0
                made.drive(population, ExternalSpikes(most=_MOST, synapse=synapse), name)
        made.record(population, *self._recorded(network, program))
        self.module: Any = made.compile("torch", dt=dt, precision=precision)
        self.module.eval()
        receptors = {f"receptor {r} of {self.name}" for r in range(99)}
        for feed in self.module.feeds:
            if feed.kind != "given" and feed.name not in receptors:
                self.fed[feed.name] = len(feed.ids)
        self.constants = program.populations[place].values
        self.state: Any = None

    def _recorded(self, network: Network, program: Program) -> list[str]:
        states = program.populations[self.place].states
        return ["v"] if "v" in states else ["spikes"]

    def begin(self) -> None:
        """Go back to the start."""
        self.state = None

    def step(self, arriving: dict[int, Any], given: Any) -> tuple[Any, Any]:
        """What is sent, and the potential after the step: (batch, neurons) each."""
        inputs = {f"receptor {r} of {self.name}": x[None] for r, x in arriving.items()}
        trials = len(next(iter(arriving.values()))) if arriving else None
        if given is not None:
            inputs |= dict.fromkeys(self.fed, given[None])
            trials = len(given)
        out = self.module(inputs, steps=1, state=self.state, trials=trials)
        self.state = out.state
        potential = out.traces.get(f"{self.name}.v")
        sent = out.spikes.get(self.name)
        shape = (trials or 1, self.module.program.populations[0].size)
        nothing = torch.zeros(shape, dtype=self.module.dtype)
        return nothing if sent is None else sent[0], None if potential is None else potential[0]


class _Population(torch.nn.Module):
    """One population; called with what arrives, it gives activations and what it sends.

    Buffers stand for what its step reads and remembers, for one sample, so that the harness counts
    them; the numbers at work are the compiled kernels' own.
    """

    def __init__(self, stepper: _Stepper, own: Neurons, longest: int, dtype: Any) -> None:
        torch.nn.Module.__init__(self)
        # Its parameters are none of the harness's.
        object.__setattr__(self, "stepper", stepper)
        self.own = own
        self.register_buffer("constants", torch.zeros(own.constants, dtype=dtype))
        self.register_buffer("states", torch.zeros(own.states, dtype=dtype))
        self.register_buffer("counters", torch.zeros(own.counters // 4, dtype=torch.int32))
        flying = dtype if own.sends_values else torch.uint8
        self.register_buffer("in_flight", torch.zeros((longest, own.size), dtype=flying))

    def begin(self) -> None:
        """Forget the sample before."""

    def forward(self, arriving: dict[int, Any], given: Any) -> tuple[Any, Any]:
        """One step."""
        stepper: Any = self.stepper
        sent, potential = stepper.step(arriving, given)
        self._keep(potential)
        return (sent if self.own.fires else sent.new_zeros(0)), sent

    def _keep(self, potential: Any) -> None:
        pass


class _Spiking(_Population, snntorch.SpikingNeuron):
    """A population whose activations are counted."""

    init_hidden, output = False, True
    _reset_mechanism = "subtract"


class _Remembering(_Spiking):
    """A population whose membrane updates are counted, too."""

    mem: Any

    def begin(self) -> None:
        """Forget the sample before."""
        self.mem = torch.zeros(0)

    def _keep(self, potential: Any) -> None:
        self.mem = potential


#: The harness knows the operations of a neuron by the name of its class.
_LEAKY = type("Leaky", (_Remembering,), {})
_LEAKY_READOUT = type("Leaky", (_Remembering,), {"_reset_mechanism": "none"})


def _module(own: Neurons, model: Any) -> type:
    if own.membrane:
        kinds = {DiscreteLIF: _LEAKY, LeakyIntegrator: _LEAKY_READOUT}
        return kinds.get(type(model), _Remembering)
    return _Spiking if own.fires else _Population


def _key(name: str) -> str:
    return name.replace(".", "_")
