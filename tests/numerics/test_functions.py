"""exp and log: accuracy, edge cases, and the same bits in both forms."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from spikestack.numerics import functions, functions_compiled

FORMS = [
    ("exp", np.float32, functions.exp, functions_compiled.exp32),
    ("exp", np.float64, functions.exp, functions_compiled.exp64),
    ("log", np.float32, functions.log, functions_compiled.log32),
    ("log", np.float64, functions.log, functions_compiled.log64),
]
EDGES = [
    *(0.0, np.inf, np.nan, 1.0, 2.0, 1e-310, 1e-40, 5e-324, 1e-45, 2.0**-126, 2.0**-1022),
    *(87.33654022216797, 708.3964185322641, 88.72283172607422, 709.782712893384, 0.7071067),
]


def looped(scalar):
    @njit(error_model="numpy")
    def loop(x, y):
        for i in range(x.size):
            y[i] = scalar(x[i])

    return loop


def integers(x):
    return x.view(np.int32 if x.dtype == np.float32 else np.int64)


def samples(dtype):
    rng = np.random.default_rng(1)
    words = rng.integers(0, 2**64, 100_000, dtype=np.uint64).view(dtype)
    edges = np.array([*EDGES, *(-np.array(EDGES))]).astype(dtype)
    near = [np.nextafter(edges, dtype(1e30)), np.nextafter(edges, dtype(-1e30))]
    spans = [rng.uniform(low, high, 100_000) for low, high in ((-110, 95), (-760, 720), (0.4, 2.5))]
    return np.concatenate([words, edges, *near, *(span.astype(dtype) for span in spans)])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "dtype", "array", "scalar"), FORMS)
def test_accuracy_and_same_bits(name, dtype, array, scalar):
    x = samples(dtype)
    y = np.empty_like(x)
    looped(scalar)(x, y)
    np.testing.assert_array_equal(integers(array(x)), integers(y))
    wide = x.astype(np.float64) if dtype == np.float32 else x.astype(np.longdouble)
    true = getattr(np, name)(wide)
    limits = np.finfo(dtype)
    usual = np.isfinite(x) & np.isfinite(true) & (abs(true) >= limits.tiny) & (true <= limits.max)
    ulp = abs(y[usual].astype(wide.dtype) - true[usual]) / np.spacing(
        abs(true[usual]).astype(dtype)
    )
    assert ulp.max() < 1.0
    assert not ((y != 0) & (abs(y) < limits.tiny)).any() or name == "log"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_edge_cases_without_warnings(dtype):
    low, high = (-87.34, 88.73) if dtype == np.float32 else (-708.4, 709.79)
    x = np.array([np.nan, np.inf, high, -np.inf, low, 0.0, -0.0], dtype)
    expected = np.array([np.nan, np.inf, np.inf, 0.0, 0.0, 1.0, 1.0], dtype)
    np.testing.assert_array_equal(functions.exp(x), expected)
    x = np.array([np.nan, np.inf, 0.0, -0.0, -1.0, -np.inf, 1.0], dtype)
    expected = np.array([np.nan, np.inf, -np.inf, -np.inf, np.nan, np.nan, 0.0], dtype)
    np.testing.assert_array_equal(functions.log(x), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shapes_types_and_refusal(dtype):
    scalar = functions.exp(dtype(0.5))
    assert isinstance(scalar, dtype)
    assert functions.log(np.ones((2, 3), dtype)).shape == (2, 3)
    assert functions.exp(np.ones((0,), dtype)).shape == (0,)
    with pytest.raises(TypeError, match="int64"):
        functions.exp(np.array([1]))


@settings(max_examples=200, deadline=None)
@given(st.floats(width=64), st.floats(width=32))
def test_interpreted_form(double, single):
    with np.errstate(all="ignore"):
        for scalar, array, x in (
            (functions_compiled.exp64, functions.exp, np.float64(double)),
            (functions_compiled.log64, functions.log, np.float64(double)),
            (functions_compiled.exp32, functions.exp, np.float32(single)),
            (functions_compiled.log32, functions.log, np.float32(single)),
        ):
            interpreted = scalar.py_func(x)
            assert interpreted.tobytes() == array(x).tobytes() == type(x)(scalar(x)).tobytes()


@pytest.mark.parametrize(("name", "dtype", "array", "scalar"), FORMS)
def test_loops_become_vector_instructions_without_contraction(name, dtype, array, scalar):
    loop = looped(scalar)
    loop(np.ones(4, dtype), np.ones(4, dtype))
    code = loop.inspect_llvm(loop.signatures[0])
    kind = "float" if dtype == np.float32 else "double"
    assert re.search(rf"fmul <\d+ x {kind}>", code)
    assert "llvm.fma" not in code
    assert " fast " not in code
