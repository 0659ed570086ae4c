"""The file container: exact round trips, and every damaged file refused by name."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from spikestack import storage
from spikestack.errors import FileFormatError, ValidationError
from spikestack.storage import read_archive, write_archive

HEADER = {"name": "x", "nested": {"list": [1, 2.5, None, True]}}
ARRAYS = {
    "steps": np.arange(300, dtype=np.int64),
    "deep/part.one": np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4),
    "flags": np.array([True, False]),
    "scalar": np.array(2.5),
    "empty": np.zeros((0, 3), np.uint8),
}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "a.spk"
    write_archive(path, "test", HEADER, ARRAYS)
    return path


def rewritten(path: Path, **changes: Any) -> Path:
    """The same archive with keys of its manifest replaced."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(entries["header.json"]) | changes
    entries["header.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def assert_same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> None:
    assert list(first) == list(second)
    for name, array in first.items():
        assert array.dtype == second[name].dtype
        assert array.shape == second[name].shape
        assert array.tobytes() == second[name].tobytes()


def test_round_trip(saved: Path) -> None:
    header, arrays = read_archive(saved, "test")
    assert header == HEADER
    assert_same(ARRAYS, arrays)
    arrays["steps"][0] = 7


def test_same_content_gives_same_bytes(saved: Path, tmp_path: Path) -> None:
    write_archive(tmp_path / "b", "test", HEADER, ARRAYS)
    assert (tmp_path / "b").read_bytes() == saved.read_bytes()


DTYPES = st.sampled_from([np.dtype(name) for name in storage.DTYPES])


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    array=DTYPES.flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=4))
    ),
    header=st.dictionaries(
        st.text(), st.recursive(st.none() | st.floats() | st.integers() | st.text(), st.lists)
    ),
)
def test_any_array_and_header_come_back(
    tmp_path: Path, array: np.ndarray, header: dict[str, Any]
) -> None:
    write_archive(tmp_path / "f", "test", header, {"x": array})
    back, arrays = read_archive(tmp_path / "f", "test")
    assert repr(back) == repr(header)
    assert_same({"x": np.asarray(array)}, arrays)


def test_layouts_are_normalised(tmp_path: Path) -> None:
    base = np.arange(12.0).reshape(3, 4)
    write_archive(
        tmp_path / "f", "test", {}, {"t": base.T, "s": base[:, ::2], "b": base.astype(">f8")}
    )
    _, arrays = read_archive(tmp_path / "f", "test")
    np.testing.assert_array_equal(arrays["t"], base.T)
    np.testing.assert_array_equal(arrays["s"], base[:, ::2])
    np.testing.assert_array_equal(arrays["b"], base)


def test_nan_infinity_and_numpy_scalars_in_header(tmp_path: Path) -> None:
    values = {
        "a": [math.nan, math.inf, -math.inf],
        "b": np.float64(2.5),
        "c": np.int32(3),
        "d": (1,),
    }
    write_archive(tmp_path / "f", "test", values, {})
    header, _ = read_archive(tmp_path / "f", "test")
    assert math.isnan(header["a"][0])
    assert header["a"][1:] == [math.inf, -math.inf]
    assert (header["b"], header["c"], header["d"]) == (2.5, 3, [1])


@pytest.mark.parametrize(
    "array",
    [
        np.array([object()]),
        np.array(["text"]),
        np.zeros(1, complex),
        np.zeros(1, "f2"),
        np.zeros(1, "M8[s]"),
        np.zeros(1, [("a", "i4")]),
        np.ma.masked_array([1, 2], [True, False]),
        np.zeros((1,) * 33),
    ],
)
def test_unsafe_arrays_are_refused_and_leave_nothing(tmp_path: Path, array: np.ndarray) -> None:
    with pytest.raises(ValidationError, match="array 'x'"):
        write_archive(tmp_path / "f", "test", {}, {"x": array})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["../x", "/x", "x/../y", "x//y", "", ".", "a b", "é", "x" * 201])
def test_unsafe_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValidationError, match="not a name"):
        write_archive(tmp_path / "f", "test", {}, {name: np.zeros(1)})


@pytest.mark.parametrize("value", [{1: 2}, object(), b"x", {"a": {1, 2}}])
def test_headers_that_are_not_plain_are_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(ValidationError, match="header"):
        write_archive(tmp_path / "f", "test", {"key": value}, {})


def test_failing_write_keeps_the_old_file(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved.read_bytes()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, interrupt)
            with pytest.raises(KeyboardInterrupt):
                write_archive(saved, "test", {"new": 1}, ARRAYS)
        assert saved.read_bytes() == before
        assert list(saved.parent.iterdir()) == [saved]


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_killed_at_any_moment_the_file_is_whole(tmp_path: Path) -> None:
    script = (
        "import sys, numpy as np; from spikestack.storage import write_archive\n"
        "for i in range(10**6):\n"
        "    write_archive(sys.argv[1], 'test', {'i': i}, {'x': np.full(200_000, i)})\n"
    )
    path = tmp_path / "f"
    for pause in (0.0, 0.013, 0.029):
        process = subprocess.Popen([sys.executable, "-c", script, str(path)])
        deadline = time.monotonic() + 60
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.wait()
        header, arrays = read_archive(path, "test")
        assert (arrays["x"] == header["i"]).all()
        path.unlink()


