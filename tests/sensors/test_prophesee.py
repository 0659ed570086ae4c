"""Prophesee's files: what others wrote, what we write, and what is damaged."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import spikestack as sp
from spikestack.errors import FileFormatError, UnknownNameError, ValidationError
from spikestack.sensors.events import CameraEvents, UnitEvents
from spikestack.sensors.files import ecf
from spikestack.sensors.files.base import Truncated
from spikestack.sensors.files.opening import formats

SHARED = Path(__file__).parents[3] / "shared" / "data" / "formats"
NAMES = ["evt2", "evt21", "evt21-legacy", "evt3", "evt4", "dat", "prophesee-hdf5"]
COLUMNS = ("t", "x", "y", "p")


def name_and_settings(name: str) -> tuple[str, dict[str, Any]]:
    if name == "prophesee-hdf5":
        pytest.importorskip("h5py")
    return (name[:5], {"endianness": "legacy"}) if name == "evt21-legacy" else (name, {})


def encoded(name: str, events: CameraEvents) -> bytes:
    kind, options = name_and_settings(name)
    file = io.BytesIO()
    formats()[kind].write(file, events, **options)
    return file.getvalue()


def decoded(name: str, data: bytes, most: int = 1 << 20) -> CameraEvents:
    kind = formats()[name_and_settings(name)[0]]
    assert kind.matches(data[:4096], "") and kind.confirms(io.BytesIO(data))
    header = kind.header(io.BytesIO(data))
    parts = list(kind.chunks(io.BytesIO(data), header, most))
    empty = {n: np.zeros(0, k) for n, k in CameraEvents.columns.items()}
    columns = {n: np.concatenate([empty[n], *(p[n] for p in parts)]) for n in COLUMNS}
    return CameraEvents(**columns, **header.geometry)


def same(a: CameraEvents, b: CameraEvents) -> bool:
    return all(np.array_equal(getattr(a, n), getattr(b, n)) for n in COLUMNS)


def rows(n: int, seed: int = 0, width: int = 640, height: int = 480) -> CameraEvents:
    """Bursts along rows, ascending and not, with silence of all lengths between."""
    rng = np.random.default_rng(seed)
    runs = rng.integers(1, 9, n)
    of = np.repeat(np.arange(n), runs)[:n]
    place = np.arange(n) - np.concatenate([[0], np.cumsum(runs)])[of]
    x = rng.integers(0, width, n)[of] + place * rng.integers(-1, 4, n)[of]
    return CameraEvents(
        t=np.cumsum(rng.choice([0, 0, 1, 7, 80, 5000, 2_000_000], n))[of],
        x=np.clip(x, 0, width - 1),
        y=rng.integers(0, height, n)[of],
        p=rng.integers(0, 2, n)[of],
        width=width,
        height=height,
    )


# ------------------------------------------------------------------ files of other writers


@pytest.mark.parametrize(
    ("file", "count"),
    [
        ("faery_evt2.raw", 3000),
        ("faery_evt3.raw", 1502),
        ("handmade_evt3_wrap.raw", 3000),
        ("handmade_evt21.raw", 3000),
        ("handmade_evt21_legacy.raw", 3000),
        ("handmade_evt4.raw", 3000),
        ("faery_dat2.dat", 3000),
        ("ecf_events.h5", 3000),
    ],
)
def test_files_of_other_writers(file: str, count: int) -> None:
    if not SHARED.is_dir():
        pytest.skip(f"no conformance files at {SHARED}")
    if file.endswith(".h5"):
        pytest.importorskip("h5py")
    truth = np.load(SHARED / "events.npz")
    events = sp.read_events(SHARED / file)
    assert len(events) == count and (events.width, events.height) == (640, 480)
    assert all(np.array_equal(getattr(events, n), truth[n][:count]) for n in COLUMNS)


@pytest.mark.parametrize("kind", ["masked", "xp", "all"])
def test_blocks_of_the_vendors_codec(kind: str) -> None:
    if not SHARED.is_dir():
        pytest.skip(f"no conformance files at {SHARED}")
    with np.load(SHARED / "ecf_chunks.npz") as held:
        block = held[f"{kind}_chunk"].tobytes()
        columns = ecf.decode(block)
        assert all(np.array_equal(columns[n], held[f"{kind}_{n}"]) for n in COLUMNS)
    assert ecf.encode([columns[n] for n in COLUMNS]) == block


# ------------------------------------------------------------------ ours

_STEPS = st.one_of(
    st.integers(0, 3),
    st.integers(0, 70_000),
    st.sampled_from([20_000_000, 1 << 24, (1 << 31) - 1]),
)
_EVENT = st.tuples(_STEPS, st.integers(0, 2047), st.integers(0, 5), st.integers(0, 1))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(NAMES),
    st.lists(st.tuples(_EVENT, st.lists(st.integers(-3, 40), max_size=12)), max_size=25),
)
def test_what_is_written_comes_back(name: str, bursts: list[Any]) -> None:
    found, now = [], 0
    for (step, x, y, p), places in bursts:
        now += step
        found += [(now, min(max(x + d, 0), 2047), y * 409, p) for d in [0, *places]]
    t, x, y, p = np.array(found, np.int64).reshape(-1, 4).T
    events = CameraEvents(t, x, y, p, width=2048, height=2048)
    again = decoded(name, encoded(name, events))
    assert same(again, events) and (again.width, again.height) == (2048, 2048)


@pytest.mark.parametrize("name", NAMES)
def test_pieces_are_the_whole(name: str, tmp_path: Path) -> None:
    events = rows(60_000)
    path = sp.write_events(tmp_path / "a", events, *name_and_settings(name)[:1])
    file = sp.open_events(path)
    pieces = [CameraEvents(**part) for part in file.pieces(5000)]
    assert len(pieces) > 2 and same(file.read(), events)
    assert all(
        np.array_equal(np.concatenate([getattr(p, n) for p in pieces]), getattr(events, n))
        for n in COLUMNS
    )
    middle = file.between(events.t[20_000] / 1000, events.t[40_000] / 1000)
    assert same(middle, events.between(events.t[20_000] / 1000, events.t[40_000] / 1000))
    assert file.info()["events"] == 60_000 and file.info()["last_us"] == events.t[-1]


@pytest.mark.parametrize("name", ["evt2", "evt21", "evt3", "evt4", "prophesee-hdf5"])
def test_long_silence_survives(name: str) -> None:
    hour = 3600 * 10**6
    t = np.array([0, 20, 20 + 20 * 10**6, 9 * hour, 30 * hour, 30 * hour + 5])
    events = CameraEvents(t, t * 0, t * 0 + 3, t * 0 + 1, 640, 480)
    assert same(decoded(name, encoded(name, events)), events)
    late = events[3:]
    assert same(decoded(name, encoded(name, late)), late)


def test_vectors_come_in_threes_and_times_in_pairs() -> None:
    """What the vendor's decoder of EVT 3.0 demands of a writer."""
    data = encoded("evt3", rows(5000))
    words = np.frombuffer(data[data.index(b"% end\n") + 6 :], "<u2") >> 12
    at = np.flatnonzero((words == 4) | (words == 5)).reshape(-1, 3)
    assert len(at) > 20
    assert (words[at] == [4, 4, 5]).all() and (np.diff(at, axis=1) == 1).all()
    high = np.flatnonzero(words == 8)
    assert np.isin(words[high + 1], [6, 8]).all()


