"""Event Stream, N-MNIST, SLAYER, raw words, text, HDF5: of others, of ourselves, and damaged."""

from __future__ import annotations

import io
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coding import (
    camera,
    camera_events,
    decoded,
    encoded,
    endure,
    receptors,
    same,
    shared,
    unit_events,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from spikestack.errors import (
    FileFormatError,
    MissingExtraError,
    UnknownNameError,
    ValidationError,
)
from spikestack.sensors import files
from spikestack.sensors.events import CameraEvents, UnitEvents
from spikestack.sensors.files.bit_layouts import BitLayout
from spikestack.sensors.other_events import ColourEvents, MessageEvents, SpikeCounts

TIMELESS = BitLayout(
    11, {"unit": (83, 68), "t": (67, 40)}, "little", units=1000, tick=0.2, mask=255, value=7
)
RAW = {
    "words": {"layout": "t32_x16_y15_on1"},
    "datagrams": {"layout": "t64_x16_y16_on8"},
}
#: Format, settings for reading and writing, sensor, longest pause, last time.
CAMERAS: dict[str, tuple[str, dict[str, Any], tuple[int, int], int, int]] = {
    "event-stream": ("event-stream", {}, (640, 480), 100_000, 1 << 40),
    "nmnist": ("nmnist", {}, (256, 240), 10_000_000, 1 << 31),
    "bs2": ("bs2", {}, (256, 256), 1 << 22, (1 << 23) - 1),
    "bs3": ("bs3", {}, (4096, 4096), 1 << 22, (1 << 24) - 1),
    "words": ("raw-aer", RAW["words"], (65_536, 32_768), 1 << 31, 1 << 40),
    "datagrams": ("raw-aer", RAW["datagrams"], (65_536, 65_536), 1 << 50, 1 << 62),
    "csv": ("csv", {}, (640, 480), 1 << 40, 1 << 50),
}
UNITS: dict[str, tuple[int, int]] = {
    "bs1": (65_536, (1 << 23) - 1),
    "csv": (1 << 20, 1 << 50),
    "sonata": (1 << 32, 1 << 46),
    "nwb": (5000, 1 << 46),
}


@pytest.mark.parametrize("name", ["faery_es.es", "faery.csv"])
def test_files_of_others(name: str) -> None:
    events = files.read_events(shared(f"formats/{name}"))
    assert same(events, dict(np.load(shared("formats/events.npz")))) and len(events) == 3000
    assert (events.width, events.height) == (640, 480)


def test_nmnist_of_others() -> None:
    truth = dict(np.load(shared("formats/nmnist_expected.npz")))
    events = files.read_events(shared("formats/handmade_nmnist.bin"))
    assert same(events, truth) and len(events) == 600


def test_real_recordings() -> None:
    """Five digits of N-MNIST, against the same events as the README's table holds them."""
    table = np.load(shared("nmnist-small/nmnist_train900.npz"))
    counts = []
    for sample in range(1, 6):
        events = files.read_events(shared(f"nmnist-small/raw/{sample}.bs2"))
        at = int(np.flatnonzero(table["sample_id"] == sample)[0])
        begin, end = table["offsets"][at : at + 2]
        assert same(events, {c: table[c][begin:end] for c in "txyp"})
        counts.append(len(events))
    assert counts == [4681, 5028, 3307, 2723, 3913]


@pytest.mark.parametrize("name", CAMERAS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_cameras_are_read_as_written(name: str, data: st.DataObject) -> None:
    kind, options, (width, height), pause, last = CAMERAS[name]
    events = data.draw(camera_events(width, height, pause, last))
    written = encoded(kind, events, **options)
    back, cut = decoded(kind, written, most=data.draw(st.integers(1, 30)), **options)
    assert same(back, events) and not cut


@pytest.mark.parametrize("name", UNITS)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_units_are_read_as_written(name: str, data: st.DataObject) -> None:
    if name in {"sonata", "nwb"}:
        pytest.importorskip("h5py")
    units, last = UNITS[name]
    events = data.draw(unit_events(units, last, last))
    back, cut = decoded(name, encoded(name, events), most=data.draw(st.integers(1, 30)))
    assert not cut and np.array_equal(back.t, events.t)
    order = np.lexsort((events.unit, events.t)) if name == "nwb" else slice(None)
    assert np.array_equal(back.unit, events.unit[order])


def whole_bytes(name: str, data: bytes, size: int) -> int:
    """Where events of a fixed size begin."""
    return 20 if name == "event-stream" else len(data) % size


@pytest.mark.parametrize(
    ("name", "size"),
    [("event-stream", 5), ("nmnist", 5), ("bs2", 5), ("bs3", 7), ("words", 8), ("datagrams", 13)],
)
def test_cut_anywhere(name: str, size: int) -> None:
    kind, options, *_ = CAMERAS[name]
    events = camera(20)
    data = encoded(kind, events, **options)
    begin = whole_bytes(name, data, size)
    for stop in range(begin, len(data)):
        back, cut = decoded(kind, data[:stop], **options)
        n = (stop - begin) // size
        assert len(back) == n and same(back, events, n)
        assert cut == ((stop - begin) % size > 0)


@pytest.mark.parametrize("units", [False, True])
def test_text_cut_anywhere(units: bool) -> None:
    """A number may be cut short, so that only a line break or a polarity ends an event."""
    events: Any = receptors(20) if units else camera(20)
    data = encoded("csv", events)
    begin = data.index(b"\n") + 1
    for stop in range(len(data)):
        if stop < begin:
            with pytest.raises(FileFormatError):
                decoded("csv", data[:stop])
            continue
        back, cut = decoded("csv", data[:stop])
        lines = data[begin:stop].split(b"\n")
        ended = not units and lines[-1].count(b",") == 3 and not lines[-1].endswith(b",")
        n = len(lines) - 1 + ended
        assert len(back) == n and same(back, events, n)
        assert cut == (bool(lines[-1]) and not ended)


def others(n: int) -> list[tuple[str, Any]]:
    """Colours, messages and counts."""
    rng, t = np.random.default_rng(0), camera(n).t
    rgb = {name: rng.integers(0, 256, n) for name in "rgb"}
    texts = [rng.bytes(int(size)) for size in rng.integers(0, 300, n)]
    counts = {"unit": rng.integers(0, 50, n), "count": rng.integers(0, 9, n)}
    return [
        ("event-stream", ColourEvents(t, camera(n).x, camera(n).y, **rgb, width=34, height=34)),
        ("event-stream", MessageEvents(t, texts)),
        ("bsn", SpikeCounts(t, t + rng.integers(0, 500, n), **counts, units=50)),
    ]


DAMAGED = [
    *((kind, {}, events) for kind, events in others(60)),
    *((k, o, camera(60)) for k, o, *_ in CAMERAS.values()),
    ("csv", {}, receptors(60)),
    ("bs1", {}, receptors(60)),
]


@pytest.mark.parametrize(("kind", "options", "events"), DAMAGED)
def test_damaged_files_raise_only_their_error(kind: str, options: Any, events: Any) -> None:
    endure(kind, encoded(kind, events, **options), 300, **options)


@pytest.mark.parametrize("kind", ["sonata", "nwb", "shd"])
def test_damaged_hdf5_raises_only_its_error(kind: str) -> None:
    pytest.importorskip("h5py")
    endure(kind, encoded(kind, receptors(200)), 200)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sonata", "nwb", "shd", "prophesee-hdf5"])
def test_many_damaged_hdf5_files(kind: str) -> None:
    pytest.importorskip("h5py")
    events = camera(200) if kind == "prophesee-hdf5" else receptors(200)
    endure(kind, encoded(kind, events), 10_000)


@pytest.mark.parametrize(
    ("kind", "least"), [("prophesee-hdf5", 0.7), ("nwb", 0.7), ("sonata", 0.2), ("shd", 0.0)]
)
def test_hdf5_cut_anywhere(kind: str, least: float, tmp_path: Path) -> None:
    """Whole chunks and entries before the cut are given; else the error says that it is cut."""
    pytest.importorskip("h5py")
    events: Any = camera(120_000) if kind == "prophesee-hdf5" else receptors(9000)
    if kind == "nwb":  # by units, as its file holds them
        events = UnitEvents(events.t, np.sort(events.unit), events.units)
    data, path, given = encoded(kind, events), tmp_path / "cut", []
    for stop in np.linspace(8, len(data) - 1, 40).astype(int).tolist():
        path.write_bytes(data[:stop])
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                back = files.read_events(path)
        except FileFormatError as error:
            assert "cut off" in str(error)
            continue
        given.append(len(back))
        assert kind == "shd" or same(back, events, len(back))
        assert len(back) == len(events) or f"has {stop} of {len(data)} bytes" in str(told[0])
    assert given == sorted(given) and np.sum(np.array(given) > 0) >= least * 40


def test_an_hdf5_file_that_says_it_is_longer_is_not_padded_in_memory() -> None:
    """The end is moved to 2^60: its events are all there, and it is said to be cut."""
    pytest.importorskip("h5py")
    data = bytearray(encoded("prophesee-hdf5", camera(100)))
    data[40:48] = (1 << 60).to_bytes(8, "little")
    back, cut = decoded("prophesee-hdf5", bytes(data))
    assert same(back, camera(100)) and not cut


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "options", "events"), DAMAGED)
def test_many_damaged_files(kind: str, options: Any, events: Any) -> None:
    endure(kind, encoded(kind, events, **options), 20_000, **options)


