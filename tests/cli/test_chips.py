"""``spikestack chips``, ``map``, ``compare --on``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

NET = """
import numpy as np
import spikestack as sp

net = sp.Network(seed=1)
source = net.add(sp.Population("source", 5, sp.SpikeSource()))
cells = net.add(sp.Population("cells", 8, sp.LIF(tau_m=20.0)))
net.drive(source, sp.SpikeTrains(times=np.arange(1.0, 41.0), ids=np.arange(40) % 5))
net.connect(source, cells, sp.AllToAll(), sp.ExponentialCurrent(weight=2.0, delay=1.0))
net.record(cells, "spikes")
"""


@pytest.fixture
def net(tmp_path: Path) -> Path:
    path = tmp_path / "net.py"
    path.write_text(NET)
    return path


def test_the_table_of_chips(cli: Any) -> None:
    rows = {row["name"]: row for row in json.loads(cli.ok("chips", "--json"))}
    assert rows["Loihi"]["neurons"] == 131_072 and rows["Loihi"]["year"] == 2018
    assert "Loihi" in cli.ok("chips")
    assert "bytes" not in cli.ok("chips", "LOIHI") and "23.6 pJ" in cli.ok("chips", "loihi")
    figures = json.loads(cli.ok("chips", "loihi", "--json"))["figures"]
    assert all(figure["source"] for figure in figures.values())
    assert "Loihi" in cli.fails("chips", "lohi")


def test_map(cli: Any, net: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    text = cli.ok("map", net, "--on", "loihi", "--for", "50", "--report", page)
    assert "8 neurons on 1 core of" in text and page.read_text().startswith("<!doctype html>")
    found = json.loads(cli.ok("map", net, "--on", "loihi", "--for", "50", "--json"))
    assert found["counts"]["steps"] == 50 and found["energy"]["fit"]["total"] > 0
    assert "spikestack chips" not in cli.fails("map", net, "--on", "nothing")


def test_compare_chips(cli: Any, net: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    text = cli.ok("compare", net, "--on", "loihi", "--for", "20", "--report", page)
    assert "Loihi" in text and "one run" in text and "<svg" in page.read_text()
    found = json.loads(cli.ok("compare", net, "--on", "loihi", "--for", "20", "--json"))
    row, *others = found["rows"]
    assert any("GPU" in other["on"] for other in others)
    assert all(other["grade"] for other in others)
    assert row["on"] == "Loihi" and row["neurons"] == 8 and row["energy"] > row["dynamic"] > 0
    assert "nothing else" in cli.fails("compare", net, net, "--on", "loihi", code=2)
    assert "two recordings" in cli.fails("compare", net, code=2)


def test_what_does_not_fit_is_said(cli: Any, tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    path.write_text(NET.replace("sp.LIF(tau_m=20.0)", "sp.Izhikevich()"))
    text = cli.ok("compare", path, "--on", "loihi", "--for", "20")
    assert "not on Loihi" in text and "cells" in text
    assert "cells" in cli.fails("map", path, "--on", "loihi")