def test_writing_follows_links_and_the_umask(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(saved)
    write_archive(tmp_path / "link", "test", {"new": 1}, {})
    assert (tmp_path / "link").is_symlink()
    assert read_archive(saved, "test")[0] == {"new": 1}
    (tmp_path / "plain").touch()
    assert saved.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_writing_into_nowhere_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such folder"):
        write_archive(tmp_path / "no" / "f", "test", {}, {})
    with pytest.raises(IsADirectoryError, match="folder"):
        write_archive(tmp_path, "test", {}, {})


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no such file.*nothing"):
        read_archive(tmp_path / "nothing", "test")


def refused(path: Path, match: str) -> None:
    with pytest.raises(FileFormatError, match=match) as caught:
        read_archive(path, "test")
    assert str(path) in str(caught.value)


def test_things_that_are_not_archives(tmp_path: Path) -> None:
    refused(tmp_path, "is a folder")
    path = tmp_path / "f"
    for content in (b"", b"hello", b"PK\x03\x04", os.urandom(1000)):
        path.write_bytes(content)
        refused(path, "damaged")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("other", "x")
    refused(path, r"no header\.json")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("header.json", "[" * 100_000)
    refused(path, "damaged")
    np.savez(tmp_path / "n.npz", x=np.zeros(3))
    refused(tmp_path / "n.npz", r"no header\.json")


@pytest.mark.skipif(os.name != "posix", reason="named pipes")
def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "not an ordinary file")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_unreadable_file(saved: Path) -> None:
    saved.chmod(0)
    refused(saved, "permissions")


def test_unreadable_file_is_a_format_error(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", deny)
    refused(saved, "Permission denied.*permissions")


def test_another_kind_and_later_versions(saved: Path) -> None:
    with pytest.raises(FileFormatError, match="holds 'test', not 'network'"):
        read_archive(saved, "network")
    refused(rewritten(saved, version=2), "version 2.*later Spikestack")
    for version in (0, "1", None):
        refused(rewritten(saved, version=version), "version")
    refused(rewritten(saved, format="other"), "not written by Spikestack")


def described(**changes: Any) -> dict[str, Any]:
    return {"dtype": "float64", "shape": [3], "sha256": "", **changes}


@pytest.mark.parametrize(
    "entry",
    [
        described(shape=[10**12]),
        described(shape=[2**40, 2**40]),
        described(shape=[-3]),
        described(shape=[True]),
        described(shape=3),
        described(shape=[3.0]),
        described(shape=[1] * 40),
        described(dtype="object"),
        described(dtype="int64"),
        described(dtype=["a"]),
        described(shape=[1, 3]),
        described(),
        {},
        None,
    ],
)
def test_false_declarations_are_refused(tmp_path: Path, entry: Any) -> None:
    path = tmp_path / "f"
    write_archive(path, "test", {}, {"x": np.zeros(3)})
    refused(rewritten(path, arrays={"x": entry}), "damaged")


def test_entries_must_be_those_declared(saved: Path) -> None:
    refused(rewritten(saved, arrays={}), "entries")
    refused(rewritten(saved, arrays={"../x": described()}), "damaged")
    refused(rewritten(saved, header=[]), "incomplete")


def test_repeated_and_compressed_entries_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "f"
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("header.json", "{}")
        archive.writestr("header.json", "{}")
    refused(path, "twice")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", " " * 10_000_000)
    refused(path, "compressed")


def test_pickles_are_never_read(tmp_path: Path) -> None:
    path = tmp_path / "f"
    write_archive(path, "test", {}, {"x": np.zeros(3)})
    with zipfile.ZipFile(path) as archive:
        header = archive.read("header.json")
    with zipfile.ZipFile(path, "w") as archive:
        with archive.open("arrays/x.npy", "w") as stream:
            np.lib.format.write_array(stream, np.array([{}, {}, {}]), allow_pickle=True)
        archive.writestr("header.json", header)
    refused(path, "damaged")


def read_or_refuse(path: Path) -> None:
    """Whatever was done to the file: the same content, or an error that names it."""
    try:
        header, arrays = read_archive(path, "test")
    except FileFormatError as error:
        assert str(path) in str(error)
    else:
        assert header == HEADER
        assert_same(ARRAYS, arrays)


def test_every_truncation_is_refused(saved: Path) -> None:
    content = saved.read_bytes()
    for length in range(0, len(content), 13):
        saved.write_bytes(content[:length])
        refused(saved, "damaged")


def test_flipped_bits_never_change_the_content(saved: Path) -> None:
    content = saved.read_bytes()
    rng = np.random.default_rng(1)
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= int(rng.integers(1, 256))
        saved.write_bytes(changed)
        read_or_refuse(saved)


def test_flipped_bits_in_data_are_noticed(saved: Path) -> None:
    content = saved.read_bytes()
    place = content.index(ARRAYS["steps"].tobytes()) + 80
    saved.write_bytes(content[:place] + b"\xff" + content[place + 1 :])
    refused(saved, "damaged")