def test_event_stream_of_an_atis() -> None:
    """Changes are given, exposures skipped; 0xFC to 0xFF add 63 us times their lower bits."""
    head = b"Event Stream\x02\x00\x00\x02" + bytes((10, 0, 8, 0))
    rows = [0xFF, 5 << 2 | 2, 1, 0, 0, 0, 3 << 2 | 1, 9, 0, 7, 0, 0xFD, 1 << 2, 2, 0, 7, 0]
    events, _ = decoded("event-stream", head + bytes(rows))
    table = np.stack([events.t, events.x, events.y, events.p], 1)
    assert table.tolist() == [[194, 1, 7, 1], [261, 2, 0, 0]]


def test_event_stream_of_colours_by_hand() -> None:
    """0xFF is 254 us, 0xFE nothing; rows are counted from below."""
    head = b"Event Stream\x02\x00\x00\x04" + bytes((44, 1, 8, 0))
    rows = [0xFF, 0xFE, 10, 43, 1, 7, 0, 1, 2, 3, 253, 0, 0, 0, 0, 255, 0, 9, 5, 1]
    events, cut = decoded("event-stream", head + bytes(rows))
    table = np.stack([getattr(events, name) for name in ColourEvents.columns], 1)
    assert table.tolist() == [[264, 299, 0, 1, 2, 3], [517, 0, 7, 255, 0, 9]] and cut
    assert events.shape == (8, 300) and events.unit.tolist() == [299, 2100]


