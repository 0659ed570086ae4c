"""One call of a trainable network: populations in turn, each with all that arrives."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..errors import UnknownNameError, ValidationError
from ..program.program import INJECTED, Program
from .applying import apply
from .cells import Cell
from .derived import key_of
from .homes import copied
from .links import Link
from .packed import Packed, Spikes, passed
from .passing import Inner, Loop, Member, run_cell, run_loop
from .products import Exact

if TYPE_CHECKING:
    from .module import SpikingNetwork

__all__ = ["Call", "Output", "State"]


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
    counters: list[Any]
    past: list[Any]

    def detach(self) -> State:
        """The same without its history: gradients end here (truncated back-propagation)."""
        return State(
            self.clock, [s.detach() for s in self.states], [copied(c) for c in self.counters],
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

    spikes: MutableMapping[str, Any] = field(default_factory=Spikes)
    traces: dict[str, Any] = field(default_factory=dict)
    state: State | None = None

    def __getitem__(self, name: str) -> Any:
        found = self.traces if name in self.traces else self.spikes
        if name not in found:
            raise UnknownNameError("Output", name, (*self.spikes, *self.traces))
        return found[name]


class Call:
    """One call of `SpikingNetwork.forward`."""

    def __init__(
        self, module: SpikingNetwork, program: Program, steps: int, trials: int,
        fed: dict[str, Any], begin: State, after: State, weights: dict[str, Any], sent: list[Any],
    ) -> None:  # fmt: skip
        self.m, self.program, self.steps, self.trials = module, program, steps, trials
        self.fed, self.begin, self.after, self.weights, self.sent = fed, begin, after, weights, sent
        self.masks: dict[int, Any] = {}
        self.passed: set[int] = set()

    def alone(self, k: int) -> list[Any]:
        """A population that does not feed back, over all steps."""
        fixed = self._is_fixed(k)
        arrivals = [self._arriving(k, r, (), not fixed) for r in range(self._receptors(k))]
        if f"p{k}" in self.m.parallels:
            return [self._over_time(k, self._whole(arrivals[0], k))]
        rows = [len(a) for a in arrivals]
        member, initial, trained = self._member(k, rows, self._packs(k), fixed)
        sent, traces, final = run_cell(member, self.steps, initial, trained, arrivals)
        if fixed and len(arrivals) == 1 and passed(sent, arrivals[0]):
            sent = arrivals[0]
            self.passed.add(k)
        self._keep(k, member, sent if isinstance(sent, Packed) or sent.numel() else None, final)
        return [traces]

    def _over_time(self, k: int, arrived: Any) -> Any:
        """Parallel neurons, all steps at once; the traces of their last inputs."""
        over_time: Any = self.m.parallels[f"p{k}"]
        if self.begin.clock:
            raise ValidationError(over_time.where, "goes on from a state", "a whole run at once",
                                  "no state, truncate or checkpoint")  # fmt: skip
        weights, thresholds = (
            self.m.values[key_of(self.m.names[k], name)] for name in ("over_time", "thresholds")
        )
        self.sent[k] = over_time.fire(weights, thresholds, arrived, self.m.deterministic)
        ago = [int(name[1:] or 0) for name in self.program.populations[k].states]
        nothing, count = torch.zeros_like(arrived[0]), len(arrived)
        last = [arrived[count - 1 - d] if d < count else nothing for d in ago]
        self.after.states[k], self.after.counters[k] = torch.stack(last), self.begin.counters[k]
        kept = [
            torch.nn.functional.pad(arrived, (0, 0, ago[place], 0))[:count]
            for place in self.m._traced[k]
        ]
        return torch.stack(kept) if kept else arrived.new_zeros((0, *arrived.shape))

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

    def _is_fixed(self, k: int) -> bool:
        """Whether a population depends on nothing that could ask for gradients."""
        feeds = [self.fed[f.name] for f in self.m.feeds if f.population == k and f.name in self.fed]
        if self.m.device.type != "cpu":
            return False
        learned = any(x.requires_grad for x in (*feeds, self.begin.states[k]))
        linked = any(link.post == k for link in self.m.links)
        return not learned and not linked and k not in self.m.derived

    def _packs(self, k: int) -> bool:
        """Whether spikes of a population are kept as bytes: where all that see them read bytes."""
        m, links = self.m, [link for link in self.m.links if link.pre == k]
        code = self.program.populations[k].code
        if m.device.type != "cpu":
            return False
        if not links or m.deterministic or k in m.layers.rates or code.emit is not None:
            return False
        parts = [part for link in links for part in link.parts]
        learned: Any = m.delays
        inner = any(link.post in r and k in r for link in links for r in m.rounds)
        late = any(delay for delay, _ in parts) or any(link.name in learned for link in links)
        return not inner and not late and all(product.reads_bytes for _, product in parts)

    def _product(self, product: Any) -> Any:
        """A product, exact where spikes must be the compiled engine's."""
        return Exact(product) if self.m.deterministic else product

    def remember(self) -> None:
        """What was sent in the last steps, as far back as delays reach."""
        for k in range(len(self.sent)):
            mine = [link for link in self.m.links if link.pre == k]
            reach = [d for link in mine for d, _ in link.parts]
            learned: Any = self.m.delays
            reach += [learned[n.name].longest for n in mine if n.name in learned]
            depth = max(reach, default=0)
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

    def _arriving(self, k: int, receptor: int, members: tuple[int, ...], own: bool = True) -> Any:
        """All that comes to a receptor from outside `members`: (steps or 1, lanes)."""
        n = self.program.populations[k].size
        real, place = len(self.program.populations[k].receptors), self.m.device
        parts = [
            feed.arriving(
                self.fed, self.steps, self.trials, n, self.begin.clock, self.m.dtype, own, place
            )
            for feed in self.m.feeds
            if feed.population == k
            and (feed.receptor == receptor or (feed.receptor < 0 and receptor == real))
        ]
        for link in self.m.links:
            if link.post == k and link.receptor == receptor and link.pre not in members:
                if link.name in self.m.delays:
                    parts += self._learned_late(link)
                    continue
                parts += [self._through(link, delay, product) for delay, product in link.parts]
        parts = [p for p in parts if p is not None]
        if not parts:
            return torch.zeros(
                (self.steps, self.trials * n), dtype=self.m.dtype, device=self.m.device
            )
        if all(len(p) == 1 for p in parts) and self.steps > 1:
            return sum(parts[1:], parts[0])
        total = sum(parts[1:], parts[0])
        return total if len(parts) > 1 else self._whole(total, k)

    def _through(self, link: Link, delay: int, product: Any) -> Any:
        spikes = self.m.layers.dropped(link.pre, self.sent[link.pre], self.masks)
        if spikes is None:
            return None
        spikes = self._late(spikes, link.pre, delay)
        size = self.program.populations[link.pre].size
        rows = self.steps if isinstance(spikes, Packed) else len(spikes)
        flat = spikes.reshape(rows * self.trials, size)
        made = apply(self._product(product), flat, self.weights[link.name])
        return self.m.layers.normalised(link.name, made).reshape(rows, -1)

    def _learned_late(self, link: Link) -> list[Any]:
        """What comes through a projection whose delays learn."""
        spikes = self.m.layers.dropped(link.pre, self.sent[link.pre], self.masks)
        if spikes is None:
            return []
        size = self.program.populations[link.pre].size

        def through(product: Any, late: Any, weights: Any) -> Any:
            flat = late.reshape(len(late) * self.trials, size)
            return apply(self._product(product), flat, weights).reshape(len(late), -1)

        delays: Any = self.m.delays[link.name]
        return delays.arriving(
            lambda d: self._late(spikes, link.pre, d), self.weights[link.name], through
        )

    def _late(self, spikes: Any, pre: int, delay: int) -> Any:
        """Spikes as they arrive `delay` steps later."""
        if not delay:
            return spikes
        whole, old = spikes.expand(self.steps, -1), self.begin.past[pre]
        if old is None:
            old = whole.new_zeros((delay, whole.shape[1]))
        return torch.cat([old[len(old) - delay :], whole])[: self.steps]

    def _member(
        self, k: int, rows: list[int], packed: bool = False, fixed: bool = False
    ) -> tuple[Member, Any, tuple[Any, ...]]:
        m, p = self.m, self.program.populations[k]
        derived = m.derived.get(k)
        held = frozenset(r for r, n in enumerate(rows) if n == 1 != self.steps)
        initial = self.begin.states[k]
        trained: tuple[Any, ...] = ()
        wanted: tuple[int, ...] = ()
        varied = frozenset(i for i, v in enumerate(p.values) if np.ndim(v))
        if derived is not None:
            given = {n: m.values[key_of(m.names[k], n)] for n in derived.names}
            made = derived.apply(given)
            wanted = derived.touched
            trained = made[: len(wanted)]
            varied |= {i for i, v in zip(wanted, trained) if v.ndim}
            if self.begin.clock == 0:
                initial = self._started(initial, derived.started, made[len(wanted) :], p.size)
        home, packed = m.home, packed and p.code.spike is not None
        key = (k, held, varied, packed, fixed, home.kernels, home.device)
        if key not in m._cells:
            m._cells[key] = Cell(
                p, m.surrogates[k], scale=m.scales[k], detach=m.detach_reset, wanted=wanted,
                rows=varied, traced=m._traced[k], dt=m.dt, dtype=m.dtype, fed=self._is_fed(k),
                held=held, home=home, packed=packed, forward_only=fixed,
            )  # fmt: skip
        n_ref = 0 if p.n_ref is None else p.n_ref
        periods = np.tile(np.broadcast_to(n_ref, p.size).astype(np.int32), self.trials)
        member = Member(
            m._cells[key], self.begin.clock, self.trials, p.size, p.values, p.streams, periods,
            home.copy(self.begin.counters[k]), home,
        )  # fmt: skip
        return member, initial, trained

    def _started(self, initial: Any, places: tuple[int, ...], values: Any, size: int) -> Any:
        rows = list(initial.unbind(0))
        for place, value in zip(places, values):
            rows[place] = value.expand(size).repeat(self.trials)
        return torch.stack(rows)
