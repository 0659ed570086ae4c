"""Spikes of hidden populations as bytes, a quarter of what numbers take.

Only projections see most of them; these know how to read bytes. Who asks for a population's spikes
gets numbers, made then. Gradients flow along a tensor of the right shape that has no memory.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import torch

from ..numerics.compiling import njit
from .products import Product
from .threads import shared

__all__ = ["Owed", "Packed", "Passed", "Spikes", "owe", "passed", "task"]


def task() -> int:
    """Which backward pass this is."""
    return int(torch._C._current_graph_task_id())  # type: ignore[attr-defined]


def owe(packed: Packed, product: Product, grad: Any, weights: Any) -> Any:
    """Leave a gradient of spikes for later; what stands for it, 0 without memory."""
    packed.owed.append(Owed(task(), product, grad, weights))
    return grad.new_zeros(()).expand(packed.handle.shape)


@dataclass(frozen=True)
class Owed:
    """A gradient of spikes that a product would make, as large as they would be as numbers.

    It is made step by step when its population goes back, if that is in the same backward pass.
    """

    task: int
    product: Product
    grad: Any
    weights: Any

    def of(self, first: int, last: int) -> Any:
        """That of some rows."""
        return self.product.back(self.grad[first:last], self.weights)


@dataclass
class Packed:
    """What a population sent, 0 or 1.

    Attributes
    ----------
    handle
        (steps, lanes), without values; gradients of the spikes belong to it.
    bytes
        uint8, of the same shape.
    owed
        Gradients that are still to be computed: see `Owed`.
    """

    handle: Any
    bytes: Any
    owed: list[Owed] = field(default_factory=list)

    def numbers(self) -> Any:
        """As numbers, under autograd."""
        return _Unpacked.apply(self.handle, self.bytes)

    def reshape(self, *shape: int) -> Packed:
        """The same in another shape."""
        return Packed(self.handle.reshape(shape), self.bytes.reshape(shape), self.owed)


@dataclass
class Passed:
    """What a population sent, and was given, by a tensor that may be the caller's."""

    given: Any

    def numbers(self) -> Any:
        """A copy."""
        return self.given.clone()

    def reshape(self, *shape: int) -> Passed:
        """The same in another shape."""
        return Passed(self.given.reshape(shape))


class _Unpacked(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, handle: Any, given: Any) -> Any:
        return given.to(handle.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return grads[0], None


class Spikes(MutableMapping[str, Any]):
    """Spikes by population, unpacked when first looked at."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        found = self._made[name]
        if isinstance(found, Packed | Passed):
            found = self._made[name] = found.numbers()
        return found

    def __setitem__(self, name: str, value: Any) -> None:
        self._made[name] = value

    def __delitem__(self, name: str) -> None:
        del self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)

    def __contains__(self, name: object) -> bool:
        return name in self._made

    def __repr__(self) -> str:
        return repr(dict(self))


def passed(sent: Any, given: Any) -> bool:
    """Whether what was sent is what was given, so that one of them is enough."""
    if isinstance(sent, Packed) or sent.shape != given.shape or not sent.numel():
        return False
    a, b, differs = sent.numpy(), given.numpy(), []

    def work(low: int, high: int) -> None:
        if _differ(a, b, low, high):
            differs.append(low)

    shared(work, len(a), a.size)
    return not differs


@njit(cache=True, nogil=True, error_model="numpy")
def _differ(a, b, low, high):  # type: ignore[no-untyped-def]
    for r in range(low, high):
        found = 0
        x, y = a[r], b[r]
        for j in range(x.shape[0]):
            found += 1 if x[j] != y[j] else 0
        if found:
            return True
    return False