def test_event_stream_of_messages_by_hand() -> None:
    """A length has seven bits in each byte, above the bit that says that another follows."""
    head = b"Event Stream\x02\x00\x00\x00"
    long = bytes(range(256)) * 2
    data = bytes((3, 5 << 1)) + b"hello" + bytes((0xFF, 1, 0)) + bytes((0, 1, 4 << 1)) + long
    events, cut = decoded("event-stream", head + data, most=1)
    assert events.t.tolist() == [3, 258, 258] and not cut
    assert events.data.tolist() == [b"hello", b"", long]
    assert decoded("event-stream", head + data[:-1])[1]


def test_counts_of_slayer_by_hand() -> None:
    data = bytes((1, 2, 0, 3, 232, 0, 7, 208, 0, 4)) + bytes((0, 5, 0, 3, 232, 1, 0, 0, 2, 0))
    events, cut = decoded("bsn", data)
    table = np.stack([getattr(events, name) for name in SpikeCounts.columns], 1)
    assert table.tolist() == [[1000, 2000, 258, 4], [1000, 65536, 5, 512]] and not cut
    spikes = events[:1].spread()
    assert spikes.t.tolist() == [1125, 1375, 1625, 1875] and set(spikes.unit) == {258}
    with pytest.raises(FileFormatError, match="from 1000 to 999 us"):
        decoded("bsn", bytes((0, 0, 0, 3, 232, 0, 3, 231, 0, 0)))


@pytest.mark.parametrize("which", range(3))
@pytest.mark.parametrize("most", [1, 7, 1 << 16])
def test_other_events_are_read_as_written(which: int, most: int, tmp_path: Path) -> None:
    kind, events = others(200)[which]
    data = encoded(kind, events)
    back, cut = decoded(kind, data, most=most)
    assert same(back, events) and not cut
    for stop in range(20, len(data), 61):
        back, cut = decoded(kind, data[:stop], most=most)
        assert same(back, events, len(back)) and len(back) < 200
    path = tmp_path / f"a{'.es' if kind == 'event-stream' else '.bsn'}"
    files.write_events(path, events)
    known = {"units": 50} if kind == "bsn" else {}
    again = files.read_events(path, geometry=known)
    assert same(again, events) and again.size == events.size
    assert sum(map(len, files.open_events(path))) == 200


