"""A described network as a PyTorch module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch

from ..equations.fixed_point import FixedPoint
from ..errors import UnknownNameError, ValidationError, shorten
from ..network.network import Network
from ..program.lower import lower
from ..program.program import Program
from ..units import magnitude, parse_unit
from .calling import Call, Output, State
from .cells import Cell
from .choosing import chosen
from .delays import Delays
from .derived import key_of
from .exporting import trained_network
from .homes import Home, home_of, refuse
from .inputs import Feed, feeds_of
from .layers import Layers
from .links import Link, link_of
from .memory import keep_freed_memory
from .on_crossbars import OnCrossbar
from .over_time import put_over_time
from .packed import Passed
from .quantising import bits_by_name, quantised, with_formats
from .scheduling import rounds_of
from .surrogates import Surrogate, as_surrogate, resting_distance

__all__ = ["Output", "SpikingNetwork", "State"]

_DTYPES = {"float32": torch.float32, "float64": torch.float64}


class SpikingNetwork(torch.nn.Module):
    """A network whose parameters learn by gradient; made by `Network.compile`.

    Parameters
    ----------
    network
        The description; frozen by this.
    dt
        Step in ms.
    train
        What is trained: ``"weights"`` stands for those of all projections; else names of
        projections, or ``"population.parameter"`` (``"hidden.tau_m"``, or of a receptor
        ``"hidden.ExponentialCurrent.tau_syn"``), ``"projection.delay"`` for a delay of each synapse
        and ``"projection.axonal_delay"`` for one of each source.
    surrogate
        Derivative of a spike: a name, a `Surrogate`, or one of either for each population.
    detach_reset
        Whether gradients leave out what a spike's reset does.
    precision
        ``"float32"`` or ``"float64"``.
    deterministic
        Round weights as the compiled engine does and sum exactly, so that spikes are its spikes.
        Slower by the cost of products in double precision. Gradients of weights, too, are the same
        bits for any number of threads.
    longest_delay
        ms; that learned delays may reach. By default 10 steps, or twice the longest there is.
    weight_bits
        Bits of the weights, 2 to 16, by projection or of all: they are rounded when used, and in
        what `trained` gives, while training goes on with what is behind them.
    state_format
        `FixedPoint` to which states are rounded after every step, of all populations or in a dict
        by population, as a model takes it; in what `trained` gives, too. Gradients pass the
        rounding and end where a state is at the bounds of its range.

    Raises
    ------
    ValidationError
        If the network holds what gradients do not pass: see the page on training.
    """

    def __init__(
        self,
        network: Network,
        dt: Any = 1.0,
        *,
        train: str | Iterable[str] = "weights",
        surrogate: str | Surrogate | Mapping[str, str | Surrogate] = "fast sigmoid",
        detach_reset: bool = True,
        precision: str = "float32",
        deterministic: bool = False,
        longest_delay: Any = None,
        weight_bits: int | Mapping[str, int] | None = None,
        state_format: FixedPoint | Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if precision not in _DTYPES:
            raise ValidationError(
                "compile, precision", f"got {shorten(precision)}", "float32 or float64"
            )
        if state_format is not None:
            network = with_formats(network, state_format, "compile, state_format")
        self.network, self.precision, self.dtype = network, precision, _DTYPES[precision]
        self.dt = float(magnitude(dt, parse_unit("ms"), "compile, dt"))
        self.detach_reset, self.deterministic = detach_reset, deterministic
        self.device = torch.device("cpu")
        self._refuse(network)
        keep_freed_memory()
        self._programs: dict[int, Program] = {}
        self.program = self._lowered(1)
        self.names = [p.name for p in self.program.populations]
        sizes = [p.size for p in self.program.populations]
        self.links: list[Link] = [
            link_of(e, network.projections[e.name], (sizes[e.pre], sizes[e.post]))
            for e in self.program.edges
        ]
        self.feeds: list[Feed] = feeds_of(self.program)
        levels = [p.level for p in self.program.populations]
        self.rounds = rounds_of(len(self.names), self.links, levels)
        names = [link.name for link in self.links if link.form != "pool"]
        self.bits = bits_by_name(weight_bits, names, "compile, weight_bits")
        self.crossbars = {
            link.name: OnCrossbar(link, crossbar, (sizes[link.pre], sizes[link.post]))
            for link in self.links
            if (crossbar := network.projections[link.name].realised_by) is not None
        }
        self.longest = self._longest_steps(longest_delay)
        self.weights, self.delays, self.values, self.derived = chosen(self, train)
        given = surrogate if isinstance(surrogate, Mapping) else {}
        self.surrogates = [
            as_surrogate(given.get(n, "fast sigmoid") if given else surrogate)  # type: ignore[arg-type]
            for n in self.names
        ]
        self.scales = [
            s.scale if s.scale is not None else resting_distance(p)
            for s, p in zip(self.surrogates, self.program.populations)
        ]
        self._traced = [
            tuple(sorted({q.state for q in self.program.probes if q.population == k}))
            for k in range(len(self.names))
        ]
        self._cells: dict[Any, Cell] = {}
        self.parallels = torch.nn.ModuleDict()
        self.layers = Layers(self)

    @staticmethod
    def _refuse(network: Network) -> None:
        for name, projection in network.projections.items():
            if projection.is_plastic:
                raise ValidationError(f"compile, projection {name!r}", "is plastic",
                                      "weights that only training changes",
                                      "take its rules off")  # fmt: skip
            if projection.synapse.continuous:
                raise ValidationError(f"compile, projection {name!r}", "is a gap junction",
                                      "projections of spikes",
                                      "gradients do not pass through it")  # fmt: skip

    def _apply(self, fn: Any, *how: Any, **more: Any) -> Any:
        """Move to where PyTorch moves modules (`to`, `cuda`, `cpu`), if a network can run there."""
        try:
            device = fn(torch.empty(0, dtype=self.dtype, device=self.device)).device
        except (AssertionError, RuntimeError) as error:
            raise ValidationError("to, device", str(error).partition("\n")[0],
                                  "a device that this PyTorch reaches") from error  # fmt: skip
        refuse(device, self.deterministic, "to, device")
        made = super()._apply(fn, *how, **more)
        self.device = device
        return made

    @property
    def home(self) -> Home:
        """Where arrays of kernels are."""
        return home_of(self.device)

    def _lowered(self, trials: int) -> Program:
        """The program; one for each number of trials where anything random differs by trial."""
        if trials not in self._programs:
            if 1 in self._programs and not _differs_by_trial(self._programs[1]):
                return self._programs[1]
            self._programs[trials] = lower(self.network, self.dt, self.precision, trials)
        return self._programs[trials]

    def _longest_steps(self, given: Any) -> int:
        if given is None:
            return max(10, 2 * self.program.max_delay)
        steps = float(magnitude(given, parse_unit("ms"), "compile, longest_delay")) / self.dt
        if not self.program.max_delay <= steps <= 10_000:
            raise ValidationError(
                "compile, longest_delay",
                f"is {steps:g} steps",
                f"{self.program.max_delay} to 10,000",
            )
        return round(steps)

    def _learned_delays(self) -> list[Delays]:
        return [module for module in self.delays.values() if isinstance(module, Delays)]

    def sharpen(self, progress: float) -> None:
        """Narrow the bumps of learned delays, and close masks, as training goes from 0 to 1.

        See `Delays` and `over_time.OverTime`.
        """
        for delays in self._learned_delays():
            delays.sharpen(progress)
        for over_time in self.parallels.values():
            over_time.sharpen(progress)  # type: ignore[operator]

    def normalise(self, projection: str, kind: str = "batch", **settings: Any) -> None:
        """Normalise what a projection brings, while training; see `layers.Layers.normalise`."""
        self.layers.normalise(projection, kind, **settings)
        self.layers.to(self.device)

    def dropout(self, population: str, p: float = 0.5) -> None:
        """Drop neurons of a population at random, while training; see `layers.Layers.dropout`."""
        self.layers.dropout(population, p)

    def parallel(self, population: str, kind: str = "masked") -> None:
        """Learn the weights over time of a population of parallel spiking neurons, as one matrix.

        Parameters
        ----------
        population
            Its name; of `masked_psn`, outside loops. The matrix and the thresholds become
            ``values["NAME:over_time"]`` and ``values["NAME:thresholds"]``.
        kind
            ``"masked"``: every step sees the last inputs that the order tells. ``"gradual"``: all
            inputs at first, those outside the mask ever less as `sharpen` tells (Fang et al.
            2023), and not at all when evaluated. ``"full"``: all inputs, later ones too, which
            cannot be described: `trained` refuses it.

        Raises
        ------
        ValidationError
            If its model is another or it feeds back.
        """
        put_over_time(self, population, kind)

    def constrain(self) -> None:
        """Bring trained numbers back into the ranges they must not leave; every call does so."""
        with torch.no_grad():
            for k, derived in self.derived.items():
                for name in derived.names:
                    self.values[key_of(self.names[k], name)].clamp_(*derived.bounds(name))
            for delays in self._learned_delays():
                delays.steps.clamp_(0.0, float(delays.longest))
            for link in self.links:
                if link.positive and self.weights[link.name].requires_grad:
                    self.weights[link.name].clamp_(min=0.0)

    def trained(self) -> Network:
        """The description with what has been learned: to simulate, to save, to map to a chip.

        Normalisations become weights and biases; see `exporting`.
        """
        return trained_network(self)

    def forward(
        self,
        inputs: Any = None,
        steps: int | None = None,
        state: State | None = None,
        trials: int | None = None,
    ) -> Output:
        """Run.

        Parameters
        ----------
        inputs
            Of the drive that is fed (`ExternalSpikes`, `ExternalCurrent`), or a dict of them by the
            drive's name: (steps, trials, neurons), or (trials, neurons) for the same in all steps.
            Counts of spikes, or nA.
        steps
            How many; needed where no input tells.
        state
            Where to go on from; from the start by default.
        trials
            How many; needed where no input tells.
        """
        self.constrain()
        fed, steps, trials = self._fed(inputs, steps, trials)
        program = self._lowered(trials)
        begin = state or self._beginning(program, trials)
        if any(s.device != self.device for s in begin.states):
            raise ValidationError("forward, state", "is on another device than the network",
                                  str(self.device), "begin without a state")  # fmt: skip
        weights = {link.name: self._weights_of(link) for link in self.links}
        sent: list[Any] = [None] * len(self.names)
        out = Output()
        none: list[Any] = [None] * len(sent)
        counters = [self.home.copy(c) for c in begin.counters]
        after = State(begin.clock + steps, none.copy(), counters, none)
        work = Call(self, program, steps, trials, fed, begin, after, weights, sent)
        for members in self.rounds:
            traces = work.loop(members) if self._feeds_back(members) else work.alone(members[0])
            for k, made in zip(members, traces):
                for q, place in enumerate(self._traced[k]):
                    name = f"{self.names[k]}.{program.populations[k].states[place]}"
                    out.traces[name] = made[q].reshape(steps, trials, -1)
        for k, name in enumerate(self.names):
            if sent[k] is not None:
                shown = Passed(sent[k]) if k in work.passed else sent[k]
                out.spikes[name] = shown.reshape(steps, trials, -1)
        work.remember()
        out.state = after
        return out

    def _feeds_back(self, members: tuple[int, ...]) -> bool:
        return any(link.pre in members and link.post in members for link in self.links)

    def _fed(self, inputs: Any, steps: int | None, trials: int | None) -> Any:
        """Inputs by drive, steps, trials."""
        open_ones = {f.name: f for f in self.feeds if f.kind != "given"}
        if inputs is None:
            inputs = {}
        elif not isinstance(inputs, Mapping):
            if len(open_ones) != 1:
                raise ValidationError("forward, inputs", f"one tensor for {len(open_ones)} drives",
                                      f"a dict by {', '.join(open_ones) or 'nothing'}")  # fmt: skip
            inputs = {next(iter(open_ones)): inputs}
        given = {}
        for name, value in inputs.items():
            if name not in open_ones:
                raise UnknownNameError("forward, inputs", name, open_ones)
            # Other arrays are copied: a change before the backward pass would go unseen.
            tensor = value if isinstance(value, torch.Tensor) else torch.tensor(value)
            tensor = tensor.to(self.device, self.dtype)
            tensor = tensor.reshape(*tensor.shape[: 1 + (tensor.ndim > 2)], -1)
            if tensor.ndim == 2:
                tensor = tensor[None]
            elif steps is not None and steps != len(tensor):
                raise ValidationError(
                    "forward, steps", f"{steps}, and {name!r} has {len(tensor)}", "the same"
                )
            else:
                steps = len(tensor)
            size = len(open_ones[name].ids)
            if tensor.shape[2] != size or (trials or tensor.shape[1]) != tensor.shape[1]:
                raise ValidationError(f"forward, {name!r}", f"shape {tuple(tensor.shape)}",
                                      f"(steps, trials, {size})")  # fmt: skip
            trials, given[name] = tensor.shape[1], tensor
        if steps is None:
            raise ValidationError("forward, steps", "not told", "how many steps to run")
        return given, int(steps), trials or 1

    def used_weights(self, name: str) -> Any:
        """Weights of a projection as they are used: rounded to `weight_bits`, if that is asked."""
        given = self.weights[name]
        return quantised(given, self.bits[name]) if name in self.bits else given

    def _weights_of(self, link: Link) -> Any:
        given = self.layers.weights(link.name, self.used_weights(link.name))
        if link.name in self.crossbars:
            given = self.crossbars[link.name].through(given, self.training)
        if not self.deterministic:
            return given if link.share == 1 else given * link.share
        exact = given.double() * link.share
        rounded = torch.round(exact / link.quantum) * link.quantum
        return exact + (rounded - exact).detach()

    def _beginning(self, program: Program, trials: int) -> State:
        real = np.float32 if self.precision == "float32" else np.float64
        states, counters = [], []
        for p in program.populations:
            rows = np.zeros((len(p.states), trials, p.size), real)
            for row, value in zip(rows, p.initial):
                row[:] = value
            states.append(torch.from_numpy(rows.reshape(len(p.states), -1)).to(self.device))
            counters.append(self.home.zeros((trials * p.size,), np.int32))
        return State(0, states, counters, [None] * len(states))

    def extra_repr(self) -> str:
        """What is trained."""
        count = sum(p.numel() for p in self.parameters() if p.requires_grad)
        return f"{self.network!r}, dt={self.dt:g}, {count:,} trained numbers"


def _differs_by_trial(program: Program) -> bool:
    """Whether anything random is drawn anew for each trial."""
    drawn = any(p.streams.shape[1] for p in program.populations)
    return drawn or any(np.ndim(v) == 2 for p in program.populations for v in p.initial)
