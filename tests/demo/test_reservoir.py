"""The demonstration: what goes in, what the readout sees, what comes out."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikestack import errors
from spikestack.recording import Recording, SpikeRecord

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

from spikestack.demo.reservoir import main
from spikestack.demo.reservoir.digits import respond
from spikestack.demo.reservoir.encode import LEVELS, SHOWN, encode
from spikestack.demo.reservoir.network import DT, DURATION, counts
from spikestack.demo.reservoir.readout import Score, development, score, splits
from spikestack.demo.reservoir.report import Report, page


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Images and labels, all of them."""
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True)


def test_spikes_of_a_pixel_are_its_grey_level(digits: Any) -> None:
    images = digits[0][:50]
    trains = encode(images)
    found = np.zeros_like(images)
    np.add.at(found, (trains.trials, trains.ids), 1.0)
    assert np.array_equal(found, images)
    assert (trains.times > 0).all()
    assert (trains.times <= SHOWN).all()


def test_spikes_of_a_pixel_keep_their_distance() -> None:
    """No two in one step, where they would merge, and evenly spaced."""
    trains = encode(np.full((1, 64), LEVELS))
    gaps = np.diff(np.sort(trains.times.reshape(64, LEVELS)), axis=1)
    assert gaps.min() > 2 * DT
    assert np.allclose(gaps, gaps[0, 0])


def test_phases_differ_between_pixels_and_not_between_images() -> None:
    trains = encode(np.ones((2, 64)))
    first, second = (trains.times[trains.trials == k] for k in (0, 1))
    assert np.array_equal(first, second)
    assert len(np.unique(first)) == 64


def test_black_images_have_no_spikes() -> None:
    assert len(encode(np.zeros((3, 64))).times) == 0


def test_no_loss_between_images_and_input_spikes(digits: Any) -> None:
    images = digits[0][:20]
    result = respond(images, seed=1, size=50, recurrent=True, threads=1)
    assert np.array_equal(counts(result, ("pixels",)), images)


def test_spikes_do_not_depend_on_threads_or_company(digits: Any) -> None:
    """A trial is the same on any number of threads and among any other trials."""
    images = digits[0][:20]
    one = respond(images, seed=3, size=100, recurrent=True, threads=1)
    two = respond(images, seed=3, size=100, recurrent=True, threads=2)
    assert one.same_spikes(two)
    half = respond(images[10:], seed=3, size=100, recurrent=True, threads=2)
    assert np.array_equal(counts(half), counts(one)[10:])
    other = respond(images, seed=4, size=100, recurrent=True, threads=1)
    assert not one.same_spikes(other)


def test_recurrence_can_be_switched_off(digits: Any) -> None:
    images = digits[0][:5]
    on, off = (respond(images, 1, 100, recurrent, 1) for recurrent in (True, False))
    assert on.spikes["pixels"].same_spikes(off.spikes["pixels"])
    assert not on.spikes["exc"].same_spikes(off.spikes["exc"])


def _made_up() -> Recording:
    """Two trials: four spikes of the input and three of the reservoir, at the windows' edges."""

    def record(name: str, size: int, spikes: list[tuple[int, int, int]]) -> SpikeRecord:
        trials, steps, ids = (np.array(column) for column in zip(*spikes))
        return SpikeRecord(population=name, size=size, dt=0.5, steps=steps, ids=ids, t_stop=10.0,
                           trials=trials, n_trials=2)  # fmt: skip

    records = {
        "pixels": record("pixels", 2, [(0, 1, 0), (0, 2, 0), (1, 3, 1), (1, 4, 1)]),
        "exc": record("exc", 2, [(0, 10, 1), (1, 11, 1)]),
        "inh": record("inh", 1, [(1, 20, 0)]),
    }
    return Recording(t_stop=10.0, spikes=records, provenance={"engine": "<b>none</b>"})


def test_readout_sees_the_reservoir_only() -> None:
    """Columns are neurons of the reservoir, and input spikes change none of them."""
    result = _made_up()
    assert counts(result).tolist() == [[0, 1, 0], [0, 1, 1]]
    without = {name: result.spikes[name] for name in ("exc", "inh")}
    alone = Recording(t_stop=10.0, spikes=without)
    assert np.array_equal(counts(alone), counts(result))


