"""AEDAT 1 to 4: what others wrote, what we write, and what is damaged."""

from __future__ import annotations

import io
import struct
import sys
from typing import Any

import numpy as np
import pytest
from coding import camera, camera_events, decoded, encoded, endure, same, shared
from hypothesis import given, settings
from hypothesis import strategies as st

from spikestack.errors import FileFormatError, MissingExtraError, ValidationError
from spikestack.sensors import files
from spikestack.sensors.events import CameraEvents
from spikestack.sensors.files.aedat2 import LAYOUTS
from spikestack.sensors.files.compression import compress, expand
from spikestack.sensors.files.flatbuffers import root
from spikestack.sensors.files.opening import formats

#: Format, settings for writing, sensor, longest pause.
CASES: dict[str, tuple[str, dict[str, Any], tuple[int, int], int]] = {
    **{n: ("aedat2", {"layout": n}, (v.width, v.height), 1 << 31) for n, v in LAYOUTS.items()},
    "aedat3": ("aedat3", {}, (640, 480), 1 << 33),
    "none": ("aedat4", {"compression": "none"}, (640, 480), 1 << 40),
    "lz4": ("aedat4", {"compression": "lz4"}, (640, 480), 1 << 40),
    "zstd": ("aedat4", {"compression": "zstd"}, (640, 480), 1 << 40),
}


def case(name: str) -> tuple[str, dict[str, Any], tuple[int, int], int]:
    if name in {"lz4", "zstd"}:
        pytest.importorskip({"lz4": "lz4.frame", "zstd": "zstandard"}[name])
    return CASES[name]


@pytest.mark.parametrize(
    "name", ["v31.aedat", "none.aedat4", "lz4.aedat4", "zstd.aedat4", "davis346_v2.aedat"]
)
@pytest.mark.filterwarnings("ignore:.*does not say of which camera")
def test_files_of_others(name: str) -> None:
    if name.endswith("aedat4"):
        case(name.removesuffix(".aedat4"))
    by = "handmade" if name.endswith(".aedat") else "faery"
    truth = dict(np.load(shared("formats/events.npz")))
    if "davis" in name:
        inside = (truth["x"] < 346) & (truth["y"] < 260)
        truth = {column: truth[column][inside] for column in "txyp"}
    events = files.read_events(shared(f"formats/{by}_{name}"))
    assert len(events) == (847 if "davis" in name else 3000) and same(events, truth)
    assert (events.width, events.height) == ((346, 260) if "davis" in name else (640, 480))


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_what_is_written_is_read(name: str, data: st.DataObject) -> None:
    kind, options, (width, height), pause = case(name)
    events = data.draw(camera_events(width, height, pause))
    back, cut = decoded(kind, encoded(kind, events, **options), most=data.draw(st.integers(1, 30)))
    assert same(back, events) and not cut
    assert (back.width, back.height) == (width, height)


@pytest.mark.parametrize("name", CASES)
def test_many_packets_in_pieces_of_any_size(name: str) -> None:
    kind, options, (width, height), _ = case(name)
    events = camera(40_000, width, height)
    data = encoded(kind, events, **options)
    for most in (1000, 16_384, 1 << 20):
        assert same(decoded(kind, data, most)[0], events)


