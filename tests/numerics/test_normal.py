"""Normal numbers from uniform ones, to the ends of what can be drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from spikestack.engines.interpreting import interpret
from spikestack.program.tac import Builder, Code


@pytest.mark.parametrize(("precision", "real"), [("float32", np.float32), ("float64", np.float64)])
def test_normal_numbers_are_finite_and_right_to_the_last_draw(precision: str, real: type) -> None:
    """A hash of 32 bits gives (h + 1/2)/2**32, and at most 1 - 2**-24."""
    hashes = np.concatenate(
        [np.arange(300), 2**32 - 1 - np.arange(300), np.arange(0, 2**32, 2**20)]
    )
    u = np.minimum((hashes.astype(real) + real(0.5)) * real(2.0**-32), real(1 - 2.0**-24))
    builder = Builder(precision, {}, {})
    found = builder.normal(builder.put("uniform"))
    code = Code(tuple(builder.instructions), (found,), None, None)
    computed = interpret(code, {"const": real, "uniform": lambda _: u})[found]
    exact = stats.norm.ppf(u.astype(float))
    assert np.isfinite(computed).all()
    off = np.abs(computed - exact)
    # Near 0, what is lost of 2 u - 1 in single precision is a share of the few numbers there are.
    # Beyond five standard deviations the polynomials, made for single precision, are less exact.
    far = 0.05 if precision == "float32" else 5e-3
    assert off[np.abs(exact) < 4].max() < (1e-3 if precision == "float32" else 3e-6)
    assert off.max() < far