def test_a_spike_belongs_to_the_step_that_it_ends() -> None:
    assert counts(_made_up(), ("exc",), windows=2).tolist() == [[0, 0, 1, 0], [0, 0, 0, 1]]


def test_development_images_are_never_tested(digits: Any) -> None:
    labels = digits[1]
    known = development(labels)
    drawn = [list(splits(labels, seed)) for seed in (1, 2, 2**63 - 1)]
    for train, test in (pair for pairs in drawn for pair in pairs):
        assert not np.intersect1d(test, known).size
        assert np.array_equal(np.sort(np.concatenate([train, test])), np.arange(len(labels)))
        assert len(test) == round(len(labels) / 4)
        assert np.ptp(np.bincount(labels[test])) <= 3
    assert len({test.tobytes() for pairs in drawn for _, test in pairs}) == 15
    again = [test for _, test in splits(labels, 1)]
    assert all(np.array_equal(a, b) for a, (_, b) in zip(again, drawn[0]))


def test_noise_scores_as_chance(digits: Any) -> None:
    """Nothing of the labels leaks into the score."""
    labels = digits[1]
    noise = np.random.default_rng(1).normal(size=(len(labels), 30))
    assert score("noise", noise, labels).mean < 0.15


def test_score_states_mean_and_sample_deviation() -> None:
    assert str(Score("x", (0.9, 1.0), 3)) == "95.0 ± 7.1 %"


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [v or "" for k, v in attrs if k in {"src", "href", "srcset", "data"}]


def _parsed(text: str) -> _Links:
    parser = _Links()
    parser.feed(text)
    return parser


def test_page_escapes_what_it_is_given() -> None:
    evil = '<script>alert("x")</script>'
    scores = [Score(evil, (0.5, 0.6), 3)]
    report = Report(np.zeros((2, 64)), np.array([0, 1]), _made_up(), scores, 0, 1.0)
    text = page(report, b"png", b"png")
    assert not {"script", "b"} & set(_parsed(text).tags)
    assert "&lt;script&gt;" in text
    assert "&lt;b&gt;none&lt;/b&gt;" in text


@pytest.fixture(scope="module")
def small(tmp_path_factory: Any) -> tuple[dict[str, Any], Path]:
    """A tiny run of all of it."""
    out = tmp_path_factory.mktemp("demo") / "a" / "report"
    return main(out, seed=2, size=100, limit=200, threads=1), out


def test_small_run_from_end_to_end(small: Any) -> None:
    result, out = small
    assert sorted(p.name for p in out.iterdir()) == ["accuracy.png", "index.html", "raster.png"]
    assert Path(result["report"]) == out / "index.html"
    assert len(result["scores"]) == 5
    assert np.mean(result["scores"]["reservoir"]) > 0.7
    assert result["scores"]["raw pixels"] == result["scores"]["input spike counts"]


def test_same_seed_same_numbers(small: Any, tmp_path: Path) -> None:
    again = main(str(tmp_path), seed=2, size=100, limit=200, threads=2)
    assert again["scores"] == small[0]["scores"]


def test_page_needs_nothing_else(small: Any) -> None:
    text = (small[1] / "index.html").read_text()
    parsed = _parsed(text)
    assert len(parsed.links) == 2
    assert all(link.startswith("data:image/png;base64,iVBOR") for link in parsed.links)
    assert not {"script", "link", "iframe"} & set(parsed.tags)
    assert not re.search(r"https?://|@import|url\(", text)
    assert str(Path.home()) not in text
    for name in ("fingerprint", "seed", "precision", "reservoir"):
        assert name in text


def test_missing_extra_is_named(monkeypatch: Any, tmp_path: Path) -> None:
    """Before anything is computed or written."""
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(errors.MissingExtraError, match=r"spikestack\[demo\]"):
        main(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_interrupted_run_is_not_scored(monkeypatch: Any, digits: Any) -> None:
    from spikestack.network import Network

    cut = Recording(t_stop=DURATION, status="interrupted", reason="Ctrl-C")
    monkeypatch.setattr(Network, "run", lambda *_, **__: cut)
    with pytest.raises(KeyboardInterrupt):
        respond(digits[0][:2], 1, 50, True)


@pytest.mark.slow
def test_full_run_reads_nearly_all_digits(tmp_path: Path) -> None:
    scores = main(tmp_path)["scores"]
    assert np.mean(scores["reservoir"]) >= 0.96