@pytest.mark.parametrize("name", CASES)
def test_cut_anywhere(name: str) -> None:
    kind, options, (width, height), _ = case(name)
    events = camera(20, width, height)
    data = encoded(kind, events, **options)
    if kind == "aedat2":
        begin, size = data.index(b"Header\r\n") + 8, 8
    elif kind == "aedat3":
        begin, size = data.index(b"END-HEADER\r\n") + 12 + 28, 8
    else:
        begin, size = formats()[kind].header(io.BytesIO(data)).offset, 16
        plain = data.find(struct.pack("<qhh", events.t[0], events.x[0], events.y[0]))
        begin = plain if name == "none" else begin
    known = {"layout": name} if kind == "aedat2" else {}
    last = 0
    for stop in range(40, len(data)):
        try:
            back, cut = decoded(kind, data[:stop], **known)
        except FileFormatError:
            assert stop <= begin and not last
            continue
        n = len(back)
        assert same(back, events, n) and n >= last
        last = n
        if name not in {"lz4", "zstd"} and stop >= begin:
            assert n == min((stop - begin) // size, 20)
        assert cut or stop < begin or (kind == "aedat2" and (stop - begin) % size == 0)
    assert last == (20 if kind == "aedat4" else 19)


@pytest.mark.parametrize("name", CASES)
def test_damaged_files_raise_only_their_error(name: str) -> None:
    kind, options, (width, height), _ = case(name)
    known = {"layout": name} if kind == "aedat2" else {}
    endure(kind, encoded(kind, camera(60, width, height), **options), 300, **known)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_many_damaged_files(name: str) -> None:
    kind, options, (width, height), _ = case(name)
    known = {"layout": name} if kind == "aedat2" else {}
    endure(kind, encoded(kind, camera(300, width, height), **options), 20_000, **known)


def test_addresses_of_a_dvs128() -> None:
    """ON is 0; both axes are turned; bit 15 is no pixel. As jAER's DVS128 has it."""
    rows = struct.pack(">IIIIII", (5 << 8) | (3 << 1), 10, 0x8000, 11, (5 << 8) | (3 << 1) | 1, 12)
    events, _ = decoded("aedat2", b"#!AER-DAT2.0\r\n" + rows, layout="dvs128")
    assert np.stack([events.t, events.x, events.y, events.p], 1).tolist() == [
        [10, 124, 122, 1],
        [12, 124, 122, 0],
    ]
    short = struct.pack(">HIHI", (5 << 8) | (3 << 1), 10, (5 << 8) | (3 << 1) | 1, 12)
    again, _ = decoded("aedat2", b"#!AER-DAT1.0\r\n" + short, layout="dvs128")
    assert same(again, events)


def test_a_camera_that_is_not_named_is_guessed_with_a_warning() -> None:
    line = b"#!AER-DAT2.0\r\n"
    with pytest.warns(UserWarning, match="taken as davis346; pass layout="):
        decoded("aedat2", line + struct.pack(">II", 200 << 22, 1))
    with pytest.warns(UserWarning, match="taken as dvs128"):
        decoded("aedat2", line + struct.pack(">II", 200, 1))
    named = line + b"# AEChip: eu.seebetter.ini.chips.davis.DAVIS240C\r\n"
    assert decoded("aedat2", named + struct.pack(">II", 0, 1))[0].width == 240


def test_time_of_32_bits_goes_on_after_its_end() -> None:
    """Also if the wrap is between two samples of brightness, which are skipped."""
    words = [(0, (1 << 32) - 5), (1 << 31, (1 << 32) - 2), (1 << 31, 3), (0, 4), (0, 9)]
    data = b"#!AER-DAT2.0\r\n" + b"".join(struct.pack(">II", *w) for w in words)
    events, _ = decoded("aedat2", data, most=1, layout="davis346")
    assert events.t.tolist() == [(1 << 32) - 5, (1 << 32) + 4, (1 << 32) + 9]


def test_other_packets_and_streams_are_skipped() -> None:
    events = camera(50)
    data = encoded("aedat3", events)
    at = data.index(b"END-HEADER\r\n") + 12
    frame = struct.pack("<hhiiiiii", 2, 0, 36, 4, 0, 2, 2, 2) + bytes(72)
    assert same(decoded("aedat3", data[:at] + frame + data[at:] + frame)[0], events)
    data = encoded("aedat4", events)
    end = 14 + 4 + struct.unpack_from("<I", data, 14)[0]
    imu = struct.pack("<ii", 7, 12) + bytes(12)
    assert same(decoded("aedat4", data[:end] + imu + data[end:])[0], events)


def test_the_table_of_packets_tells_where_they_are() -> None:
    events = camera(40_000)
    data = encoded("aedat4", events)
    table_at = formats()["aedat4"].header(io.BytesIO(data)).about["table_at"]
    begin, n = root(data, b"FTAB", table_at + 4).vector(0)
    assert n == 3
    counts = []
    for i in range(n):
        offset = struct.unpack_from("<I", data, begin + 4 * i)[0]
        row = begin + 4 * i + offset
        _, size, place, count, first, last = struct.unpack_from("<iiqqqq", data, row + 4)
        assert data[place + 8 : place + 12] == b"EVTS"
        assert struct.unpack_from("<ii", data, place - 8) == (0, size)
        assert (first, last) == (events.t[sum(counts)], events.t[sum(counts) + count - 1])
        counts.append(count)
    assert sum(counts) == 40_000


@pytest.mark.parametrize(("kind", "module"), [(1, "lz4.frame"), (3, "zstandard")])
def test_frames_do_not_expand_without_bound(kind: int, module: str) -> None:
    pytest.importorskip(module)
    assert expand(compress(bytes(9000), kind), kind) == (bytes(9000), True)
    huge = compress(bytes(1 << 27), kind)
    if kind == 3:
        with pytest.raises(FileFormatError, match="expands beyond"):
            expand(huge, kind)
    else:
        assert len(expand(huge, kind)[0]) <= 256 * len(huge)


@pytest.mark.parametrize(("name", "module"), [("lz4", "lz4.frame"), ("zstd", "zstandard")])
def test_a_missing_library_is_named(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, options, _, _ = case(name)
    data = encoded(kind, camera(5), **options)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"spikestack\[aedat\]"):
        decoded(kind, data)


def test_what_cannot_be_written() -> None:
    with pytest.raises(ValidationError, match="x: 400 does not fit; 0 to 345"):
        encoded("aedat2", CameraEvents([1], [400], [0], [1]), layout="davis346")
    with pytest.raises(ValidationError, match="begin at 0"):
        encoded("aedat2", camera(3).shifted(-1), layout="davis346")
    with pytest.raises(ValidationError, match="compression"):
        encoded("aedat4", camera(3), compression="zip")
