"""What tests of event formats have in common: coding in memory, damage, and events to code."""

from __future__ import annotations

import io
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from spikestack.errors import FileFormatError
from spikestack.sensors.events import CameraEvents, Events, UnitEvents
from spikestack.sensors.files.base import Truncated
from spikestack.sensors.files.opening import formats

SHARED = Path(__file__).parents[3] / "shared" / "data"


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"needs the shared data beside the repository: {path}")
    return path


def encoded(name: str, events: Events, **settings: Any) -> bytes:
    file = io.BytesIO()
    formats()[name].write(file, events, **settings)
    return file.getvalue()


def decoded(name: str, data: bytes, most: int = 1 << 16, **settings: Any) -> tuple[Events, bool]:
    """Events sorted by time, and whether the file was found to be cut off."""
    kind = formats()[name].configured(**settings)
    header = kind.header(io.BytesIO(data))
    parts: dict[str, list[Any]] = {n: [np.zeros(0, k)] for n, k in header.kind.columns.items()}
    cut = False
    try:
        for piece in kind.chunks(io.BytesIO(data), header, most):
            for column, part in piece.items():
                parts[column].append(part)
    except Truncated:
        cut = True
    columns = {n: np.concatenate(p) for n, p in parts.items()}
    try:
        return header.kind.sorted(**columns, **header.geometry), cut
    except ValueError as error:  # as `EventFile` says it of what lies outside
        raise FileFormatError(str(error)) from error


def same(a: Any, b: Any, n: int | None = None) -> bool:
    """Whether `a` is `b`, or its first `n` events."""
    columns = a.columns if isinstance(a, Events) else a.keys()
    pick = (lambda e, c: e[c]) if not isinstance(b, Events) else getattr
    return all(np.array_equal(getattr(a, c), pick(b, c)[:n]) for c in columns)


def camera(n: int, width: int = 34, height: int = 34, seed: int = 0, pause: int = 90) -> Any:
    rng = np.random.default_rng(seed)
    x, y, p = (rng.integers(0, most, n) for most in (width, height, 2))
    return CameraEvents(np.cumsum(rng.integers(0, pause, n)), x, y, p, width, height)


def receptors(n: int, units: int = 50, seed: int = 0) -> UnitEvents:
    rng = np.random.default_rng(seed)
    return UnitEvents(np.cumsum(rng.integers(0, 90, n)), rng.integers(0, units, n), units)


@st.composite
def camera_events(draw: Any, width: int, height: int, pause: int, most: int = 1 << 40) -> Any:
    """Few events, near and far in time, in every corner."""
    pixel = st.tuples(
        st.one_of(st.integers(0, 300), st.integers(0, pause)),
        st.integers(0, width - 1),
        st.integers(0, height - 1),
        st.integers(0, 1),
    )
    rows = np.array(draw(st.lists(pixel, max_size=20)), np.int64).reshape(-1, 4)
    t = np.minimum(np.cumsum(rows[:, 0]), most)
    return CameraEvents(t, rows[:, 1], rows[:, 2], rows[:, 3], width, height)


@st.composite
def unit_events(draw: Any, units: int, pause: int, most: int = 1 << 40) -> Any:
    pair = st.tuples(st.integers(0, pause), st.integers(0, units - 1))
    rows = np.array(draw(st.lists(pair, max_size=20)), np.int64).reshape(-1, 2)
    return UnitEvents(np.minimum(np.cumsum(rows[:, 0]), most), rows[:, 1], units)


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Bytes changed, lost, added, and the end cut off."""
    made = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 4, 8])):
        within = len(made) if chance.random() < 0.6 else min(len(made), 200)
        at, how = chance.randrange(within), chance.randrange(6)
        if how == 0:
            made[at] = chance.randrange(256)
        elif how == 1:
            made[at] ^= 1 << chance.randrange(8)
        elif how == 2:
            del made[at : at + chance.randrange(1, 9)]
        elif how == 3:
            made[at:at] = chance.randbytes(chance.randrange(1, 9))
        elif how == 4:
            made[at : at + 4] = chance.choice([b"\xff" * 4, bytes(4), b"\xff\xff\xff\x7f"])
        else:
            del made[at + 1 :]
        made = made or bytearray(b"a")
    return bytes(made)


def endure(name: str, data: bytes, times: int, **settings: Any) -> None:
    """Decode damaged copies: events or FileFormatError must come of each, and soon."""
    chance = random.Random(f"{name} {settings}")
    refused = 0
    for _ in range(times):
        start = time.process_time()
        try:
            decoded(name, damaged(data, chance), **settings)
        except FileFormatError:
            refused += 1
        assert time.process_time() - start < 5
    assert refused < times