# ------------------------------------------------------------------ the rules of decoding


def evt3_by_the_rules(words: np.ndarray, width: int, height: int) -> list[tuple[int, ...]]:
    """The definition of EVT 3.0, a word at a time."""
    found: list[tuple[int, ...]] = []
    loop, low, y, base, sign = 0, 0, 0, 0, 0
    high: int | None = None
    for word in words.tolist():
        kind, value = word >> 12, word & 0xFFF
        if kind == 8:
            if high is not None:
                loop += high >= value + 2048
                low = 0 if value != high else low
            high = value
            continue
        if high is None:
            continue
        t = (loop << 24) | (high << 12) | low
        if kind == 0:
            y = value & 0x7FF
        elif kind == 2:
            found.append((t, value & 0x7FF, y, value >> 11))
        elif kind == 3:
            base, sign = value & 0x7FF, value >> 11
        elif kind in (4, 5):
            bits = 12 if kind == 4 else 8
            found += [(t, base + k, y, sign) for k in range(bits) if value >> k & 1]
            base += bits
        elif kind == 6:
            low = value
    return [event for event in found if event[1] < width and event[2] < height]


@pytest.mark.filterwarnings("ignore:.*events outside")
@pytest.mark.parametrize("seed", range(6))
def test_any_words_of_evt3(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = rng.choice([0, 2, 2, 3, 4, 4, 5, 6, 6, 8, 7, 10, 14, 15, 1], 20_000)
    words = ((kinds << 12) | rng.integers(0, 4096, len(kinds))).astype("<u2")
    data = b"% evt 3.0\n% geometry 1280x720\n% end\n" + words.tobytes()
    kind = formats()["evt3"]
    header = kind.header(io.BytesIO(data))
    parts = list(kind.chunks(io.BytesIO(data), header, 500))
    got = np.stack([np.concatenate([p[n] for p in parts]).astype(int) for n in COLUMNS], 1)
    assert got.tolist() == [list(event) for event in evt3_by_the_rules(words, 1280, 720)]


def evt2_words(*events: tuple[int, int]) -> bytes:
    """Events at x = 1, 2, 3, ... at the given times; each pair is time >> 6 and its low bits."""
    words = []
    for x, (high, low) in enumerate(events, 1):
        words += [0x80000000 | high, 0x10000000 | low << 22 | x << 11 | 7]
    return np.array(words, "<u4").tobytes()


def test_times_that_go_back(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(b"% evt 2.0\n% end\n" + evt2_words((1, 5), (1, 2), (0, 9), (2, 0)))
    file = sp.open_events(path)
    assert file.order == "clamp"
    assert file.read().t.tolist() == [69, 69, 69, 128] and file.out_of_order == 2
    sorted_ = sp.read_events(path, order="sort")
    assert sorted_.t.tolist() == [9, 66, 69, 128] and sorted_.x.tolist() == [3, 2, 1, 4]
    with pytest.raises(FileFormatError, match="times go back"):
        sp.read_events(path, order="file")
    with pytest.raises(ValidationError, match="order"):
        sp.read_events(path, order="random")


def test_clock_of_dat_wraps_but_not_of_jitter(tmp_path: Path) -> None:
    t = np.array([2**32 - 5, 3, 2**32 - 2, 4], "<u4")
    records = np.stack([t, np.arange(4, dtype="<u4")], 1).tobytes()
    (tmp_path / "a.dat").write_bytes(b"% Version 2\n\x00\x08" + records)
    file = sp.open_events(tmp_path / "a.dat", order="sort")
    assert (file.read().t - 2**32).tolist() == [-5, -2, 3, 4]


@pytest.mark.parametrize(
    ("lines", "size"),
    [
        ("% format EVT2;width=320;height=240\n% geometry 640x480\n", (320, 240)),
        ("% evt 2.0 \n% geometry 304x240 \n% system_ID 48\n", (304, 240)),
        ("% evt 2.0\n% system_ID 39\n", (1280, 720)),
        ("% system_ID 21\n", (640, 480)),
        ("% evt 2.0\n", (2, 8)),
    ],
)
@pytest.mark.parametrize("end", ["% end\n", ""])
def test_size_of_the_sensor(lines: str, size: tuple[int, int], end: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes((lines + end).encode() + evt2_words((4, 0)))
    events = sp.read_events(path)
    assert (events.width, events.height) == size and events.t.tolist() == [256]


def test_size_that_the_caller_knows(tmp_path: Path) -> None:
    (tmp_path / "car.dat").write_bytes(b"% Version 2\n\x0c\x08" + bytes(8))
    assert sp.read_events(tmp_path / "car.dat", geometry={"width": 120, "height": 100}).size == 24e3
    path = sp.write_events(tmp_path / "b.raw", rows(9))
    assert sp.open_events(path, geometry={"width": 1}).header.geometry["width"] == 640


def test_header_ends_where_it_says(tmp_path: Path) -> None:
    """The first byte of a word may be a per cent sign."""
    path = tmp_path / "a.raw"
    word = np.array([0x80000025, 0x00000A25], "<u4").tobytes()
    assert word[:1] == b"%"
    path.write_bytes(b"% evt 2.0\n% t0 1000\n% end\n" + word)
    assert sp.read_events(path).t.tolist() == [0x25 * 64 + 1000]


@pytest.mark.parametrize("order", ["little", "legacy"])
def test_order_of_halves_is_found_without_a_word_of_it(order: str, tmp_path: Path) -> None:
    path = sp.write_events(tmp_path / "a", rows(500), "evt21", endianness=order)
    bare = path.read_bytes().replace(f"endianness={order};".encode(), b"")
    path.write_bytes(bare)
    assert same(sp.read_events(path), rows(500))


def test_pixels_outside_are_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    path.write_bytes(b"% evt 2.0\n% geometry 3x10\n% end\n" + evt2_words(*[(1, 0)] * 4))
    with pytest.warns(UserWarning, match="2 events outside of 3x10"):
        assert sp.read_events(path).x.tolist() == [1, 2]


# ------------------------------------------------------------------ what cannot be


@pytest.mark.parametrize(
    ("name", "events", "message"),
    [
        ("evt3", CameraEvents([-4], [0], [0], [1]), "go from -4"),
        ("evt2", CameraEvents([1 << 42], [0], [0], [1]), "shifted"),
        ("evt4", CameraEvents([1], [2048], [0], [1]), "2049x1 pixels"),
        ("dat", CameraEvents([1, 1 << 32], [0, 0], [0, 0], [1, 1]), "before event 1"),
        ("evt21", UnitEvents([1], [0]), "UnitEvents"),
        ("prophesee-hdf5", CameraEvents([-1], [0], [0], [1]), "begin at -1"),
    ],
)
def test_what_a_format_cannot_hold(name: str, events: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.raw"
    path.write_text("before")
    with pytest.raises(ValidationError, match=message):
        sp.write_events(path, events, name)
    assert [p.name for p in tmp_path.iterdir()] == ["a.raw"] and path.read_text() == "before"


def test_names_and_endings(tmp_path: Path) -> None:
    for ending, name in ((".raw", "evt3"), (".evt2.raw", "evt2"), (".dat", "dat")):
        path = sp.write_events(tmp_path / f"a{ending}", rows(50))
        assert sp.open_events(path).format.name == name
    with pytest.raises(UnknownNameError, match="evt3"):
        sp.read_events(path, format="evt33")
    with pytest.raises(ValidationError, match="no such settings"):
        sp.write_events(tmp_path / "b.raw", rows(5), speed=3)
    (tmp_path / "c").write_bytes(b"% Version 2\n\x0e\x08")
    with pytest.raises(FileFormatError, match="triggers"):
        sp.read_events(tmp_path / "c")


def test_without_h5py(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(sp.errors.MissingExtraError, match=r"spikestack\[hdf5\]"):
        sp.write_events(tmp_path / "a.hdf5", rows(5))
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------ what is damaged


@pytest.mark.parametrize("name", NAMES)
def test_a_file_cut_anywhere(name: str, tmp_path: Path) -> None:
    events = rows(25, seed=3)
    data = encoded(name, events)
    kind, path = name_and_settings(name)[0], tmp_path / "cut"
    some = warned = 0
    for size in range(0, len(data), 37 if name == "prophesee-hdf5" else 1):
        path.write_bytes(data[:size])
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                got = sp.read_events(path, kind)
            except FileFormatError:
                continue
        assert same(got, events[: len(got)])
        some += len(got) > 0
        warned += any("in the midst of an event" in str(w.message) for w in told)
    if name != "prophesee-hdf5":
        assert some > len(events) and warned > len(events)


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(data)
    first = 0 if rng.random() < 0.3 else len(data) // 8
    for at in rng.integers(first, len(data), rng.integers(1, 12)):
        changed[at] = rng.choice([rng.integers(0, 256), 0, 255])
    if rng.random() < 0.2:
        del changed[rng.integers(0, len(data)) :]
    return bytes(changed)


def read_damaged(name: str, times: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = encoded(name, rows(400, seed=seed))
    kind = formats()[name_and_settings(name)[0]]
    for _ in range(times):
        bad = damaged(data, rng)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                header = kind.header(io.BytesIO(bad))
                held = 0
                for part in kind.chunks(io.BytesIO(bad), header, 1 << 20):
                    held += len(part["t"])
                    CameraEvents.sorted(**part, **header.geometry)
            except (FileFormatError, Truncated):
                continue
        assert held <= 64 * len(bad)


@pytest.mark.parametrize("name", NAMES)
def test_damaged_files(name: str) -> None:
    read_damaged(name, 300, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_many_damaged_files(name: str) -> None:
    read_damaged(name, 10_000, seed=2)


def test_a_heap_of_hdf5_that_its_library_would_walk_for_ever() -> None:
    data = bytearray(encoded("prophesee-hdf5", rows(40)))
    heap = data.index(b"GCOL")
    free = data.index(b"640x480", heap) + 8 + 24
    size = int.from_bytes(data[free + 8 : free + 16], "little")
    assert data[free : free + 8] == bytes(8) and heap + 4096 == free + size
    data[free + 9] = 1
    with pytest.raises(FileFormatError, match="global heap"):
        decoded("prophesee-hdf5", bytes(data))


@pytest.mark.parametrize("packed", range(3))
def test_damaged_blocks_of_the_codec(packed: int) -> None:
    rng = np.random.default_rng(packed)
    events = rows(300)
    data = np.zeros(20_000, np.uint8)
    size = ecf._encode(*(getattr(events, n) for n in COLUMNS), packed, data)
    whole = data[:size].tobytes()
    assert all(np.array_equal(ecf.decode(whole)[n], getattr(events, n)) for n in COLUMNS)
    for _ in range(1000):
        try:
            assert len(ecf.decode(damaged(whole, rng))["t"]) <= ecf.MOST
        except FileFormatError:
            continue
    for cut in range(size):
        with pytest.raises(FileFormatError):
            ecf.decode(whole[:cut] or b"\x04\0\0\0")
