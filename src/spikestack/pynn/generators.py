"""The random numbers of the simulator itself, for PyNN's distributions and connectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyNN import random

from ..errors import UnknownNameError, ValidationError, shorten
from ..numerics.random import stream_key
from ..program.edge_values import draw_array
from ..units import parse_unit
from ..values import Distribution, LogNormal, Normal, Uniform
from . import simulator

__all__ = ["NativeRNG"]

_KNOWN = (
    *("uniform", "uniform_int", "normal", "normal_clipped", "normal_clipped_to_boundary"),
    *("lognormal", "exponential"),
)


class NativeRNG(random.NativeRNG):  # type: ignore[misc]
    """Counter-based numbers, as those of networks: they depend on the seed and on nothing else.

    Distributions are our `Uniform`, `Normal` and `LogNormal`; ``exponential`` and ``uniform_int``
    follow from uniform numbers. The k-th call draws from the k-th stream of the seed.

    Parameters
    ----------
    seed
        A whole number; by default it follows from ``rng_seed`` of ``setup()`` and from how many
        generators were made before.
    """

    #: There is one process, which draws all.
    parallel_safe = True

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(seed)
        state = simulator.state
        state.generators += 1
        own = f"{state.rng_seed}, generator {state.generators}"
        self._name = own if seed is None else f"seed {seed}"
        self._calls = 0

    def next(
        self,
        n: int | None = None,
        distribution: str | None = None,
        parameters: dict[str, float] | None = None,
        mask: np.ndarray | None = None,
    ) -> Any:
        """Numbers of a distribution of PyNN's; a float without `n`, else an array.

        Raises
        ------
        UnknownNameError
            For distributions that are not available here.
        ValidationError
            If `n` is negative, or parameters define no distribution.
        """
        if n is not None and n < 0:
            raise ValidationError("NativeRNG.next, n", f"got {n}", ">= 0")
        name = "uniform" if distribution is None else distribution
        given = {"low": 0.0, "high": 1.0} if parameters is None else parameters
        if name not in _KNOWN:
            raise UnknownNameError("NativeRNG, distribution", name, _KNOWN)
        wanted = random.available_distributions[name]
        if set(given) != set(wanted):
            raise ValidationError(f"NativeRNG, {name}", f"got {shorten(given)}", f"{wanted}")
        drawn = self._drawn(name, 1 if n is None else n, given)
        if mask is not None:
            drawn = drawn[mask]
        return drawn[0] if n is None else drawn

    def permutation(self, x: Any) -> np.ndarray:
        """The elements of an array, or the numbers below a whole one, in random order."""
        items = np.arange(x) if isinstance(x, int | np.integer) else np.asarray(x)
        return items[np.argsort(self._uniform(len(items)), kind="stable")]

    def choice(self, a: Any, size: int = 1) -> np.ndarray:
        """`size` elements, each drawn from all."""
        items = np.arange(a) if isinstance(a, int | np.integer) else np.asarray(a)
        return items[(self._uniform(size) * len(items)).astype(np.int64)]

    def distinct(self, rows: int, n: int, size: int) -> np.ndarray:
        """In each row, `n` different numbers below `size`, each set as likely: int64 (rows, n).

        What stands in a row already is drawn again, so `n` must be well below `size`.
        """
        found = self.choice(size, rows * n).reshape(rows, n)
        while True:
            order = np.argsort(found, axis=1, kind="stable")
            ranked = np.take_along_axis(found, order, axis=1)
            twice = np.zeros(found.shape, dtype=bool)
            again = ranked[:, 1:] == ranked[:, :-1]
            np.put_along_axis(twice, order[:, 1:], again, axis=1)
            if not twice.any():
                return found
            found[twice] = self.choice(size, int(twice.sum()))

    def _uniform(self, n: int) -> np.ndarray:
        return self._of(Uniform(0.0, 1.0), n)

    def _of(self, distribution: Distribution, n: int) -> np.ndarray:
        """The numbers of the next stream."""
        self._calls += 1
        key = stream_key(0, f"NativeRNG {self._name}", f"call {self._calls}")
        return draw_array(distribution.in_unit(parse_unit("1"), "NativeRNG"), n, key)

    def _drawn(self, name: str, n: int, given: dict[str, float]) -> np.ndarray:
        p = {key: float(value) for key, value in given.items()}
        if name == "uniform":
            return self._of(Uniform(p["low"], p["high"]), n)
        if name == "uniform_int":
            return np.floor(p["low"] + (p["high"] - p["low"]) * self._uniform(n)).astype(np.int64)
        if name == "exponential":
            return -p["beta"] * np.log1p(-self._uniform(n))
        if name == "lognormal":
            return self._of(LogNormal(p["mu"], p["sigma"]), n)
        bounds = {key: p[key] for key in ("low", "high") if key in p}
        outside = "clip" if name.endswith("boundary") else "redraw"
        return self._of(Normal(p["mu"], p["sigma"], **bounds, outside=outside), n)
