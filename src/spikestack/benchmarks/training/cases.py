"""What is measured: networks, their sizes, and what is compared within one process."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["CASES", "Case"]


@dataclass(frozen=True)
class Case:
    """A network to be trained.

    Attributes
    ----------
    about
        One line.
    shape, quick
        ``steps``, ``batch``, and ``neurons`` or the ``side`` of an image; for a first look, less.
    beside
        What takes turns with us in the same process: ``"products"``, the matrix products of
        forward and backward alone, by the product that we use; ``"products, torch.matmul"``, the
        same by PyTorch's own; ``"PyTorch loop"``, the same equations as a plain loop;
        ``"PyTorch loop, product hoisted"``, the same with one product for all steps.
    peers
        Whether other libraries have such a network.
    """

    about: str
    shape: dict[str, int]
    quick: dict[str, int]
    beside: tuple[str, ...] = ()
    peers: bool = field(default=True)


_DENSE = {"neurons": 512, "steps": 500, "batch": 16}
_SMALL = {"neurons": 64, "steps": 40, "batch": 4}

_PRODUCTS = ("products", "products, torch.matmul")
_LOOPS = ("PyTorch loop", "PyTorch loop, product hoisted")

CASES = {
    "dense": Case("512 to 512 leaky neurons", _DENSE, _SMALL, _PRODUCTS),
    "wide": Case(
        "4,096 to 4,096 leaky neurons", {"neurons": 4096, "steps": 50, "batch": 8},
        {"neurons": 256, "steps": 10, "batch": 4}, _PRODUCTS,
    ),
    "conv": Case(
        "2 x 32 x 32 events at 5 %: conv16, LIF, pool, conv32, LIF, pool, 10",
        {"side": 32, "steps": 25, "batch": 16}, {"side": 8, "steps": 5, "batch": 2},
    ),
    "adaptive": Case(
        "512 to 512 adaptive leaky neurons", _DENSE, _SMALL, _LOOPS, peers=False
    ),
    "izhikevich": Case(
        "512 to 512 neurons of Izhikevich's equations, written by a user", _DENSE, _SMALL,
        _LOOPS, peers=False,
    ),
}  # fmt: skip
