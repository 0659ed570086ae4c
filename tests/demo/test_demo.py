"""The demonstration: what the camera sees, that the network learns, and what the page tells."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikestack.errors import MissingExtraError

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")
torch = pytest.importorskip("torch", reason="the extra train is not installed")

from spikestack.demo import main  # noqa: E402
from spikestack.demo.camera import SIDE, STEPS, Seen, see, splits  # noqa: E402
from spikestack.demo.learning import simulate  # noqa: E402
from spikestack.demo.network import digit_reader  # noqa: E402


@pytest.fixture(scope="module")
def seen() -> Seen:
    return see(limit=40)


def test_the_wall_shows_each_digit_by_itself(seen: Seen) -> None:
    """Events lie where the digit's edges pass, and are the digit's own."""
    assert len(seen.events) == len(seen.labels) == 40
    counts = [len(e) for e in seen.events]
    assert min(counts) > 500
    for image, events in zip(seen.images, seen.events):
        t, x, y, p = events.T
        assert (np.diff(t) >= 0).all() and t.max() < 300_000 and set(p) == {0, 1}
        assert min(x.min(), y.min()) >= 0 and max(x.max(), y.max()) < SIDE
        where = np.zeros((SIDE, SIDE))
        np.add.at(where, (y, x), 1)
        ink = np.kron(image, np.ones((2, 2)))[: SIDE - 4, : SIDE - 4]
        seen_ink = where[2:-2, 2:-2]
        assert np.corrcoef(ink.ravel(), seen_ink.ravel())[0, 1] > 0.0


def test_steps_hold_what_happened(seen: Seen) -> None:
    steps = seen.steps()
    assert steps.shape == (STEPS, 40, 2, SIDE, SIDE)
    t, x, y, p = seen.events[7].T
    expected = {(a * STEPS // 300_000, b, c, d) for a, b, c, d in zip(t, p, y, x)}
    found = {tuple(int(n) for n in row) for row in np.argwhere(steps[:, 7])}
    assert found == expected


def test_parts_are_apart() -> None:
    labels = np.arange(900) % 10
    parts = splits(labels, 1)
    assert sorted(np.concatenate(parts)) == list(range(900))
    assert [len(part) for part in parts] == [600, 100, 200]
    for part in parts:
        assert (np.bincount(labels[part]) == len(part) // 10).all()
    assert not np.array_equal(parts[2], splits(labels, 2)[2])


def test_the_engine_runs_what_was_compiled(seen: Seen) -> None:
    steps = seen.steps()[:, :5]
    run = simulate(digit_reader(1), steps)
    module = digit_reader(1).compile("torch", dt=1.0, deterministic=True)
    with torch.no_grad():
        out = module(torch.from_numpy(steps.reshape(STEPS, 5, -1)))
    for name, spikes in out.spikes.items():
        record = run.spikes.get(name)
        if record is None:
            continue
        made = np.zeros(spikes.shape)
        made[np.rint(record.times).astype(int) - 1, record.trials, record.ids] = 1
        assert np.array_equal(made, spikes.numpy())


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found += [value for name, value in attrs if name in ("src", "href") and value]
        assert tag != "script"


def test_a_short_demonstration(tmp_path: Path) -> None:
    made = main(tmp_path / "out", limit=400, epochs=4, chips="loihi")
    assert made["accuracy"] > 0.5
    (row,) = made["chips"]
    assert row["accuracy"] >= made["accuracy"] - 0.15 and row["energy"] > 0
    page = Path(made["report"]).read_text()
    links = _Links()
    links.feed(page)
    assert len(links.found) == 3 and all(link.startswith("data:image/png") for link in links.found)
    assert f"{100 * made['accuracy']:.1f} %" in page
    same = re.search(r"same digit for (\d+)", page)
    assert same and int(same[1]) >= 48
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "index.html", "chips.html", "seen.png", "curves.png", "confusion.png"}  # fmt: skip


def test_without_pytorch_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"spikestack\[demo\]"):
        main(tmp_path / "out")
    assert not (tmp_path / "out").exists()
