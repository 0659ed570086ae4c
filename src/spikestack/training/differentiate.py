"""From one step of a population to the step of its gradient, both as three-address code.

Forward, a step takes old states and arrivals to new states and the value sent (0 without a spike).
Backward, it takes gradients of the new states and of the value sent to those of the old states,
arrivals and parameters. In between, the forward step leaves behind the smallest set of values from
which the backward step can compute again all it needs: of a LIF neuron one number, its potential
before the reset.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import EngineError
from ..program.tac import BOOLEAN_OPS, ROUNDED, Builder, Code, Instruction
from .cut import cheapest_cut
from .simplify import always_sent
from .surrogates import Surrogate

__all__ = ["Step", "differentiate"]

_Made = tuple[list[int | None], list[int | None], dict[int, int | None]]

#: Loads that the backward step has at hand, too.
_AT_HAND = ("const", "param", "time", "uniform", "common")
_LOST = ("state", "arrivals", "refractory")


@dataclass(frozen=True)
class Step:
    """A step and its gradient.

    Attributes
    ----------
    forward
        Instructions; `stores` are the positions of new states, `spike` that of the condition, and
        `out` that of the value sent (None: nothing is ever sent).
    saved
        Positions in `forward` of what is kept for the backward step.
    backward
        Instructions; besides those of `forward` there are the loads ``saved``, ``grad_state`` (of
        a new state) and ``grad_out``.
    states, arrivals, params
        Positions in `backward` of gradients, by state, by receptor, and by parameter asked for;
        None where they are always 0.
    """

    forward: tuple[Instruction, ...]
    stores: tuple[int, ...]
    spike: int | None
    out: int | None
    saved: tuple[int, ...]
    backward: tuple[Instruction, ...]
    states: tuple[int | None, ...]
    arrivals: tuple[int | None, ...]
    params: dict[int, int | None]

    def is_boolean(self, position: int) -> bool:
        """Whether a value of the forward step is true or false."""
        return self.forward[position].op in BOOLEAN_OPS


def differentiate(
    code: Code,
    receptors: int,
    surrogate: Surrogate,
    *,
    scale: float = 1.0,
    detach: bool = True,
    wanted: Iterable[int] = (),
    precision: str = "float32",
) -> Step:
    """Derive the gradient of a step.

    Parameters
    ----------
    code
        The step.
    receptors
        How many there are.
    surrogate, scale
        Derivative of a spike, and what counts as 1 of its argument.
    detach
        Whether the reset counts as given, rather than as something the spike does.
    wanted
        Parameters whose gradients are asked for.
    precision
        Of generated constants.
    """
    adjoint = _Adjoint(code, surrogate, scale, detach, precision)
    states, arrivals, params = adjoint.run(receptors, tuple(wanted))
    outputs = [p for p in (*states, *arrivals, *params.values()) if p is not None]
    made, n = adjoint.builder.instructions, adjoint.size
    live = _reached(made, outputs, frozenset())
    behind = {a for i in live if i >= n for a in made[i].args if a < n}
    needed = behind | {p for p in outputs if p < n}
    forward = tuple(made[:n])
    saved = _kept(forward, needed)
    order = sorted(_reached(made, outputs, frozenset(saved)))
    place = {old: k for k, old in enumerate(order)}
    backward = tuple(
        Instruction("saved", (), saved.index(i))
        if i in saved
        else Instruction(made[i].op, tuple(place[a] for a in made[i].args), made[i].data)
        for i in order
    )
    at = lambda p: None if p is None else place[p]  # noqa: E731
    return Step(
        forward,
        code.stores,
        code.spike,
        adjoint.out,
        tuple(saved),
        backward,
        tuple(map(at, states)),
        tuple(map(at, arrivals)),
        {k: at(p) for k, p in params.items()},
    )


def _reached(made: list[Instruction], outputs: list[int], stops: frozenset[int]) -> set[int]:
    """What outputs are computed from, themselves included, not looking behind `stops`."""
    found = set(outputs)
    for i in range(len(made) - 1, -1, -1):
        if i in found and i not in stops:
            found |= set(made[i].args)
    return found


def _kept(forward: tuple[Instruction, ...], needed: set[int]) -> list[int]:
    lost = [i for i, ins in enumerate(forward) if ins.op in _LOST]
    cost = {
        i: 1 if ins.op in BOOLEAN_OPS else 4 if ins.op not in _AT_HAND else 1 << 30
        for i, ins in enumerate(forward)
    }
    return cheapest_cut([ins.args for ins in forward], lost, needed, cost)


class _Adjoint:
    """Reverse accumulation: from the last instruction to the first."""

    def __init__(
        self, code: Code, surrogate: Surrogate, scale: float, detach: bool, precision: str
    ) -> None:
        self.code, self.surrogate, self.scale, self.detach = code, surrogate, scale, detach
        self.builder = Builder(precision, {}, {})
        for ins in code.instructions:
            self.builder.instructions.append(ins)
            self.builder._seen.setdefault(ins, len(self.builder.instructions) - 1)
        self.out = self._sent()
        self.size = len(self.builder.instructions)
        self.cone = self._spike_cone()
        self.sums: dict[int, int] = {}
        self.through = True

    def _sent(self) -> int | None:
        if self.code.spike is None:
            return None
        if always_sent(self.code):
            return self.code.emit
        value = self.builder.const(1.0) if self.code.emit is None else self.code.emit
        return self.builder.select(self.code.spike, value, self.builder.const(0.0))

    def _spike_cone(self) -> frozenset[int]:
        """Conditions that a spike depends on by itself: what "and", "or" and "not" join."""
        found, todo = set(), [] if self.code.spike is None else [self.code.spike]
        while todo:
            i = todo.pop()
            found.add(i)
            if self.builder.instructions[i].op in ("and", "or", "not"):
                todo += self.builder.instructions[i].args
        return frozenset(found)

    def run(self, receptors: int, wanted: tuple[int, ...]) -> _Made:
        """Gradients of states, arrivals and parameters."""
        made: _Made = [None] * len(self.code.stores), [None] * receptors, dict.fromkeys(wanted)
        kept, sent = list(enumerate(self.code.stores)), [] if self.out is None else [self.out]
        # Where what is sent is rounded and the reset counts as given, gradients pass the rounding
        # on their way from what was sent, and not on that from the reset.
        rounds = any(ins.op == "floor" and ins.data is None for ins in self.code.instructions)
        if self.detach and rounds:
            self._sweep([], sent, True, made)
            self._sweep(kept, [], False, made)
        else:
            self._sweep(kept, sent, True, made)
        return made

    def _sweep(
        self, kept: list[tuple[int, int]], sent: list[int], through: bool, made: _Made
    ) -> None:
        """Add what comes from new states and from what is sent to gradients."""
        put = self.builder.put
        self.sums, self.through = {}, through
        for k, store in kept:
            self.add(store, put("grad_state", data=k))
        for out in sent:
            self.add(out, put("grad_out"))
        states, arrivals, params = made

        def plus(old: int | None, d: int) -> int:
            return d if old is None else put("add", old, d)

        for i in range(self.size - 1, -1, -1):
            d = self.sums.get(i)
            if d is None:
                continue
            ins = self.builder.instructions[i]
            if ins.op == "state":
                states[int(ins.data or 0)] = plus(states[int(ins.data or 0)], d)
            elif ins.op == "arrivals":
                arrivals[int(ins.data or 0)] = plus(arrivals[int(ins.data or 0)], d)
            elif ins.op == "param" and ins.data in params:
                params[int(ins.data)] = plus(params[int(ins.data)], d)
            elif ins.args:
                self._pass_on(i, ins, d)

    def add(self, i: int, d: int | None) -> None:
        """Add to the gradient of a value."""
        if d is not None and not self._depends_on_nothing(i):
            self.sums[i] = self.builder.put("add", self.sums[i], d) if i in self.sums else d

    def _depends_on_nothing(self, i: int) -> bool:
        return self.builder.instructions[i].op in ("const", "time", "uniform", "common")

    def _times(self, a: int, b: int) -> int:
        for one, other in ((a, b), (b, a)):
            if self._is(one, 1.0):
                return other
        return self.builder.put("mul", a, b)

    def _is(self, i: int, value: float) -> bool:
        ins = self.builder.instructions[i]
        return ins.op == "const" and ins.data == value

    def _pass_on(self, i: int, ins: Instruction, d: int) -> None:
        rule = getattr(self, f"_{ins.op}", None)
        if rule is None:
            raise EngineError(f"no derivative of {ins.op!r}")
        rule(i, ins, d)

    def _add(self, i: int, ins: Instruction, d: int) -> None:
        for a in ins.args:
            self.add(a, d)

    def _sub(self, i: int, ins: Instruction, d: int) -> None:
        self.add(ins.args[0], d)
        self.add(ins.args[1], self.builder.put("neg", d))

    def _mul(self, i: int, ins: Instruction, d: int) -> None:
        a, b = ins.args
        for one, other in ((a, b), (b, a)):
            if not self._depends_on_nothing(one):
                self.add(one, self._times(d, other))

    def _div(self, i: int, ins: Instruction, d: int) -> None:
        a, b = ins.args
        part = self.builder.put("div", d, b)
        self.add(a, part)
        if not self._depends_on_nothing(b):
            self.add(b, self.builder.put("neg", self.builder.put("mul", part, i)))

    def _neg(self, i: int, ins: Instruction, d: int) -> None:
        self.add(ins.args[0], self.builder.put("neg", d))

    def _abs(self, i: int, ins: Instruction, d: int) -> None:
        below = self.builder.put("lt", ins.args[0], self.builder.const(0.0))
        self.add(ins.args[0], self.builder.select(below, self.builder.put("neg", d), d))

    def _sqrt(self, i: int, ins: Instruction, d: int) -> None:
        half = self.builder.put("mul", d, self.builder.const(0.5))
        self.add(ins.args[0], self.builder.put("div", half, i))

    def _floor(self, i: int, ins: Instruction, d: int) -> None:
        """Straight through where a model rounds; 0 where code only sorts cases by it."""
        if ins.data == ROUNDED or (ins.data is None and self.through):
            self.add(ins.args[0], d)

    def _exp(self, i: int, ins: Instruction, d: int) -> None:
        self.add(ins.args[0], self.builder.put("mul", d, i))

    def _log(self, i: int, ins: Instruction, d: int) -> None:
        self.add(ins.args[0], self.builder.put("div", d, ins.args[0]))

    def _select(self, i: int, ins: Instruction, d: int) -> None:
        condition, yes, no = ins.args
        if ins.data is not None:
            # A flush of denormals: as good as nothing.
            self.add(no, d)
            return
        zero = self.builder.const(0.0)
        if not self._depends_on_nothing(yes):
            self.add(yes, self.builder.select(condition, d, zero))
        if not self._depends_on_nothing(no):
            self.add(no, self.builder.select(condition, zero, d))
        if condition in self.cone and (i == self.out or not self.detach):
            apart = yes if self._is(no, 0.0) else self.builder.put("sub", yes, no)
            self.add(condition, self._times(d, apart))

    def _and(self, i: int, ins: Instruction, d: int) -> None:
        a, b = ins.args
        zero = self.builder.const(0.0)
        for one, other in ((a, b), (b, a)):
            if self._has_slope(one):
                self.add(one, self.builder.select(other, d, zero))

    def _or(self, i: int, ins: Instruction, d: int) -> None:
        a, b = ins.args
        zero = self.builder.const(0.0)
        for one, other in ((a, b), (b, a)):
            if self._has_slope(one):
                self.add(one, self.builder.select(other, zero, d))

    def _not(self, i: int, ins: Instruction, d: int) -> None:
        if self._has_slope(ins.args[0]):
            self.add(ins.args[0], self.builder.put("neg", d))

    def _has_slope(self, i: int) -> bool:
        """Whether a condition compares anything."""
        ins = self.builder.instructions[i]
        return ins.op in ("lt", "le", "gt", "ge") or any(map(self._has_slope, ins.args))

    def _compare(self, upper: int, lower: int, d: int) -> None:
        """A spike where `upper` is above `lower`."""
        b = self.builder
        z, inverse = b.put("sub", upper, lower), b.const(1.0 / self.scale)
        slope = self.surrogate.append(b, self._times(z, inverse))
        total = self._times(d, self._times(slope, inverse))
        self.add(upper, total)
        if not self._depends_on_nothing(lower):
            self.add(lower, b.put("neg", total))

    def _ge(self, i: int, ins: Instruction, d: int) -> None:
        self._compare(ins.args[0], ins.args[1], d)

    def _le(self, i: int, ins: Instruction, d: int) -> None:
        self._compare(ins.args[1], ins.args[0], d)

    _gt, _lt = _ge, _le

    def _eq(self, i: int, ins: Instruction, d: int) -> None:
        """Neither side is above the other."""

    _ne = _eq
