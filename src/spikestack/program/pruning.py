"""Code without the instructions that nothing uses."""

from __future__ import annotations

from .tac import Builder, Code

__all__ = ["pruned"]


def pruned(
    builder: Builder,
    stores: tuple[int, ...],
    spike: int | None,
    emit: int | None,
    params: tuple[str, ...],
    draws: tuple[str, ...],
) -> tuple[Code, list[str], list[str]]:
    """Drop instructions that nothing uses, and number the parameters and draws that are left."""
    needed = {i for i in (*stores, spike, emit) if i is not None}
    for i in reversed(range(len(builder.instructions))):
        if i in needed:
            needed |= set(builder.instructions[i].args)
    place, kept, used, drawn = {}, [], [], []
    for i in sorted(needed):
        ins = builder.instructions[i]
        data = ins.data
        if ins.op == "param":
            assert isinstance(data, int)
            used.append(params[data])
            data = len(used) - 1
        elif ins.op in ("uniform", "common"):
            assert isinstance(data, int)
            drawn.append(draws[data])
            data = len(drawn) - 1
        place[i] = len(kept)
        kept.append(type(ins)(ins.op, tuple(place[a] for a in ins.args), data))
    code = Code(
        tuple(kept),
        tuple(place[s] for s in stores),
        None if spike is None else place[spike],
        None if emit is None else place[emit],
    )
    return code, used, drawn
