"""Neo there and back; Elephant says what our own statistics say."""

from __future__ import annotations

import builtins
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import spikestack as sp
from spikestack.errors import MissingExtraError, UnknownNameError, ValidationError

from .recordings import assert_equal, recordings


@settings(max_examples=40, deadline=None)
@given(recordings())
def test_neo_there_and_back(recording: sp.Recording) -> None:
    pytest.importorskip("neo")
    assert_equal(sp.Recording.from_neo(recording.to_neo()), recording)


def foreign() -> Any:
    """A block as another tool makes it: seconds, annotations of its own, no grid said."""
    neo, pq = pytest.importorskip("neo"), pytest.importorskip("quantities")
    block, segment = neo.Block(name="theirs"), neo.Segment()
    for index, times in ((2, [0.0101, 0.2]), (0, [])):
        segment.spiketrains.append(
            neo.SpikeTrain(
                times, units="s", t_stop=0.5, source_population="cells", source_index=index
            )
        )
    values = np.arange(12.0).reshape(4, 3)
    segment.analogsignals.append(
        neo.AnalogSignal(
            values, units="uV", sampling_rate=10 * pq.kHz, name="v", source_population="cells",
            array_annotations={"channel_index": [2, 0, 1]},
        )
    )  # fmt: skip
    block.segments.append(segment)
    return block


def test_blocks_of_others() -> None:
    found = sp.Recording.from_neo(foreign())
    cells = found["cells"]
    assert cells.dt == pytest.approx(0.1) and cells.size == 3 and cells.t_stop == 500.0
    assert cells.train(2).tolist() == pytest.approx([10.1, 200.0])
    assert cells.neurons.tolist() == [0, 2]
    trace = found["cells", "v"]
    assert trace.unit == "uV" and trace.of(2).tolist() == [0.0, 3.0, 6.0, 9.0]
    assert trace.of(1).tolist() == [2.0, 5.0, 8.0, 11.0]
    assert sp.Recording.from_neo(foreign(), dt=1.0)["cells"].train(2).tolist() == [10.0, 200.0]


def test_what_no_block_can_mean() -> None:
    neo = pytest.importorskip("neo")
    with pytest.raises(ValidationError, match=r"neo\.Block"):
        sp.Recording.from_neo(3)
    with pytest.raises(ValidationError, match="give dt in ms"):
        sp.Recording.from_neo(neo.Block())
    block = spiking().to_neo()
    for damaged in ('{"version": 1}', "{", '{"spikes": [{"population": "exc"}]}', "[]"):
        block.annotations["recording"] = damaged
        with pytest.raises(ValidationError, match="take the annotation away"):
            sp.Recording.from_neo(block)


def spiking() -> sp.Recording:
    net = sp.Network(seed=4)
    exc = net.add(sp.Population("exc", 6, sp.LIF()))
    net.drive(exc, sp.Poisson(rate=4000.0, weight=0.3))
    net.record(exc, "spikes")
    net.record(exc[:2], "v")
    return net.run(1000.0)


def test_elephant_agrees_with_us() -> None:
    pytest.importorskip("elephant")
    result = spiking()
    record = result["exc"]
    assert len(record) > 60
    rates = result.elephant("statistics.mean_firing_rate", "exc").rescale("Hz").magnitude
    assert np.allclose(rates, record.counts() / 1.0)
    intervals = result.elephant("statistics.isi")
    assert np.allclose(intervals[3].magnitude, np.diff(record.train(3)))
    found = result.elephant("statistics.lv", "exc")
    steps = [np.diff(record.train(neuron)) for neuron in range(6)]
    wanted = [3 * np.mean(((a[1:] - a[:-1]) / (a[1:] + a[:-1])) ** 2) for a in steps]
    assert np.allclose(found, wanted)
    counted = result.elephant("statistics.time_histogram", "exc", bin_size=10.0)
    assert counted.magnitude.sum() == pytest.approx(len(record), abs=2)
    matrix = result.elephant(
        "spike_train_correlation.correlation_coefficient", "exc", bin_size=10.0
    )
    assert matrix.shape == (6, 6) and np.allclose(np.diag(matrix), 1.0)
    pairs = result.elephant("spike_train_correlation.spike_time_tiling_coefficient", "exc")
    assert pairs.shape == (6, 6) and np.allclose(np.diag(pairs), 1.0)
    frequencies, power = result.elephant("spectral.welch_psd", frequency_resolution=10.0)
    assert frequencies.units.dimensionality.string == "Hz" and power.shape[0] == 2


def test_elephant_only() -> None:
    pytest.importorskip("elephant")
    result = spiking()
    with pytest.raises(ValidationError, match=r"module\.function"):
        result.elephant("os.system('ls')")
    with pytest.raises(ValidationError, match="no module 'os'"):
        result.elephant("os.system")
    with pytest.raises(UnknownNameError, match="did you mean"):
        result.elephant("statistics.mean_firing_rates")
    with pytest.raises(UnknownNameError):
        result.elephant("statistics.warnings")
    with pytest.raises(ValidationError, match="bin_size"):
        result.elephant("spike_train_correlation.covariance", "exc")
    with pytest.raises(ValidationError, match=r"\(population, variable\)"):
        result.elephant("spectral.welch_psd", "exc")
    with pytest.raises(ValidationError, match="trial"):
        result.elephant("statistics.isi", "exc", trial=7)


def test_without_elephant(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__
    result = spiking()

    def absent(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] in ("elephant", "neo"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    for name in [name for name in sys.modules if name.partition(".")[0] == "elephant"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("importlib.import_module", absent)
    with pytest.raises(MissingExtraError, match=r"spikestack\[elephant\]"):
        result.elephant("statistics.isi", "exc")
