"""Made-up recordings of every shape: silent, valued, in trials, of some neurons, named oddly."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from spikestack.recording import Recording, SpikeRecord, Trace
from spikestack.recording.structure import StructureRecord

NAMES = st.sampled_from(["exc", "inh", "the cells", 'a "quoted", name', "µ/ü", "L2:3"])


@st.composite
def recordings(draw: Any, structure: bool = False, trials: int = 3) -> Recording:
    """A recording with up to three populations."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dt = draw(st.sampled_from([0.1, 1.0, 0.025]))
    first = draw(st.integers(0, 50))
    last = first + draw(st.integers(1, 3000))
    window = {"t_start": first * dt, "t_stop": last * dt}
    number = draw(st.integers(1, trials))
    spikes, traces = {}, {}
    for name in draw(st.lists(NAMES, unique=True, max_size=3)):
        size = draw(st.integers(1, 20))
        count = draw(st.sampled_from([0, 1, 40]))
        ids = rng.integers(0, size, count)
        carried = draw(st.sampled_from([None, np.int32, np.float32, np.float64]))
        some = np.union1d(ids, [0]) if draw(st.booleans()) else None
        spikes[name] = SpikeRecord(
            population=name,
            size=size,
            dt=dt,
            steps=rng.integers(first + 1, last + 1, count),
            ids=ids.astype(np.int32),
            trials=rng.integers(0, number, count).astype(np.int32),
            n_trials=number,
            values=None if carried is None else (rng.normal(0, 50, count)).astype(carried),
            recorded=None if some is None else some.astype(np.int32),
            **window,
        )
        if draw(st.booleans()):
            samples = draw(st.sampled_from([1, 2, 7]))
            steps = first + np.cumsum(rng.integers(1, draw(st.sampled_from([2, 5])), samples))
            kind = draw(st.sampled_from([np.float32, np.float64]))
            unit = draw(st.sampled_from(["mV", "nA", "", "uS"]))
            traces[name] = {"v": _trace(name, dt, steps, size, number, kind, unit, rng)}
    changes = {}
    if structure and draw(st.booleans()):
        changes["p"] = StructureRecord(
            projection="p", dt=dt, initial=5, **window,
            steps=np.array([first, last]), pre=np.array([1, 2], np.int32),
            post=np.array([0, 3], np.int32), created=np.array([True, False]),
        )  # fmt: skip
    return Recording(
        spikes=spikes, traces=traces, structure=changes, provenance={"engine": "cpu", "seed": 3},
        status=draw(st.sampled_from(["complete", "interrupted"])), **window,
    )  # fmt: skip


def _trace(
    name: str, dt: float, steps: Any, size: int, trials: int, kind: Any, unit: str, rng: Any
) -> Trace:
    ids = np.unique(rng.integers(0, size, 4)).astype(np.int32)
    values = rng.normal(-60, 9, (trials, len(steps), len(ids))).astype(kind)
    return Trace(
        population=name, variable="v", unit=unit, dt=dt, steps=steps, ids=ids, values=values
    )


def assert_equal(found: Recording, wanted: Recording) -> None:
    """To the bit, and of the same types."""
    assert found.same_spikes(wanted)
    assert list(found.spikes) == list(wanted.spikes)
    assert (found.t_start, found.t_stop) == (wanted.t_start, wanted.t_stop)
    assert (found.status, found.reason) == (wanted.status, wanted.reason)
    assert dict(found.provenance) == dict(wanted.provenance)
    for name, record in wanted.spikes.items():
        if record.values is not None:
            assert found[name].values is not None
            assert found[name].values.dtype == record.values.dtype
        assert found[name].shape == record.shape
    assert {name: set(own) for name, own in found.traces.items()} == {
        name: set(own) for name, own in wanted.traces.items()
    }
    for name, own in wanted.traces.items():
        for variable, trace in own.items():
            other = found[name, variable]
            assert np.array_equal(other.values, trace.values)
            assert other.values.dtype == trace.values.dtype and other.unit == trace.unit
            assert np.array_equal(other.steps, trace.steps) and other.dt == trace.dt
            assert np.array_equal(other.ids, trace.ids)
