"""A trained network as a short list of operations, whatever it was written in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import ValidationError

__all__ = ["KINDS", "Graph", "Node", "as_image"]

#: What a node may be, and its settings. Sides are pairs (height, width).
KINDS = {
    "input": (),
    "linear": ("weight", "bias"),
    "convolution": ("weight", "bias", "stride", "padding", "dilation", "groups"),
    "average": ("window", "stride", "padding", "divide_by_all"),
    "greatest": ("window", "stride", "padding"),
    "affine": ("gain", "bias"),
    "rectify": ("cap", "levels", "scale"),
    "add": (),
    "join": ("axis",),
    "reshape": (),
    "softmax": ("log",),
}


@dataclass(frozen=True, eq=False)
class Node:
    """One operation.

    Attributes
    ----------
    name
        As the model calls it.
    kind
        One of `KINDS`.
    inputs
        Names of the nodes it reads.
    shape
        Of its result, without the batch.
    settings
        Numbers and NumPy arrays, float64. Of ``"rectify"``: `cap`, the greatest result or None;
        `levels` and `scale` where it is quantised (QCFS), else None.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    shape: tuple[int, ...]
    settings: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.settings[name]


class Graph:
    """Nodes in the order in which they are computed; the last of the list is not always the output.

    Parameters
    ----------
    nodes
        In order: a node reads only those before it.
    output
        Name of the node that is the result.
    notes
        What was left out on the way, and why.
    """

    def __init__(self, nodes: Iterable[Node], output: str, notes: Iterable[str] = ()) -> None:
        self.nodes = {n.name: n for n in nodes}
        self.output = output
        self.notes = tuple(notes)
        self.nodes = {n: self.nodes[n] for n in self._order()}
        inputs = [n for n in self.nodes.values() if n.kind == "input"]
        if len(inputs) != 1:
            raise ValidationError(
                "convert, model", f"{len(inputs)} inputs reach the output", "one input"
            )
        self.input = inputs[0]

    def _order(self) -> list[str]:
        """What the output depends on, each node after those that it reads."""
        done: dict[str, None] = {}
        stack = [(self.output, False)]
        while stack:
            name, ready = stack.pop()
            if name in done:
                continue
            if ready:
                done[name] = None
                continue
            stack.append((name, True))
            stack += [(i, False) for i in reversed(self.nodes[name].inputs)]
        return list(done)

    def __getitem__(self, name: str) -> Node:
        return self.nodes[name]

    def readers(self, name: str) -> list[Node]:
        """The nodes that read one."""
        return [n for n in self.nodes.values() if name in n.inputs]

    @property
    def rectifiers(self) -> list[Node]:
        """The nodes that become spiking neurons, in order."""
        return [n for n in self.nodes.values() if n.kind == "rectify"]

    def changed(self, *nodes: Node, without: dict[str, str] | None = None) -> Graph:
        """With nodes replaced, and with those of `without` read by another name instead."""
        taken = without or {}
        made = {n.name: n for n in self.nodes.values()} | {n.name: n for n in nodes}
        kept = [
            replace(n, inputs=tuple(taken.get(i, i) for i in n.inputs))
            for n in made.values()
            if n.name not in taken
        ]
        return Graph(kept, taken.get(self.output, self.output), self.notes)


def as_image(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """A shape as (channels, height, width): lines of one dimension have height 1.

    Raises
    ------
    ValidationError
        If it has more than three dimensions.
    """
    if len(shape) > 3:
        raise ValidationError("convert", f"shape {shape}", "at most (channels, height, width)")
    if len(shape) == 3:
        return shape  # type: ignore[return-value]
    return (shape[0], 1, shape[1] if len(shape) == 2 else 1)
