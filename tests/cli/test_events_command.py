"""``spikestack events``."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A second of a bar that moves to the right, bright in front and dark behind."""
    x = np.repeat(np.arange(30), 20)
    events = sp.CameraEvents.sorted(
        t=np.concatenate([x * 33_000 + 5000, x * 33_000 + 9000]),
        x=np.concatenate([x + 2, x]),
        y=np.tile(np.arange(20), 60),
        p=np.repeat([1, 0], 600),
        width=32,
        height=20,
    )
    return sp.write_events(tmp_path / "bar.raw", events, "evt2")


def test_info(cli: Any, recorded: Path) -> None:
    facts = cli.json("events", "info", recorded)
    assert facts["format"] == "evt2" and facts["events"] == 1200
    assert (facts["width"], facts["height"]) == (32, 20)
    assert (facts["first_us"], facts["last_us"]) == (5000, 29 * 33_000 + 9000)
    assert facts["duration_s"] == 0.961
    text = cli.ok("events", "info", recorded)
    assert "32x20 pixels" in text and "1,200, 1,248 per second" in text and "evt2" in text


def test_info_of_none_and_of_one(cli: Any, tmp_path: Path) -> None:
    for n in (0, 1):
        path = sp.write_events(tmp_path / "a.dat", sp.CameraEvents(*[[7] * n, [1] * n] * 2))
        facts = cli.json("events", "info", path)
        assert facts["events"] == n and facts["events_per_s"] is None
        assert f"events: {n}" in cli.ok("events", "info", path)


@pytest.mark.parametrize("out", ["a.raw", "a.dat", "a.evt21.raw", "a.evt4.raw"])
def test_convert(cli: Any, recorded: Path, tmp_path: Path, out: str) -> None:
    assert "1,200 events" in cli.ok("events", "convert", recorded, tmp_path / out)
    before, after = sp.read_events(recorded), sp.read_events(tmp_path / out)
    assert all(np.array_equal(getattr(before, n), getattr(after, n)) for n in before.columns)


def test_convert_orders_times(cli: Any, tmp_path: Path) -> None:
    back = np.array([[5000, 1], [3000, 2], [6000, 3]], "<u4")
    (tmp_path / "a.dat").write_bytes(b"% Version 2\n\x0c\x08" + back.tobytes())
    out = tmp_path / "b.raw"
    facts = cli.json("events", "convert", tmp_path / "a.dat", out, "--order", "sort")
    assert facts == {"path": str(out), "events": 3, "out_of_order": 1}
    assert sp.read_events(out).x.tolist() == [2, 1, 3]
    text = cli.ok("events", "convert", tmp_path / "a.dat", out, "--format", "evt4")
    assert "1 of them out of order" in text
    assert sp.read_events(out, "evt4").t.tolist() == [5000, 5000, 6000]
    assert "go back" in cli.fails("events", "convert", tmp_path / "a.dat", out, "--order", "file")


def test_cut(cli: Any, recorded: Path, tmp_path: Path) -> None:
    out = tmp_path / "part.raw"
    cli.ok("events", "cut", recorded, out, "--from", 100, "--to", "0.5 s")
    part, whole = sp.open_events(out), sp.read_events(recorded)
    assert part.format.name == "evt2"
    assert np.array_equal(part.read().t, whole.t[(whole.t >= 100_000) & (whole.t < 500_000)])
    assert cli.json("events", "cut", recorded, out)["events"] == 1200
    assert cli.json("events", "cut", recorded, out, "--from", 0, "--to", 9)["events"] == 20
    cli.fails("events", "cut", recorded, out, "--from", 9, "--to", 9, code=2)
    cli.fails("events", "cut", recorded, out, "--from", "-1", code=2)


def test_a_file_that_ends_early(cli: Any, recorded: Path) -> None:
    recorded.write_bytes(recorded.read_bytes()[:-2])
    result = cli("events", "info", recorded)
    assert result.exit_code == 0 and "events: 1,199" in result.stdout
    assert result.stderr.startswith("warning: ") and "in the midst" in result.stderr


def test_view_film(cli: Any, recorded: Path, tmp_path: Path) -> None:
    """An AVI whose index leads to pictures that show the frames of the GIF."""
    image = pytest.importorskip("PIL.Image")
    out = tmp_path / "film.avi"
    facts = cli.json("events", "view", recorded, "--fps", 10, "--out", out)
    data = out.read_bytes()
    assert data[:4] == b"RIFF" and data[8:12] == b"AVI "
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    movie, index = data.index(b"movi"), data.index(b"idx1")
    rows = np.frombuffer(data[index + 8 :], "<u4").reshape(-1, 4)
    assert len(rows) == facts["frames"] == 10
    cli.json("events", "view", recorded, "--fps", 10, "--out", tmp_path / "film.gif")
    with image.open(tmp_path / "film.gif") as gif:
        for k, (_, _, at, size) in enumerate(rows):
            begin = movie + int(at) + 8
            with image.open(io.BytesIO(data[begin : begin + int(size)])) as picture:
                found = np.asarray(picture.convert("RGB"), int)
            gif.seek(k)
            expected = np.asarray(gif.convert("RGB"), int)
            assert np.abs(found - expected).mean() < 12


def test_view_gif(cli: Any, recorded: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    from spikestack.cli.event_pictures import COLOURS

    facts = cli.json("events", "view", recorded, "--fps", 10)
    with image.open(facts["path"]) as gif:
        assert gif.size == (32, 20) and gif.n_frames == facts["frames"] == 10
        pixels = np.array(gif.convert("RGB"))
        shown = 0
        for frame in range(gif.n_frames):
            gif.seek(frame)
            shown += gif.info["duration"]
    assert shown == 1000
    first = sp.read_events(recorded).between(5, 105)
    wanted = np.zeros((20, 32), int)
    for x, y, p in zip(first.x, first.y, first.p):
        wanted[y, x] = 1 + p
    assert np.array_equal(pixels, np.array(COLOURS)[wanted])


def test_view_png(cli: Any, recorded: Path, tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("matplotlib")
    facts = cli.json("events", "view", recorded, "--out", tmp_path / "a.png", "--from", 100)
    assert facts["frames"] == 12
    with image.open(tmp_path / "a.png") as page:
        assert {(217, 119, 6), (29, 78, 216)} <= {
            tuple(colour) for colour in np.array(page.convert("RGB")).reshape(-1, 3)
        }


def test_errors(cli: Any, recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_bytes(b"\x00\x01hello")
    assert "no known format" in cli.fails("events", "info", tmp_path / "a.txt")
    assert "No such file" in cli.fails("events", "info", tmp_path / "missing.raw")
    assert "ending" in cli.fails("events", "convert", recorded, tmp_path / "a.mp3")
    assert "evt33" in cli.fails(
        "events", "convert", recorded, tmp_path / "a.raw", "--format", "evt33", code=2
    )
    cli.fails("events", "convert", recorded, tmp_path / "a.raw", "--order", "up", code=2)
    cli.fails("events", "view", recorded, "--out", tmp_path / "a.mp4", code=2)
    assert "frames" in cli.fails("events", "view", recorded, "--fps", 5000)
    assert "no events" in cli.fails("events", "view", recorded, "--from", 5000)
    for module, out in (("PIL.Image", "a.gif"), ("matplotlib.figure", "a.png")):
        monkeypatch.setitem(__import__("sys").modules, module, None)
        line = cli.fails("events", "view", recorded, "--out", tmp_path / out)
        assert "spikestack[plots]" in line
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.txt", "bar.raw"]
