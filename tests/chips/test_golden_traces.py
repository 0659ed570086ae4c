"""Integer arithmetic of chips is equal to that of their own simulators, value by value."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from spikestack.chips.replaying import KINDS, replay, traces_in
from spikestack.errors import FileFormatError, SpikestackError, UnknownNameError

HERE = Path(__file__).parent.parent / "vectors" / "chips"
MORE = os.environ.get("SPIKESTACK_CHIP_TRACES", "")
FILES = traces_in(HERE) + (traces_in(MORE) if MORE else [])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_all_values_are_equal(path: Path) -> None:
    found = replay(path)
    assert found.is_equal, found.first
    assert all(found.compared.values())


def test_every_tool_has_a_trace() -> None:
    assert {kind for kind in KINDS if any(p.name.startswith(kind) for p in FILES)} == set(KINDS)


def test_a_changed_value_is_found(tmp_path: Path) -> None:
    with np.load(HERE / "nengo_loihi_s0.npz") as file:
        data = dict(file)
    data["voltage"][100, 5] += 1
    np.savez(tmp_path / "nengo_loihi_bad.npz", **data)
    found = replay(tmp_path / "nengo_loihi_bad.npz")
    assert not found.is_equal
    assert found.differing == {"u": 0, "v": 1, "spikes": 0}
    assert found.first.startswith("v[100, 5] is ")


def test_another_threshold_gives_other_values(tmp_path: Path) -> None:
    with np.load(HERE / "brian2_loihi_s1.npz") as file:
        data = dict(file)
    data["vth"] += 20
    np.savez(tmp_path / "brian2_loihi_bad.npz", **data)
    assert replay(tmp_path / "brian2_loihi_bad.npz").differing["v"] > 0


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_are_something_else_are_refused(kind: str, tmp_path: Path) -> None:
    broken = (b"", b"no such file", b"PK\x03\x04 and no more", b"\x1f\x8b\x08\x00" + b"\xff" * 40)
    path = tmp_path / f"{kind}_x.{'json.gz' if kind == 'ranc' else 'npz'}"
    for text in broken:
        path.write_bytes(text)
        with pytest.raises(FileFormatError, match="cannot be read") as refused:
            replay(path)
        assert str(refused.value).startswith(f"{path}: ")
    if kind == "ranc":
        path.write_bytes(gzip.compress(b"[1, 2]"))
        with pytest.raises(FileFormatError, match=r"holds no run, but \[1, 2\]"):
            replay(path)
    else:
        np.savez(tmp_path / f"{kind}_y.npz", something=np.zeros(3))
        with pytest.raises(SpikestackError, match=r"not as .* files are"):
            replay(tmp_path / f"{kind}_y.npz")


def test_unknown_tools_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="golden traces"):
        replay(tmp_path / "truenorth_s0.npz")
