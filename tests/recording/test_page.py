"""The HTML report: one file, nothing loaded, nothing executed that a user wrote, and it draws."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikestack.errors import ValidationError
from spikestack.recording import Recording

from .helpers import random_record, random_trace, recording_of

NASTY = "</script><script>alert(1)</script><b>&\"'{{data}}\u2028"
TYPES = {"u2": "<u2", "u4": "<u4", "f4": "<f4", "f8": "<f8"}


class Page(HTMLParser):
    """Tags, attributes and the text of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words, self.inside = "", False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts[-1] += data
        else:
            self.words += data

    @property
    def data(self) -> Any:
        return json.loads(self.scripts[0])


def page(recording: Recording, folder: Path, **settings: Any) -> Page:
    path = recording.to_html(folder / "report.html", **settings)
    return Page(path.read_text(encoding="utf-8"))


def unpacked(packed: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(packed["b64"]), TYPES[packed["type"]])


def test_holds_every_spike_and_sample(tmp_path: Path) -> None:
    record, trace = random_record(n_trials=2), random_trace(trials=2)
    data = page(recording_of(record, traces=(trace,)), tmp_path, trial=1).data
    (own,) = data["populations"]
    times = own["origin"] + unpacked(own["times"]) * own["tick"]
    mine = record.trials == 1
    assert np.allclose(times, record.times[mine])
    assert np.array_equal(unpacked(own["rows"]), record.ids[mine])
    assert np.allclose(unpacked(own["rate"]), record.rate_over_time(data["rate_bin"])[1])
    (drawn,) = data["traces"]
    assert [line["id"] for line in drawn["lines"]] == [0, 2, 4]
    assert np.allclose(unpacked(drawn["lines"][1]["values"]), trace.of(2, trial=1))
    assert np.allclose(unpacked(drawn["lines"][1]["times"]), trace.times)


def test_user_text_stays_text(tmp_path: Path) -> None:
    """Names, titles and provenance neither end an element nor fill a place of the template."""
    trace = random_trace(NASTY, NASTY)
    about = {"engine": NASTY, "more": {NASTY: [NASTY]}, "seed": 1}
    made = recording_of(
        random_record(NASTY), traces=(trace,), provenance=about, reason=NASTY, status="interrupted"
    )
    found = page(made, tmp_path, title=NASTY)
    assert [tag for tag, _ in found.tags].count("script") == 2
    assert "b" not in [tag for tag, _ in found.tags]
    assert found.words.count("alert(1)") >= 4
    assert found.data["populations"][0]["name"].startswith("</script>")


def test_loads_nothing(tmp_path: Path) -> None:
    """No address anywhere, and a policy that forbids all but the one script, by its digest."""
    found = page(recording_of(random_record(), traces=(random_trace(),)), tmp_path)
    for _, attributes in found.tags:
        assert not {"src", "href", "srcset", "action", "onclick"} & set(attributes)
    policy = next(a["content"] for t, a in found.tags if a.get("http-equiv")) or ""
    digest = base64.b64encode(hashlib.sha256(found.scripts[1].encode()).digest()).decode()
    assert "default-src 'none'" in policy and f"script-src 'sha256-{digest}'" in policy
    assert not re.search(r"https?:|import\s*\(|fetch\(|XMLHttp|innerHTML", found.scripts[1])


def test_thins_and_says_so(tmp_path: Path) -> None:
    record = random_record(size=1000, number=20_000)
    trace = random_trace(neurons=40, samples=50_000, first=1)
    found = page(recording_of(record, traces=(trace,)), tmp_path, max_spikes=1000)
    own = found.data["populations"][0]
    assert 500 <= len(unpacked(own["times"])) <= 1500 and own["shown"] < own["of"] == 1000
    assert "of 20,000 spikes" in found.words and "6 of 40 neurons" in found.words
    lines = found.data["traces"][0]["lines"]
    values = unpacked(lines[0]["values"])
    assert len(values) <= 30_000
    assert values.max() == trace.of(0).max() and values.min() == trace.of(0).min()


