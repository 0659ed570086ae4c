"""Reports: what is there is shown, what is missing is left out, and nothing can do harm."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spikestack.recording import Recording

from .helpers import random_record, recording_of

EVIL = "\x1b[31m<script>alert(1)</script>\n"
ABOUT: dict[str, Any] = {
    "engine": "cpu",
    "threads": 2,
    "dt": 0.1,
    "precision": "float32",
    "trials": 1,
    "seed": 1,
    "populations": [
        {"name": "exc", "neurons": 5, "integration": {"v": "exact", "w": "euler", "g.i": "exact"}},
        {"name": "inh", "neurons": 3, "integration": {}},
    ],
    "weight_rounding": {"exc.g": 1.5e-9},
    "engine_details": {
        "delivery": "buckets by source and delay",
        "delays_in_a_bucket": 4,
        "partitions": 2,
        "parallel over": "neurons",
        "expected_ns_per_event": 0.5,
        "channels": [
            {
                "source": "exc",
                "scheme": "4 bytes, shared",
                "groups_of_delays": 2,
                "synapses": 500,
                "bytes": 2000,
                "bytes_rows": 160,
            }
        ],
        "synapses": 500,
        "bytes_synapses": 2000,
        "bytes_rows": 160,
        "bytes_states": 40,
        "bytes_accumulators": 64,
        "bytes_logs": 136,
    },
    "wall_time_s": 0.3,
    "build_time_s": 0.5,
    "build_seconds": {"lowering": 0.125, "kernels": 0.375},
    "profile": {
        "per": "thread",
        "loop": {"deliver": [0.06, 0.12], "update": [0.1, 0.1], "wait": [0.1, 0.04]},
        "running_s": 0.3,
        "collecting_s": 0.02,
    },
}


def reported(about: dict[str, Any]) -> Recording:
    return recording_of(random_record("exc"), random_record("inh", size=3), provenance=about)


def rows_of(text: str) -> dict[str, list[str]]:
    """The cells of every line by the first of them; columns are two blanks apart."""
    cells = [[cell for cell in line.split("  ") if cell] for line in text.splitlines()]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in cells if row}


def test_text() -> None:
    text = str(reported(ABOUT).report())
    rows = rows_of(text)
    assert "Report of 100 ms: 8 neurons, 500 synapses" in text
    assert "engine cpu, dt 0.1 ms, precision float32, threads 2, trials 1, seed 1" in text
    assert "4 delays in a bucket, 2 partitions, parallel over neurons" in text
    assert "exact: v, g.i; euler: w" in text
    assert rows["synapses"] == ["2.0 kB", "4.00 B"]
    assert rows["all"] == ["0.500"]
    assert "2.4 kB       4.80 B" in text
    assert rows["exc.g"] == ["1.5e-09"]
    assert rows["kernels"] == ["0.375"]


def test_cost_is_measured_by_events() -> None:
    """60 spikes, each to 100 synapses; 8 neurons in 1,000 steps."""
    rows = rows_of(str(reported(ABOUT).report()))
    assert rows["ns per synaptic event"] == ["0.5", "3e+04"]
    assert rows["ns per neuron and step"] == ["–", "2.5e+04"]
    assert rows["CPU s to deliver one biological s"] == ["3e-05", "1.8"]
    assert rows["wall s per biological s"] == ["–", "3"]
    assert rows["times faster than real time"] == ["–", "0.333"]
    assert rows["synaptic events per wall s"] == ["–", "2e+04"]


def test_events_are_counted_only_where_all_spikes_are_known() -> None:
    part = recording_of(random_record("exc", recorded=np.arange(5)), provenance=ABOUT)
    for recording in (part, recording_of(random_record("inh"), provenance=ABOUT)):
        assert "events per wall" not in str(recording.report())


def test_shares_of_a_profile() -> None:
    """They add up to all threads for as long as the run took."""
    rows = rows_of(str(reported(ABOUT).report()))
    assert rows["deliver"] == ["0.180", "28.1 %", "0.060", "0.120"]
    assert rows["collect"] == ["0.020", "3.1 %", "–", "–"]
    assert rows["rest"] == ["0.100", "15.6 %", "–", "–"]
    names = ("deliver", "update", "wait", "collect", "rest")
    assert sum(float(rows[name][1].split()[0]) for name in names) == pytest.approx(100, abs=0.3)


def test_engines_without_phases_say_so() -> None:
    about = ABOUT | {"engine": "reference"}
    about["profile"] = ABOUT["profile"] | {"loop": {}}
    text = str(reported(about).report())
    assert "engine reference does not tell phases apart" in text
    assert rows_of(text)["run"] == ["0.300"]


def test_files_and_joined_pieces_report_too(tmp_path: Path) -> None:
    recording = reported(ABOUT)
    recording.save(tmp_path / "r.spk")
    assert str(Recording.load(tmp_path / "r.spk").report()) == str(recording.report())
    later = recording_of(
        random_record("exc", t_start=100.0, t_stop=200.0),
        random_record("inh", size=3, t_start=100.0, t_stop=200.0),
        provenance=ABOUT,
        t_start=100.0,
        t_stop=200.0,
    )
    rows = rows_of(str(Recording.join(recording, later).report()))
    assert rows["deliver"][:2] == ["0.360", "28.1 %"]
    assert rows["kernels"] == ["0.750"]
    assert rows["wall s per biological s"] == ["–", "3"]


def test_pieces_of_different_layouts_join() -> None:
    """Only what they agree on is left; times of another number of threads do not add up."""
    other = copy.deepcopy(ABOUT) | {"threads": 1}
    other["engine_details"]["bytes_logs"] = 300
    other["profile"]["loop"] = {name: [0.1] for name in ABOUT["profile"]["loop"]}
    pieces = [
        recording_of(provenance=ABOUT),
        recording_of(provenance=other, t_start=100.0, t_stop=200.0),
    ]
    joined = Recording.join(*pieces)
    assert "profile" not in joined.provenance
    assert joined.provenance["wall_time_s"] == 0.6
    rows = rows_of(str(joined.report()))
    assert "logs" not in rows and "states" in rows


def test_an_old_file_reports_what_it_has() -> None:
    old = {
        "engine": "cpu",
        "dt": 0.1,
        "wall_time_s": 0.5,
        "engine_details": {"channels": [["exc", "4 bytes, shared"]], "synapses": 10},
    }
    text = str(reported(old).report())
    assert "Report of 100 ms: 10 synapses\nengine cpu, dt 0.1 ms" in text
    assert "wall s per biological s" in text
    assert str(recording_of(provenance={}).report()) == "Report of 100 ms"
    assert recording_of(provenance={}, t_stop=0.0, spikes={}).report()._repr_html_()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in nested data."""
    if not isinstance(value, dict | list):
        return []
    found = []
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        found += [(*path, key), *places(item, (*path, key))]
    return found


ODD = [None, 0, -1.5, math.nan, 10**400, True, EVIL, [], [3], {}, {"x": 1}]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_odd_provenance_does_no_harm(odd: Any) -> None:
    """Whatever a file says in any place, there is a report that steers nothing."""
    for *path, last in places(ABOUT):
        about: Any = copy.deepcopy(ABOUT)
        inner = about
        for key in path:
            inner = inner[key]
        inner[last] = odd
        report = reported(about).report()
        assert "\x1b" not in str(report)
        assert "<script>" not in report._repr_html_()


def test_names_are_shown_harmlessly() -> None:
    about = copy.deepcopy(ABOUT)
    about["populations"][0]["name"] = about["engine_details"]["delivery"] = EVIL
    about["engine_details"]["channels"][0] |= {"source": EVIL, "scheme": EVIL}
    about["weight_rounding"] = about["build_seconds"] = {EVIL: 1.0}
    about["profile"]["loop"] = {EVIL: [0.1, 0.1]}
    report = reported(about | {"engine": EVIL}).report()
    assert "\x1b" not in str(report) and "\x1b" not in repr(report)
    assert "<script>" not in report._repr_html_()
