"""Code without a refractory period of no steps; code that is given a state at every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..program.tac import Builder, Code, Instruction

__all__ = ["always_sent", "fed_state", "never_refractory"]

#: Stand for positions of conditions that are always false, always true.
_NO, _YES = -1, -2


def never_refractory(code: Code, precision: str) -> Code:
    """The same step for neurons whose refractory counter never runs."""
    builder = Builder(precision, {}, {})
    place: list[int] = []
    for ins in code.instructions:
        args = tuple(place[a] for a in ins.args)
        if ins.op == "refractory":
            place.append(_NO)
        elif min(args, default=0) >= 0:
            place.append(builder.put(ins.op, *args, data=ins.data))
        else:
            place.append(_without(builder, ins.op, args, ins.data))
    spike = None if code.spike is None else place[code.spike]
    if spike is not None and spike < 0:
        spike = None
    emit = None if code.emit is None else place[code.emit]
    return Code(tuple(builder.instructions), tuple(place[s] for s in code.stores), spike, emit)


def _without(builder: Builder, op: str, args: tuple[int, ...], data: float | int | None) -> int:
    """What an operation comes to, some of whose arguments are known to be false or true."""
    if op == "not":
        return _YES if args[0] == _NO else _NO
    if op in ("and", "or"):
        known, other = (_NO, _YES) if op == "and" else (_YES, _NO)
        if known in args:
            return known
        rest = [a for a in args if a != other]
        return rest[0] if rest else other
    assert op == "select" and args[0] < 0, op
    return args[1] if args[0] == _YES else args[2]


def fed_state(code: Code, state: int, receptor: int) -> Code:
    """The same step, with what arrives at one more receptor in place of a state."""
    taken = Instruction("state", (), state)
    given = Instruction("arrivals", (), receptor)
    return replace(
        code, instructions=tuple(given if ins == taken else ins for ins in code.instructions)
    )


def always_sent(code: Code) -> bool:
    """Whether a spike happens where its value is not 0: then what is sent is the value itself.

    What is not sent counts as 0, so the two are the same, and the value's gradient is exact.
    """
    if code.spike is None or code.emit is None:
        return False
    made = code.instructions
    spike = made[code.spike]
    if spike.op != "ne" or spike.args[0] != _unlimited(made, code.emit, spike.args[0]):
        return False
    other = made[spike.args[1]]
    return other.op == "const" and other.data == 0


def _unlimited(made: Sequence[Instruction], i: int, wanted: int) -> int:
    """A value before it was kept within bounds, looking no further back than `wanted`."""
    while made[i].op == "select" and i != wanted:
        condition, bound, inner = made[i].args
        test = made[condition]
        if test.op not in ("lt", "gt") or set(test.args) != {bound, inner}:
            break
        i = inner
    return i