def test_event_stream_read_at_once_and_in_pieces(tmp_path: Path) -> None:
    events = camera(5000, pause=2000)
    path = files.write_events(tmp_path / "a.es", events)
    assert same(files.read_events(path), events)
    path.write_bytes(path.read_bytes()[:-2])
    for read in (files.open_events(path).read, lambda: list(files.open_events(path))[-1]):
        with pytest.warns(UserWarning, match="3 bytes into an event of 5; the events before"):
            back = read()
        assert len(back) == 4999


def test_pauses_of_nmnist() -> None:
    """An hour of 23 bits: events of row 240, which no reader gives, lengthen all that follow."""
    events = CameraEvents([0, 9_000_000, 9_000_000, 1_200_000_000], [1] * 4, [2] * 4, [0, 1, 0, 1])
    data = encoded("nmnist", events)
    assert (np.frombuffer(data, np.uint8)[1::5] == 240).sum() > 1000
    assert same(decoded("nmnist", data, most=7)[0], events)


def test_a_layout_of_bits() -> None:
    """11 bytes, a field across the middle of 64 bits, a tick of 0.2 us, and marks."""
    events = UnitEvents([0, 1, 7, 5000], [3, 999, 0, 4], 1000)
    data = encoded("raw-aer", events, layout=TIMELESS)
    other = bytearray(data[:11])
    other[0] = 8
    back, _ = decoded("raw-aer", b"head" + data + other, layout=TIMELESS, skip=4)
    assert same(back, events) and back.units == 1000
    assert int.from_bytes(data[11:22], "little") == 999 << 68 | 5 << 40 | 7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 17}, "1 to 16 bytes"),
        ({"fields": {"t": (7, 0)}}, "t, unit"),
        ({"fields": {"t": (7, 0), "unit": (88, 80)}}, "bits of the record"),
        ({"tick": 0.0}, "above 0"),
        ({"byte_order": "middle"}, "'big' or 'little'"),
    ],
)
def test_layouts_that_cannot_be(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        BitLayout(**{"size": 10, "fields": {"t": (31, 0), "unit": (47, 32)}, **change})


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("1000 1 2 1\n2500 3 4 0\n", {}),
        ("# made by hand\nx;y;p;t\r\n1;2;1;1000\r\n\r\n3;4;-1;2500\r\n", {}),
        ("0.001\t1\t2\t1\n2.5e-3\t3\t4\t0", {"time_unit": "s"}),
        (
            "1.0,2,1,left,1000000\n3,4,0,right,2500000.4",
            {"columns": "x,y,p,-,t", "time_unit": "ns"},
        ),
        ("timestamp, row, col, polarity\n1, 2, 1, 1\n2.5, 4, 3, 0\n", {"time_unit": "ms"}),
    ],
)
@pytest.mark.filterwarnings("error")
def test_dialects_of_text(text: str, options: dict[str, Any]) -> None:
    events, cut = decoded("csv", text.encode(), **options)
    rows = np.stack([events.t, events.x, events.y, events.p], 1)
    if cut:  # a last number without line break may have lost digits
        assert text.endswith("2500000.4") and len(rows) == 1
    assert rows.tolist() == [[1000, 1, 2, 1], [2500, 3, 4, 0]][: len(rows)]


@pytest.mark.parametrize(
    "text",
    [
        "1,2,3,1\n1,2,3\n",
        "1,2,3,1\n1,2.5,3,1\n",
        "1,2,3,1\n1,70000,3,1\n",
        "1,2,3,2\n",
        "1,2,3,1\n1,-2,3,1\n",
        "1,2,3,1\n9e99,2,3,1\n",
        "1,2,3,1\n,2,3,1\n",
        "a,b,c,d\n1,2,3,1\n",
        "1,2,3\n",
        "\n\n",
        "1,2,3,1\n" + "9" * 5000,
    ],
)
def test_text_that_holds_no_events(text: str) -> None:
    with pytest.raises(FileFormatError):
        decoded("csv", text.encode())


def test_spoken_digits() -> None:
    h5py = pytest.importorskip("h5py")
    path = shared("formats/handmade_shd_layout.h5")
    with h5py.File(path) as data:
        times, units = data["spikes/times"][:], data["spikes/units"][:]
        labels = data["labels"][:].tolist()
    from spikestack.sensors.files.shd import samples

    every = list(samples(path))
    assert [label for _, label in every] == labels and len(every) == 4
    for i, (events, _) in enumerate(every):
        order = np.argsort(times[i], kind="stable")
        assert np.array_equal(events.t, np.rint(times[i][order].astype(float) * 1e6))
        assert np.array_equal(events.unit, units[i][order]) and events.units == 700
        file = files.open_events(path, sample=i)
        assert same(file.read(), events)
        assert file.header.about == {"samples": 4, "sample": i, "label": labels[i]}
    with pytest.raises(ValidationError, match="0 to 3"):
        files.open_events(path, sample=4)