@pytest.mark.parametrize(
    "recording",
    [
        recording_of(),
        recording_of(random_record(number=0)),
        recording_of(random_record(number=0, t_stop=0.0), t_stop=0.0),
        recording_of(traces=(random_trace(samples=0),)),
        recording_of(random_record(number=0, recorded=np.zeros(0, int))),
    ],
)
def test_empty_recordings(recording: Recording, tmp_path: Path) -> None:
    assert page(recording, tmp_path).data["dt"] > 0


def test_mistakes_leave_no_file(tmp_path: Path) -> None:
    for settings in ({"trial": 5}, {"max_spikes": 0}):
        with pytest.raises(ValidationError):
            page(recording_of(random_record()), tmp_path, **settings)
    with pytest.raises(OSError):
        recording_of(random_record()).to_html(tmp_path / "missing" / "report.html")
    assert not list(tmp_path.iterdir())


CHECKS = """
const p = require(process.argv[1]), a = require("assert");
const bytes = Buffer.from(Uint32Array.from([1, 70000]).buffer).toString("base64");
a.deepEqual([...p.decode({ type: "u4", b64: bytes })], [1, 70000]);
a.deepEqual([0, 1, 2, 2.5, 9].map((v) => p.lowerBound([1, 2, 2, 3], v)), [0, 0, 1, 3, 4]);
a.deepEqual(p.ticks(0, 100, 5), [0, 20, 40, 60, 80, 100]);
a.deepEqual(p.ticks(5, 5, 5), []);
a.equal(p.format(0.30000000000000004, 0.1), "0.3");
a.equal(p.format(1500, 100), "1500");
a.deepEqual(p.clampView(-50, 50, 0, 1000, 1), [0, 100]);
a.deepEqual(p.clampView(950, 1050, 0, 1000, 1), [900, 1000]);
a.deepEqual(p.clampView(-9e9, 9e9, 0, 1000, 1), [0, 1000]);
a.deepEqual(p.clampView(500, 500, 0, 1000, 2), [499, 501]);
a.deepEqual(p.zoomed([0, 100], 25, 0.5), [12.5, 62.5]);
const b = p.bands([1000, 1], 108, 8);
a.ok(Math.abs(b[1][0] + b[1][1] - 108) < 1e-9); a.ok(b[1][1] > 15 && b[0][1] > b[1][1]);
a.equal(p.pixel("#0072B2"), 0xffb27200);
a.equal(p.grouping(1000, 1, 250), 5);
a.deepEqual(p.regrouped([1, 3, 5, 7, 9], 2, 2, 5), { from: 1, values: [6, 9] });
a.deepEqual(p.extent([NaN, 2, -1, Infinity], 0, 4), [-1, 2]);
const pixels = new Uint32Array(10 * 4);
const spikes = { times: [0, 3, 9], rows: [0, 1, 1] };
const place = { from: 0, scale: 1, left: 2, right: 10, top: 0, row: 2 };
a.equal(p.paint(pixels, 10, 4, spikes, 1, 2, place, { w: 1, h: 2 }, "#0072B2"), 1);
a.deepEqual([...pixels].flatMap((v, i) => (v ? [i] : [])), [25, 35]);
console.log("fine");
"""


def test_script_in_node() -> None:
    """The parts that need no page do what they say."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    script = resources.files("spikestack.recording").joinpath("page", "page.js")
    done = subprocess.run(
        [node, "-e", CHECKS, str(script)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "fine\n", done.stderr


def test_draws_in_a_browser(tmp_path: Path) -> None:
    """Its own policy lets the script run; each panel gets a canvas, and the window is said."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("needs chromium")
    path = recording_of(random_record(), traces=(random_trace(),)).to_html(tmp_path / "r.html")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"]
    done = subprocess.run(
        [browser, *flags, "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode != 0 or "<html" not in done.stdout:
        pytest.skip("chromium does not start here")
    assert re.search(r'id="span"[^>]*>0 to 100 ms<', done.stdout)
    assert done.stdout.count("<canvas") == 2 + 3 + 1
