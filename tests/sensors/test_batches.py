"""Samples as arrays to train on."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import MemoryLimitError, MissingExtraError, ValidationError
from spikestack.sensors import datasets
from spikestack.sensors.cochlea import MelDelta
from spikestack.sensors.events import UnitEvents


def spikes(*t: int, units: int = 3) -> UnitEvents:
    return UnitEvents(np.array(t, np.int64), np.zeros(len(t), np.uint32), units)


def some(items: list[Any], **about: Any) -> datasets.Samples:
    return datasets.samples_from(items, np.arange(len(items)) % 2, **about)


def test_every_event_is_in_its_step_of_its_sample() -> None:
    made = datasets.synthetic_patterns(7, noise=5)
    (inputs, labels), (rest, _) = made.batches(4, bins=40)
    assert inputs.shape == (40, 4, 20) and rest.shape == (40, 3, 20)
    assert inputs.dtype == np.float32 and labels.tolist() == [0, 1, 2, 3]
    for k in range(4):
        events, _ = made[k]
        counts = np.zeros((40, 20))
        np.add.at(counts, (events.t // 2500, events.unit), 1)
        assert np.array_equal(inputs[:, k], counts)


def test_edges_are_exact_and_what_is_outside_is_left_out() -> None:
    made = some([spikes(0, 999, 1000, 2999, 3000), spikes(1500, 1501)])
    batch = next(made.batches(2, dt=1.0))
    assert batch.inputs[:, :, 0].T.tolist() == [[2, 1, 1, 1], [0, 2, 0, 0]]
    assert batch.lengths.tolist() == [4, 2] and batch.ids.tolist() == [0, 1]
    cut = next(made.batches(2, bins=2, duration=2.0, start=1.0, binary=True, dtype=bool))
    assert cut.inputs[:, :, 0].T.tolist() == [[True, True], [True, False]]
    assert next(made.batches(2, dt="1 ms", bins=6)).inputs.shape == (6, 2, 3)
    assert next(made.batches(2, dt=1.0, duration=2.5)).inputs.shape == (3, 2, 3)
    # Thirds of a millisecond: events at multiples of it are at the begin of a step.
    third = next(some([spikes(0, 333, 334, 667, 999)]).batches(1, bins=3, duration=1.0))
    assert third.inputs[:, 0, 0].tolist() == [2, 1, 2]


def test_arrays_are_padded_to_the_longest() -> None:
    made = some([np.ones((3, 2, 2)), np.full((5, 2, 2), 2.0), np.zeros((0, 2, 2))])
    batch = next(made.batches(3))
    assert batch.inputs.shape == (5, 3, 4) and batch.lengths.tolist() == [3, 5, 0]
    assert batch.inputs[:, 0].sum() == 12 and (batch.inputs[3:, 0] == 0).all()
    assert next(made.batches(3, bins=8)).inputs.shape == (8, 3, 4)
    with pytest.raises(ValidationError, match="bins"):
        next(made.batches(3, bins=4))


def test_transforms_in_a_row_make_batches() -> None:
    made = datasets.synthetic_motion(6)
    clean = sp.FilterChain(sp.RefractoryFilter(1.0), sp.DownSample(2))
    frames = made.map(clean, sp.StackedHistogram(10))
    inputs, _ = next(frames.batches(6))
    assert inputs.shape == (10, 6, 2 * 8 * 8)
    assert inputs.sum() == sum(len(clean(events)) for events, _ in made)


def test_shuffled_batches_hold_each_sample_once_and_come_again() -> None:
    made = datasets.synthetic_patterns(23)

    def ids(**how: Any) -> list[int]:
        found = [batch.ids for batch in made.batches(5, bins=4, shuffle=True, **how)]
        return np.concatenate(found).tolist()

    assert sorted(ids()) == list(range(23)) != ids()
    assert ids() == ids(seed=0, epoch=0)
    assert len({tuple(ids(seed=s, epoch=e)) for s in (0, 1) for e in (0, 1)}) == 4
    assert len(ids(last=False)) == 20
    for batch in made.batches(5, bins=4, shuffle=True):
        assert batch.labels.tolist() == made.labels[batch.ids].tolist()


def test_what_cannot_be_a_batch() -> None:
    events = some([spikes(1), spikes(2)])
    with pytest.raises(ValidationError, match="dt"):
        next(events.batches(2))
    with pytest.raises(ValidationError, match="bins and duration"):
        next(events.batches(2, bins=5))
    with pytest.raises(ValidationError, match="bins and duration"):
        next(events.batches(2, bins=5, start=-1.0))
    with pytest.raises(ValidationError, match="as many"):
        next(some([spikes(1), spikes(2, units=4)]).batches(2, dt=1.0))
    with pytest.raises(ValidationError, match="all or none"):
        next(some([spikes(1), np.zeros((2, 3))]).batches(2, dt=1.0))
    for wrong in ({"size": 0}, {"dt": 0.0}, {"bins": 0}, {"dt": "1 mV"}, {"seed": 0.5}):
        with pytest.raises(ValidationError):
            events.batches(**{"size": 2, "dt": 1.0, **wrong})
    with pytest.raises(MemoryLimitError, match="bins"):
        next(some([spikes(0, 2**50)]).batches(1, dt=0.001))
    assert list(events[:0].batches(3, dt=1.0)) == []


def test_samples_of_ones_own() -> None:
    made = datasets.samples_from([spikes(1), spikes(2, 3)], [1, 0], ["no", "yes"], groups=[7, 8])
    assert len(made[1][0]) == 2 and made[[1]].groups.tolist() == [8] and made.names[1] == "yes"
    with pytest.raises(ValidationError, match="labels"):
        datasets.samples_from([spikes(1)], [0, 1])
    with pytest.raises(ValidationError, match="name"):
        datasets.samples_from([spikes(1)], [1], ["no"])
    with pytest.raises(ValidationError, match="Hz"):
        datasets.synthetic_touch(2).events(MelDelta(rate=16000.0))
    with pytest.raises(ValidationError, match="takes an item"):
        made.map(5)


def test_without_pytorch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match="train"):
        datasets.synthetic_patterns(4).torch(bins=10)


def test_a_loader_of_pytorch_takes_them() -> None:
    torch = pytest.importorskip("torch", reason="pip install 'spikestack[train]'")
    made = datasets.synthetic_patterns(10)
    view = made.torch(bins=25)
    loader = torch.utils.data.DataLoader(view, batch_size=4, collate_fn=view.collate)
    for (x, y), (inputs, labels) in zip(loader, made.batches(4, bins=25), strict=True):
        assert x.dtype == torch.float32 and np.array_equal(x.numpy(), inputs)
        assert y.dtype == torch.int64 and np.array_equal(y.numpy(), labels)
    stacked, _ = next(iter(torch.utils.data.DataLoader(view, batch_size=4)))
    assert stacked.shape == (4, 25, 20)
    frames = datasets.synthetic_motion(3).map(sp.VoxelGrid(5)).torch()
    assert frames[1][0].shape == (5, 16, 16) and frames[1][1] == 1
    sounds = datasets.samples_from([np.ones(3), np.ones(5)], [0, 1]).torch()
    padded, _ = sounds.collate([sounds[0], sounds[1]])
    assert padded.shape == (5, 2) and padded.sum() == 8