def test_samples_are_read_as_written(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    from spikestack.sensors.files.shd import samples

    first, second = (UnitEvents([0, 250_000, 500_000], [1, i, 7], 8) for i in (2, 5))
    path = tmp_path / "digits.h5"
    files.write_events(path, first, "shd", label=3, more=[(second, 19)])
    (a, label_a), (b, label_b) = samples(path, units=8)
    assert (label_a, label_b) == (3, 19) and same(a, first) and same(b, second)
    assert files.open_events(path).format.name == "shd"


def test_spikes_of_sonata() -> None:
    h5py = pytest.importorskip("h5py")
    path = shared("formats/handmade_sonata_spikes.h5")
    events = files.read_events(path)
    with h5py.File(path) as data:
        group = data["spikes/cells"]
        times, ids = group["timestamps"][:], group["node_ids"][:]
    order = np.argsort(times, kind="stable")
    assert len(events) == 200 and np.array_equal(events.t, np.rint(times[order] * 1000))
    assert np.array_equal(events.unit, ids[order])
    with pytest.raises(UnknownNameError, match="cells"):
        files.open_events(path, population="cell")


def test_hdf5_is_told_apart_by_its_arrays(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    for name, kind in (("a.nwb", "nwb"), ("b.sonata.h5", "sonata")):
        path = files.write_events(tmp_path / name, receptors(50))
        assert files.open_events(path.rename(tmp_path / f"{kind}.x")).format.name == kind
    with h5py.File(tmp_path / "c.h5", "w") as data:
        data["something"] = 5
    with pytest.raises(FileFormatError, match="no known format"):
        files.open_events(tmp_path / "c.h5")


def test_an_array_larger_than_its_file_is_refused(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = files.write_events(tmp_path / "a.sonata.h5", receptors(50))
    with h5py.File(path, "r+") as data:
        group = data["spikes/spikes"]
        del group["timestamps"], group["node_ids"]
        for name, kind in (("timestamps", "f8"), ("node_ids", "u8")):
            group.create_dataset(name, (1 << 40,), kind, chunks=(1 << 16,))
    with pytest.raises(FileFormatError, match="1099511627776 entries in 0 bytes"):
        files.read_events(path)


def test_a_sample_longer_than_its_file_is_refused() -> None:
    h5py = pytest.importorskip("h5py")
    data = bytearray(encoded("shd", receptors(50)))
    with h5py.File(io.BytesIO(data)) as opened:
        place = opened["spikes/times"].id.get_offset()
    data[place : place + 4] = b"\xff\xff\xff\x7f"
    with pytest.raises(FileFormatError, match="longer than its file"):
        decoded("shd", bytes(data))


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"spikestack\[hdf5\]"):
        files.write_events(tmp_path / "a.nwb", receptors(5))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("kind", "events", "message"),
    [
        ("event-stream", receptors(3), "CameraEvents"),
        ("event-stream", CameraEvents([10**15], [0], [0], [0]), "shift the events"),
        ("nmnist", CameraEvents([1], [0], [240], [0]), "240 does not fit; 0 to 239"),
        ("bs2", CameraEvents([1 << 23], [0], [0], [0]), "t: 8388608 does not fit"),
        ("bs1", UnitEvents([-1], [0]), "t: -1 does not fit"),
        ("bsn", SpikeCounts([1], [1 << 24], [0], [1]), "end: 16777216 does not fit"),
        ("bsn", receptors(3), "SpikeCounts"),
        ("event-stream", MessageEvents([-1], [b""]), "from 0 on"),
        ("sonata", camera(3), "UnitEvents"),
        ("raw-aer", camera(3), "nothing in the file tells it"),
    ],
)
def test_what_cannot_be_written(kind: str, events: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        encoded(kind, events)


def test_settings_that_a_format_does_not_have(tmp_path: Path) -> None:
    path = files.write_events(tmp_path / "a.es", camera(3))
    with pytest.raises(UnknownNameError, match="layout"), warnings.catch_warnings():
        files.open_events(path, layout="dvs128")
