"""xarray and Neo: everything comes back out of them, with units."""

from __future__ import annotations

import builtins
import json
import sys
from typing import Any

import numpy as np
import pytest

from spikestack.errors import MissingExtraError

from .helpers import random_record, random_trace, recording_of


def recording(**more: Any) -> Any:
    traces = (
        random_trace("exc", "v", trials=2),
        random_trace("exc", "w", trials=2),
        random_trace("inh", "v", neurons=1, samples=40, trials=2),
    )
    carried = random_record("inh", 3, n_trials=2, number=20, values=np.arange(20.0))
    return recording_of(random_record(n_trials=2), carried, traces=traces, **more)


def test_xarray() -> None:
    pytest.importorskip("xarray")
    result = recording()
    data = result.to_xarray()
    assert data["exc.v"].dims == data["exc.w"].dims == ("trial", "time", "neuron")
    assert data["inh.v"].dims == ("trial", "inh.v.time", "inh.v.neuron")
    assert data["exc.v"].attrs["units"] == "mV" and data["time"].attrs["units"] == "ms"
    for name, own in result.traces.items():
        for variable, trace in own.items():
            array = data[f"{name}.{variable}"]
            assert np.array_equal(array.values, trace.values)
            assert np.array_equal(array.coords[array.dims[1]], trace.times)
            assert np.array_equal(array.coords[array.dims[2]], trace.ids)
    for name, record in result.spikes.items():
        assert np.array_equal(data[f"{name}.spike_time"], record.times)
        assert np.array_equal(data[f"{name}.spike_neuron"], record.ids)
        assert np.array_equal(data[f"{name}.spike_trial"], record.trials)
    assert np.array_equal(data["inh.spike_value"], result["inh"].values)
    assert "exc.spike_value" not in data
    assert json.loads(data.attrs["provenance"])["engine"] == "cpu"
    assert np.array_equal(data["exc.v"].sel(neuron=2, trial=1), result["exc", "v"].of(2, trial=1))


def test_xarray_of_a_trace() -> None:
    pytest.importorskip("xarray")
    trace = random_trace()
    array = trace.to_xarray()
    assert array.dims == ("trial", "time", "neuron") and array.name == "exc.v"
    assert float(array.sel(neuron=4, time=0.5, method="nearest")[0]) == trace.of(4)[4]


def test_neo() -> None:
    pytest.importorskip("neo")
    result = recording(status="interrupted", reason="stopped")
    block = result.to_neo()
    assert [segment.index for segment in block.segments] == [0, 1]
    for trial, segment in enumerate(block.segments):
        assert len(segment.spiketrains) == 5 + 3 and len(segment.analogsignals) == 3
        for train in segment.spiketrains:
            record = result[train.annotations["population"]]
            expected = record.train(train.annotations["neuron"], trial)
            assert np.allclose(train.rescale("ms").magnitude, expected, rtol=0, atol=1e-9)
            assert train.t_stop.rescale("ms").magnitude == 100.0
        for signal in segment.analogsignals:
            trace = result[signal.annotations["population"], signal.annotations["variable"]]
            assert np.array_equal(signal.magnitude, trace.values[trial])
            assert np.allclose(signal.times.rescale("ms").magnitude, trace.times)
            assert str(signal.dimensionality) == "mV"
            assert signal.array_annotations["neuron"].tolist() == trace.ids.tolist()


def test_neo_of_odd_traces() -> None:
    """Uneven samples, no samples, and units that it does not know."""
    pytest.importorskip("neo")
    from dataclasses import replace

    trace = random_trace(samples=3)
    uneven = replace(trace, steps=np.array([1, 2, 9]))
    strange = replace(random_trace("b", samples=0), unit="wibble")
    segment = recording_of(traces=(uneven, strange)).to_neo().segments[0]
    (signal,) = segment.irregularlysampledsignals
    assert np.allclose(signal.times.rescale("ms").magnitude, uneven.times)
    assert segment.analogsignals[0].annotations["unit"] == "wibble"


@pytest.mark.parametrize(("extra", "call"), [("xarray", "to_xarray"), ("neo", "to_neo")])
def test_missing_extras_are_named(extra: str, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.split(".", maxsplit=1)[0] == extra:
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.delitem(sys.modules, extra, raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=rf"spikestack\[{extra}\]"):
        getattr(recording(), call)()
