"""The demonstration, small: what it encodes, what its readout sees, what its page holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

from spikestack.demo import main
from spikestack.demo.encode import SHOWN, encode, input_counts
from spikestack.demo.readout import Score, score
from spikestack.demo.report import page
from spikestack.demo.reservoir import DT, DURATION, features, reservoir


def test_encoding() -> None:
    """As many spikes as the grey level, evenly spaced, within the time the image is shown."""
    images = np.array([[0.0, 1.0, 16.0], [4.0, 0.0, 2.0]])
    trains = encode(images)
    assert np.array_equal(input_counts(trains, 2, 3), images)
    assert trains.times.min() > 0 and trains.times.max() < SHOWN
    bright = trains.times[(trains.trials == 0) & (trains.ids == 2)]
    assert np.allclose(np.diff(bright), SHOWN / 16)


def test_the_readout_sees_reservoir_spikes_only() -> None:
    """Without a projection from the input the reservoir is silent, and every feature is 0."""
    trains = encode(np.full((3, 4), 16.0))
    silent = reservoir(trains, 4, size=50)
    silent.projections = {k: p for k, p in silent.projections.items() if "input" not in k}
    result = silent.run(DURATION, dt=DT, trials=3)
    assert len(result["input"]) == 3 * 4 * 16
    assert not features(result).any()
    driven = reservoir(trains, 4, size=50).run(DURATION, dt=DT, trials=3)
    found = features(driven)
    assert found.sum() == len(driven["exc"]) + len(driven["inh"]) > 0


def test_end_to_end(tmp_path: Path) -> None:
    """A tenth of the images, a small reservoir: far above chance, the same for 1 and 2 threads."""
    one = main(tmp_path / "one", size=200, limit=250, threads=1)
    two = main(tmp_path / "two", size=200, limit=250, threads=2)
    assert one["scores"] == two["scores"]
    assert set(one["scores"]) == {
        "raw pixels", "input spike counts", "reservoir, recurrence off", "reservoir",
    }  # fmt: skip
    assert np.mean(one["scores"]["reservoir"]) > 0.6
    text = (tmp_path / "one" / "index.html").read_text()
    assert "data:image/png;base64," in text
    assert "http" not in text and 'src="/' not in text
    assert sorted(p.name for p in (tmp_path / "one").iterdir()) == ["digits.png", "index.html"]


def test_scores_are_of_held_out_images() -> None:
    """Labels that have nothing to do with the features are guessed at chance level."""
    rng = np.random.default_rng(0)
    found = score("noise", rng.normal(size=(300, 40)), rng.integers(0, 10, 300))
    assert found.mean < 0.25 and len(found.accuracies) == 5


def test_page_escapes_everything() -> None:
    """Hostile names are text."""
    trains = encode(np.full((1, 4), 3.0))
    result = reservoir(trains, 4, size=20).run(DURATION, dt=DT)
    text = page(b"", result, [Score("<script>x</script>", (0.5,))], 1)
    assert "<script>" not in text and "&lt;script&gt;" in text
