"""What is kept of samples on disk: the right thing, or nothing."""

from __future__ import annotations

import functools
import importlib
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp
from spikestack.errors import ValidationError
from spikestack.sensors import datasets
from spikestack.sensors.cochlea import Gammatone, MelDelta
from spikestack.sensors.datasets.fingerprints import describe
from spikestack.sensors.events import UnitEvents
from spikestack.sensors.touch import Skin


@dataclass
class Scaled:
    """A transform that counts how often it worked."""

    by: float = 1.0

    def __call__(self, item: Any) -> Any:
        CALLS.append(self.by)
        return item * self.by


CALLS: list[float] = []


def doubled(item: Any) -> Any:
    CALLS.append(2.0)
    return item * 2


def worded(item: Any) -> str:
    return str(item)


@pytest.fixture(autouse=True)
def fresh() -> None:
    CALLS.clear()


def arrays(n: int = 5) -> datasets.Samples:
    return datasets.samples_from([np.arange(k + 2.0) for k in range(n)], [0] * n)


def items(samples: datasets.Samples) -> list[Any]:
    return [item for item, _ in samples]


def test_nothing_is_computed_twice_and_only_the_same_is_the_same(tmp_path: Path) -> None:
    made = arrays().cached(Scaled(3.0), folder=tmp_path)
    assert CALLS == []  # nothing before it is asked for
    assert all(np.array_equal(a, 3 * b) for a, b in zip(items(made), items(arrays()), strict=True))
    assert len(CALLS) == 5
    again = items(datasets.cached(arrays(), Scaled(3.0), tmp_path))
    assert len(CALLS) == 5 and np.array_equal(again[4], 3 * np.arange(6.0))
    again[4][:] = -1  # a copy: what is kept stays
    assert items(arrays().cached(Scaled(3.0), folder=tmp_path))[4].min() == 0
    for other in (arrays().cached(Scaled(4.0), folder=tmp_path),
                  arrays(4).cached(Scaled(3.0), folder=tmp_path),
                  arrays().map(doubled).cached(Scaled(3.0), folder=tmp_path)):  # fmt: skip
        before = len(CALLS)
        items(other)
        assert len(CALLS) > before
    chained = made.map(doubled).cached(folder=tmp_path)
    assert np.array_equal(chained[4][0], 6 * np.arange(6.0))


def test_parts_of_what_is_cached(tmp_path: Path) -> None:
    whole = datasets.synthetic_patterns(600).cached(folder=tmp_path)
    assert len(whole[500][0]) == 40 and len(list(tmp_path.iterdir())) == 1  # one block of three
    for k in (0, 255, 256, 599):
        plain = datasets.synthetic_patterns(600)[k]
        assert np.array_equal(whole[k][0].t, plain[0].t) and whole[k][1] == plain[1]
        assert np.array_equal(whole[[k]][0][0].unit, plain[0].unit)


