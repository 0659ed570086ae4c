"""A described network as a PyTorch module."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from ..errors import UnknownNameError, ValidationError, shorten
from ..network.network import Network
from ..program.lower import drafts_of, lower
from ..program.program import INJECTED, Program
from ..units import magnitude, parse_unit
from .cells import Cell
from .derived import Derived
from .folding import folded
from .inputs import Feed, feeds_of
from .layers import Layers
from .links import Link, link_of
from .memory import keep_freed_memory
from .passing import Inner, Loop, Member, run_cell, run_loop
from .products import Exact, apply
from .scheduling import rounds_of
from .surrogates import Surrogate, as_surrogate, resting_distance

__all__ = ["Output", "SpikingNetwork", "State"]

_DTYPES = {"float32": torch.float32, "float64": torch.float64}


@dataclass
class State:
    """Where a run has come to: pass it to the next call to go on from there.

    Attributes
    ----------
    clock
        Steps so far.
    states
        By population, (variables, trials * neurons).
    counters
        Refractory steps that are left, by population.
    past
        By population, what was sent in the last steps, for delays; None where nothing is delayed.
    """

    clock: int
    states: list[Any]
    counters: list[np.ndarray]
    past: list[Any]

    def detach(self) -> State:
        """The same without its history: gradients end here (truncated back-propagation)."""
        return State(
            self.clock, [s.detach() for s in self.states], [c.copy() for c in self.counters],
            [None if p is None else p.detach() for p in self.past],
        )  # fmt: skip


@dataclass
class Output:
    """What a network did.

    Attributes
    ----------
    spikes
        By population, what was sent: (steps, trials, neurons); 1 for a plain spike, 0 for none.
    traces
        By ``"population.variable"``, recorded variables after each step, coherent units (mV, nA).
    state
        To go on from.
    """

    spikes: dict[str, Any] = field(default_factory=dict)
    traces: dict[str, Any] = field(default_factory=dict)
    state: State | None = None

    def __getitem__(self, name: str) -> Any:
        found = self.traces if name in self.traces else self.spikes
        if name not in found:
            raise UnknownNameError("Output", name, (*self.spikes, *self.traces))
        return found[name]


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
        ``"hidden.ExponentialCurrent.tau_syn"``).
    surrogate
        Derivative of a spike: a name, a `Surrogate`, or one of either for each population.
    detach_reset
        Whether gradients leave out what a spike's reset does.
    precision
        ``"float32"`` or ``"float64"``.
    deterministic
        Round weights as the compiled engine does and sum exactly, so that spikes are its spikes.
        Slower by the cost of products in double precision.

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
    ) -> None:
        super().__init__()
        if precision not in _DTYPES:
            raise ValidationError(
                "compile, precision", f"got {shorten(precision)}", "float32 or float64"
            )
        self.network, self.precision, self.dtype = network, precision, _DTYPES[precision]
        self.dt = float(magnitude(dt, parse_unit("ms"), "compile, dt"))
        self.detach_reset, self.deterministic = detach_reset, deterministic
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
        self._choose(train)
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
        levels = [p.level for p in self.program.populations]
        self.rounds = rounds_of(len(self.names), self.links, levels)
        self._cells: dict[Any, Cell] = {}
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

    def _lowered(self, trials: int) -> Program:
        """The program; one for each number of trials where anything random differs by trial."""
        if trials not in self._programs:
            if 1 in self._programs and not _differs_by_trial(self._programs[1]):
                return self._programs[1]
            self._programs[trials] = lower(self.network, self.dt, self.precision, trials)
        return self._programs[trials]

    def _choose(self, train: str | Iterable[str]) -> None:
        asked = [train] if isinstance(train, str) else list(train)
        weights = {link.name for link in self.links}
        chosen = set()
        by_population: dict[str, list[str]] = {}
        for name in asked:
            population, dot, parameter = name.partition(".")
            if name == "weights":
                chosen |= {link.name for link in self.links if link.form != "pool"}
            elif name in weights:
                chosen.add(name)
            elif dot and population in self.names:
                by_population.setdefault(population, []).append(parameter)
            else:
                known = ("weights", *weights, *(f"{n}.PARAMETER" for n in self.names))
                raise UnknownNameError("compile, train", name, known)
        self.weights = torch.nn.ParameterDict({
            link.name: torch.nn.Parameter(link.initial.to(self.dtype), link.name in chosen)
            for link in self.links
        })  # fmt: skip
        self.derived: dict[int, Derived] = {}
        self.values = torch.nn.ParameterDict()
        drafts = drafts_of(self.network, self.dt, self.precision, 1) if by_population else []
        for name, parameters in by_population.items():
            k = self.names.index(name)
            derived = Derived(drafts[k], self.program.populations[k], tuple(parameters))
            self.derived[k] = derived
            for parameter, value in derived.start.items():
                key = f"{name}:{parameter}"
                self.values[key] = torch.nn.Parameter(torch.tensor(value, dtype=self.dtype))

    def normalise(self, projection: str, kind: str = "batch", **settings: Any) -> None:
        """Normalise what a projection brings, while training; see `layers.Layers.normalise`."""
        self.layers.normalise(projection, kind, **settings)

    def dropout(self, population: str, p: float = 0.5) -> None:
        """Drop neurons of a population at random, while training; see `layers.Layers.dropout`."""
        self.layers.dropout(population, p)

    def folded(self) -> Network:
        """The description with what was learned, normalisations made weights and biases."""
        return folded(self)

    def constrain(self) -> None:
        """Bring trained numbers back into the ranges they must not leave; every call does so."""
        with torch.no_grad():
            for k, derived in self.derived.items():
                for name in derived.names:
                    self.values[f"{self.names[k]}:{name}"].clamp_(*derived.bounds(name))
            for link in self.links:
                if link.positive and self.weights[link.name].requires_grad:
                    self.weights[link.name].clamp_(min=0.0)

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
        weights = {link.name: self._weights_of(link) for link in self.links}
        sent: list[Any] = [None] * len(self.names)
        out = Output()
        none: list[Any] = [None] * len(sent)
        counters = [c.copy() for c in begin.counters]
        after = State(begin.clock + steps, none.copy(), counters, none)
        work = _Work(self, program, steps, trials, fed, begin, after, weights, sent)
        for members in self.rounds:
            traces = work.loop(members) if self._feeds_back(members) else work.alone(members[0])
            for k, made in zip(members, traces):
                for q, place in enumerate(self._traced[k]):
                    name = f"{self.names[k]}.{program.populations[k].states[place]}"
                    out.traces[name] = made[q].reshape(steps, trials, -1)
        for k, name in enumerate(self.names):
            if sent[k] is not None:
                out.spikes[name] = sent[k].expand(steps, -1).reshape(steps, trials, -1)
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
            tensor = torch.as_tensor(value).to(self.dtype)
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

    def _weights_of(self, link: Link) -> Any:
        given = self.layers.weights(link.name, self.weights[link.name])
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
            states.append(torch.from_numpy(rows.reshape(len(p.states), -1)))
            counters.append(np.zeros(trials * p.size, np.int32))
        return State(0, states, counters, [None] * len(states))

    def extra_repr(self) -> str:
        """What is trained."""
        count = sum(p.numel() for p in self.parameters() if p.requires_grad)
        return f"{self.network!r}, dt={self.dt:g}, {count:,} trained numbers"


class _Work:
    """One call of `SpikingNetwork.forward`."""

    def __init__(
        self, module: SpikingNetwork, program: Program, steps: int, trials: int,
        fed: dict[str, Any], begin: State, after: State, weights: dict[str, Any], sent: list[Any],
    ) -> None:  # fmt: skip
        self.m, self.program, self.steps, self.trials = module, program, steps, trials
        self.fed, self.begin, self.after, self.weights, self.sent = fed, begin, after, weights, sent
        self.masks: dict[int, Any] = {}

    def alone(self, k: int) -> list[Any]:
        """A population that does not feed back, over all steps."""
        arrivals = [self._arriving(k, r, ()) for r in range(self._receptors(k))]
        member, initial, trained = self._member(k, [len(a) for a in arrivals])
        sent, traces, final = run_cell(member, self.steps, initial, trained, arrivals)
        self._keep(k, member, sent if sent.numel() else None, final)
        return [traces]

    def loop(self, members: tuple[int, ...]) -> list[Any]:
        """Populations that feed back on each other, step by step."""
        inner = [link for link in self.m.links if link.pre in members and link.post in members]
        arrivals = [
            [self._whole(self._arriving(k, r, members), k) for r in range(self._receptors(k))]
            for k in members
        ]
        made = [self._member(k, [self.steps] * len(a)) for k, a in zip(members, arrivals)]
        names = sorted({link.name for link in inner})
        loop = Loop(
            [m for m, _, _ in made],
            [
                Inner(members.index(link.pre), members.index(link.post), link.receptor, delay,
                      self._product(product), names.index(link.name))
                for link in inner for delay, product in link.parts
            ],
            self.steps,
            len(names),
            [self.begin.past[k] for k in members],
        )  # fmt: skip
        found = run_loop(
            loop, [self.weights[n] for n in names], [i for _, i, _ in made],
            [list(t) for _, _, t in made], arrivals,
        )  # fmt: skip
        for k, (member, _, _), (sent, _, final) in zip(members, made, found):
            self._keep(k, member, sent if sent.numel() else None, final)
        return [traces for _, traces, _ in found]

    def _product(self, product: Any) -> Any:
        """A product, exact where spikes must be the compiled engine's."""
        return Exact(product) if self.m.deterministic else product

    def remember(self) -> None:
        """What was sent in the last steps, as far back as delays reach."""
        for k in range(len(self.sent)):
            depth = max((d for lk in self.m.links if lk.pre == k for d, _ in lk.parts), default=0)
            if not depth or self.sent[k] is None:
                continue
            whole = self.sent[k].expand(self.steps, -1)
            old = self.begin.past[k]
            if old is None:
                old = whole.new_zeros((depth, whole.shape[1]))
            self.after.past[k] = torch.cat([old, whole])[-depth:]

    def _receptors(self, k: int) -> int:
        return len(self.program.populations[k].receptors) + (self._is_fed(k) is not None)

    def _is_fed(self, k: int) -> int | None:
        """The place of the injected current among the states, if it changes while running."""
        states = self.program.populations[k].states
        fed = any(f.population == k and f.receptor < 0 for f in self.m.feeds)
        return states.index(INJECTED) if fed else None

    def _keep(self, k: int, member: Member, sent: Any, final: Any) -> None:
        self.sent[k], self.after.states[k] = sent, final
        self.after.counters[k] = member.counters

    def _whole(self, arriving: Any, k: int) -> Any:
        return arriving if len(arriving) == self.steps else arriving.expand(self.steps, -1).clone()

    def _arriving(self, k: int, receptor: int, members: tuple[int, ...]) -> Any:
        """All that comes to a receptor from outside `members`: (steps or 1, lanes), our own."""
        n = self.program.populations[k].size
        real = len(self.program.populations[k].receptors)
        parts = [
            feed.arriving(self.fed, self.steps, self.trials, n, self.begin.clock, self.m.dtype)
            for feed in self.m.feeds
            if feed.population == k
            and (feed.receptor == receptor or (feed.receptor < 0 and receptor == real))
        ]
        for link in self.m.links:
            if link.post == k and link.receptor == receptor and link.pre not in members:
                parts += [self._through(link, delay, product) for delay, product in link.parts]
        parts = [p for p in parts if p is not None]
        if not parts:
            return torch.zeros((self.steps, self.trials * n), dtype=self.m.dtype)
        if all(len(p) == 1 for p in parts) and self.steps > 1:
            return sum(parts[1:], parts[0])
        total = sum(parts[1:], parts[0])
        return total if len(parts) > 1 else self._whole(total, k)

    def _through(self, link: Link, delay: int, product: Any) -> Any:
        spikes = self.m.layers.dropped(link.pre, self.sent[link.pre], self.masks)
        if spikes is None:
            return None
        spikes = self._late(spikes, link.pre, delay)
        rows, size = len(spikes), self.program.populations[link.pre].size
        flat = spikes.reshape(rows * self.trials, size)
        made = apply(self._product(product), flat, self.weights[link.name])
        return self.m.layers.normalised(link.name, made).reshape(rows, -1)

    def _late(self, spikes: Any, pre: int, delay: int) -> Any:
        """Spikes as they arrive `delay` steps later."""
        if not delay:
            return spikes
        whole, old = spikes.expand(self.steps, -1), self.begin.past[pre]
        if old is None:
            old = whole.new_zeros((delay, whole.shape[1]))
        return torch.cat([old[len(old) - delay :], whole])[: self.steps]

    def _member(self, k: int, rows: list[int]) -> tuple[Member, Any, tuple[Any, ...]]:
        m, p = self.m, self.program.populations[k]
        derived = m.derived.get(k)
        held = frozenset(r for r, n in enumerate(rows) if n == 1 != self.steps)
        initial = self.begin.states[k]
        trained: tuple[Any, ...] = ()
        wanted: tuple[int, ...] = ()
        varied = frozenset(i for i, v in enumerate(p.values) if np.ndim(v))
        if derived is not None:
            given = {n: m.values[f"{m.names[k]}:{n}"] for n in derived.names}
            made = derived.apply(given)
            wanted = derived.touched
            trained = made[: len(wanted)]
            varied |= {i for i, v in zip(wanted, trained) if v.ndim}
            if self.begin.clock == 0:
                initial = self._started(initial, derived.started, made[len(wanted) :], p.size)
        key = (k, held, varied)
        if key not in m._cells:
            m._cells[key] = Cell(
                p, m.surrogates[k], scale=m.scales[k], detach=m.detach_reset, wanted=wanted,
                rows=varied, traced=m._traced[k], dt=m.dt, dtype=m.dtype, fed=self._is_fed(k),
                held=held,
            )  # fmt: skip
        n_ref = 0 if p.n_ref is None else p.n_ref
        periods = np.tile(np.broadcast_to(n_ref, p.size).astype(np.int32), self.trials)
        member = Member(
            m._cells[key], self.begin.clock, self.trials, p.size, p.values, p.streams, periods,
            self.begin.counters[k].copy(),
        )  # fmt: skip
        return member, initial, trained

    def _started(self, initial: Any, places: tuple[int, ...], values: Any, size: int) -> Any:
        rows = list(initial.unbind(0))
        for place, value in zip(places, values):
            rows[place] = value.expand(size).repeat(self.trials)
        return torch.stack(rows)


def _differs_by_trial(program: Program) -> bool:
    """Whether anything random is drawn anew for each trial."""
    drawn = any(p.streams.shape[1] for p in program.populations)
    return drawn or any(np.ndim(v) == 2 for p in program.populations for v in p.initial)
