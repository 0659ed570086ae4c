"""Traces: access by neuron, frames, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from spikestack.errors import ValidationError
from spikestack.recording import Trace

from .helpers import random_trace


def test_of_and_times() -> None:
    trace = random_trace(trials=2)
    np.testing.assert_array_equal(trace.of(4, trial=1), trace.values[1, :, 2])
    np.testing.assert_allclose(trace.times[:2], [0.1, 0.2])
    assert (len(trace), trace.n_trials, trace.label) == (100, 2, "v (mV)")
    assert trace.values.dtype == np.float32
    for i in (1, 6, -1):
        with pytest.raises(ValidationError, match="was not recorded"):
            trace.of(i)
    with pytest.raises(ValidationError, match="trial"):
        trace.of(0, trial=2)


def test_wide_frame_for_one_trial() -> None:
    trace = random_trace()
    frame = trace.to_pandas()
    assert frame.columns.tolist() == [0, 2, 4]
    assert frame.index.name == "time_ms"
    np.testing.assert_array_equal(frame[2].to_numpy(), trace.of(2))


def test_long_frame_for_trials() -> None:
    trace = random_trace(trials=2)
    frame = trace.to_pandas()
    assert frame.columns.tolist() == ["time_ms", "neuron", "trial", "value"]
    assert len(frame) == 600
    own = frame[(frame.neuron == 2) & (frame.trial == 1)]
    np.testing.assert_array_equal(own.value.to_numpy(), trace.of(2, trial=1))
    np.testing.assert_array_equal(own.time_ms.to_numpy(), trace.times)
    np.testing.assert_array_equal(trace.to_pandas(trial=1)[2].to_numpy(), trace.of(2, trial=1))


def test_to_numpy_gives_copies() -> None:
    arrays = random_trace().to_numpy()
    assert {name: array.shape for name, array in arrays.items()} == {
        "time_ms": (100,),
        "neuron": (3,),
        "value": (1, 100, 3),
    }
    arrays["value"][:] = 0


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"steps": [1, 1]}, "ascending"),
        ({"ids": [1, 0]}, "ascending"),
        ({"ids": [-1, 0]}, ">= 0"),
        ({"values": np.zeros((2, 2))}, "shape"),
        ({"values": np.zeros((0, 2, 2))}, "trial"),
        ({"values": np.zeros((1, 2, 2), complex)}, "type"),
        ({"dt": -1.0}, "dt"),
    ],
)
def test_impossible_traces_are_refused(change: dict[str, Any], match: str) -> None:
    fields: dict[str, Any] = {
        "population": "p", "variable": "v", "unit": "mV", "dt": 1.0,
        "steps": [1, 2], "ids": [0, 1], "values": np.zeros((1, 2, 2)),
    }  # fmt: skip
    with pytest.raises(ValidationError, match=match):
        Trace(**(fields | change))


def test_same_values() -> None:
    trace = random_trace()
    assert trace.same_values(random_trace())
    assert not trace.same_values(random_trace(neurons=4))


def test_shown_as_text_and_html() -> None:
    trace = random_trace("<b>", "<i>")
    assert "3" in repr(trace)
    assert "<b>" not in trace._repr_html_()
    assert "<i>" not in trace._repr_html_()