@pytest.mark.parametrize(
    "make",
    [
        lambda: datasets.synthetic_motion(3),
        lambda: datasets.synthetic_motion(3).map(sp.VoxelGrid(4)),
        lambda: datasets.synthetic_sounds(3).events(),
        lambda: datasets.samples_from([1.5, 2.5, 3.5], [0, 1, 0]),
        lambda: datasets.samples_from([sp.saccades(np.eye(8) * k) for k in (1, 2, 3)], [0, 1, 0]),
    ],
)
def test_what_comes_back_is_what_was_kept(make: Callable[[], Any], tmp_path: Path) -> None:
    for _ in range(2):  # written, then read
        kept, plain = make().cached(folder=tmp_path), make()
        for k in range(3):
            (a, y), (b, z) = kept[k], plain[k]
            assert y == z and kept.duration == plain.duration
            if hasattr(b, "columns"):
                assert type(a) is type(b) and a.shape == b.shape
                assert all(np.array_equal(getattr(a, n), getattr(b, n)) for n in b.columns)
            else:
                assert np.asarray(b).dtype == a.dtype and np.array_equal(a, b)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: data[:300] + bytes([data[300] ^ 1]) + data[301:],
        lambda data: data.replace(b"sizes", b"sized"),
        lambda data: os.urandom(1000),
    ],
)
def test_damaged_entries_are_made_anew(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    want = items(arrays().cached(Scaled(3.0), folder=tmp_path))
    (entry,) = tmp_path.iterdir()
    whole = entry.read_bytes()
    entry.write_bytes(damage(whole))
    CALLS.clear()
    found = items(arrays().cached(Scaled(3.0), folder=tmp_path))
    assert all(np.array_equal(a, b) for a, b in zip(found, want, strict=True))
    assert len(CALLS) == 5 and entry.read_bytes() == whole


def test_every_changed_byte_is_noticed_or_means_nothing(tmp_path: Path) -> None:
    want = items(arrays().cached(Scaled(3.0), folder=tmp_path))
    (entry,) = tmp_path.iterdir()
    whole = entry.read_bytes()
    for at in range(0, len(whole), 7):
        entry.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        found = items(arrays().cached(Scaled(3.0), folder=tmp_path))
        assert all(np.array_equal(a, b) for a, b in zip(found, want, strict=True)), at


def test_what_has_no_description_is_refused(tmp_path: Path) -> None:
    def inner(item: Any) -> Any:
        return item

    shift = 3.0
    for transform, why in (
        (lambda item: item + shift, "lambda"),
        (functools.partial(doubled, lambda: 1), "lambda"),
        (inner, "within a function"),
        (Scaled(np.random.default_rng(0)), "transform 1.by"),  # type: ignore[arg-type]
        (Scaled(np.array([None])), "objects"),  # type: ignore[arg-type]
    ):
        with pytest.raises(ValidationError, match=why):
            arrays().cached(transform, folder=tmp_path)
    ring: Any = Scaled()
    ring.by = ring
    with pytest.raises(ValidationError, match="itself"):
        arrays().cached(ring, folder=tmp_path)
    unknown = datasets.Samples(abs, np.zeros(1, int), ("a",), np.zeros(0), np.arange(1))
    with pytest.raises(ValidationError, match="content"):
        unknown.cached(folder=tmp_path)
    with pytest.raises(ValidationError, match="gives arrays of"):
        arrays().cached(worded, folder=tmp_path)[0]
    with pytest.raises(ValidationError, match="limit"):
        arrays().cached(folder=tmp_path, limit=-1)


def test_descriptions_tell_parameters_apart() -> None:
    ear, skin = Gammatone(rate=8000.0, high=3500.0), Skin(3)
    alike = [
        (Gammatone(rate=8000.0, high=3500.0).hear, ear.hear),
        (sp.VoxelGrid(5), sp.VoxelGrid(bins=5)),
        (sp.FilterChain(sp.RefractoryFilter(1.0)), sp.FilterChain(sp.RefractoryFilter("1 ms"))),
        (functools.partial(doubled, 1), functools.partial(doubled, 1)),
    ]
    for a, b in alike:
        assert describe(a) == describe(b)
    ear.hear(np.ones(100))
    assert describe(ear) == describe(Gammatone(rate=8000.0, high=3500.0))
    unlike = [
        (ear.hear, Gammatone(rate=8000.0, high=3400.0).hear),
        (ear.hear, ear.push),
        (skin.feel, Skin(3, tau=21.0).feel),
        (skin.feel, Skin(3, refractory=5.0).feel),
        (MelDelta().hear, MelDelta(offset=1e-5).hear),
        (sp.VoxelGrid(5), sp.VoxelGrid(5, signed=False)),
        (sp.VoxelGrid(5), sp.StackedHistogram(5)),
        (sp.FilterChain(sp.RefractoryFilter(1.0)), sp.FilterChain(sp.RefractoryFilter(2.0))),
        (sp.SendOnDelta(d=0.1), sp.SendOnDelta(d=np.array([0.1]))),
        (1, 1.0), (True, 1), ("1", 1), ([1, 2], [[1], 2]), (0.0, -0.0),
    ]  # fmt: skip
    for a, b in unlike:
        assert describe(a) != describe(b), (a, b)


def test_another_line_of_code_is_another_transform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "own_transforms.py"
    text = "class T:\n    def __call__(self, x):\n        return x + 1\ndef f(x):\n    return x\n"
    file.write_text(text)
    own = importlib.import_module("own_transforms")
    first = [describe(own.T()), describe(own.f)]
    assert first == [describe(own.T()), describe(own.f)]
    file.write_text(text.replace("+ 1", "+ 20"))  # not loaded yet: neither the old nor the new
    stale = [describe(own.T()), describe(own.f)]
    own = importlib.reload(own)
    fresh = [describe(own.T()), describe(own.f)]
    assert own.T()(1) == 21 and first[0] != stale[0] != fresh[0] != first[0]
    assert first[1] != fresh[1]


def test_the_folder_is_that_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SPIKESTACK_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert datasets.cache_folder() == tmp_path / "xdg" / "spikestack" / "samples"
    monkeypatch.setenv("SPIKESTACK_CACHE", str(tmp_path / "own"))
    assert datasets.cache_folder() == tmp_path / "own" / "samples"
    arrays().cached()[0]
    assert len(list((tmp_path / "own" / "samples").iterdir())) == 1
    assert datasets.clear_cache() > 0 and datasets.clear_cache() == 0


def test_a_cache_does_not_grow_without_end(tmp_path: Path) -> None:
    def entry(k: int) -> datasets.Samples:
        return datasets.samples_from([np.full(10_000, float(k))], [0])

    for k in range(4):
        entry(k).cached(folder=tmp_path)[0]
        time.sleep(0.02)
    entry(0).cached(folder=tmp_path)[0]  # used again: the oldest is now 1
    before = {path: path.stat().st_mtime for path in tmp_path.iterdir()}
    oldest = sorted(before, key=before.__getitem__)[:2]
    entry(9).cached(folder=tmp_path, limit=250_000)[0]
    left = set(tmp_path.iterdir())
    assert len(left) == 3 and not left & set(oldest)
    other = tmp_path / "notes.txt"
    other.write_text("mine")
    (tmp_path / ".spikestack-00.tmp").write_text("half")
    datasets.clear_cache(tmp_path)
    assert list(tmp_path.iterdir()) == [other]


def test_what_cannot_be_written_is_still_given(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(UserWarning, match="not kept"):
        found = items(arrays().cached(doubled, folder=tmp_path / "file" / "cache"))
    assert np.array_equal(found[1], 2 * np.arange(3.0))


def test_processes_share_a_folder(tmp_path: Path) -> None:
    """Four at once write and read the same entries, while they are removed under them."""
    script = textwrap.dedent(
        """
        import sys
        from spikestack.sensors import datasets
        total = 0
        for turn in range(15):
            made = datasets.synthetic_patterns(40, seed=turn % 3).cached(folder=sys.argv[1])
            total += sum(int(events.t.sum()) for events, _ in made)
            if sys.argv[2] == "0":
                datasets.clear_cache(sys.argv[1])
        print(total)
        """
    )
    command = [sys.executable, "-c", script, str(tmp_path / "cache")]
    running = [subprocess.Popen([*command, str(k)], stdout=subprocess.PIPE) for k in range(4)]
    found = {int(one.communicate(timeout=120)[0]) for one in running}
    want = 5 * sum(int(e.t.sum()) for seed in range(3)
                   for e, _ in datasets.synthetic_patterns(40, seed=seed))  # fmt: skip
    assert found == {want} and all(one.returncode == 0 for one in running)
    assert not list((tmp_path / "cache").glob(".*"))


def test_columns_of_kept_events_are_read_only(tmp_path: Path) -> None:
    one = UnitEvents(np.array([1, 2]), np.array([0, 1], np.uint32), 2)
    kept, _ = datasets.samples_from([one], [0]).cached(folder=tmp_path)[0]
    with pytest.raises(ValueError, match="read-only"):
        kept.t[0] = 5
