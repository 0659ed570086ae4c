"""Runs on chips shown: reports, pictures, pages."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_faults import Tiny
from test_loihi import Small, layered
from test_spinnaker import network

from spikestack.chips.catalogue.loihi import Loihi
from spikestack.chips.catalogue.spinnaker import SpiNNaker
from spikestack.chips.fabric.routers import Fabric, fabric_of
from spikestack.chips.faults import Faults
from spikestack.chips.figures import Figure, Grade
from spikestack.chips.mapping.mesh import TRIANGULAR, Mesh
from spikestack.chips.routing.machine import LINKS
from spikestack.chips.running import ChipRun
from spikestack.chips.showing.facts import core_facts, link_loads, loads_of
from spikestack.errors import UnknownNameError


@pytest.fixture(scope="module")
def found() -> ChipRun:
    return Small().run(layered(), 50.0)


def test_the_report_says_what_fits_what_it_takes_and_costs(found: ChipRun) -> None:
    text = str(found.report())
    assert "Report of 50 ms on Small" in text and "75 neurons" in text
    for name, number in found.ledger.totals().items():
        assert re.search(rf"^{name} .* {number:,}$", text, re.M), name
    assert "104 mW" in text
    assert "<table" in found.report()._repr_html_()


def test_links_carry_the_hops(found: ChipRun) -> None:
    links = link_loads(found)
    along = links[:, 2] == links[:, 4]
    assert links[along, 5].sum() == found.ledger.total("hops east-west")
    assert links[~along, 5].sum() == found.ledger.total("hops north-south")


def test_links_of_other_meshes() -> None:
    one = np.array([0]), np.array([15]), np.array([7])

    def loads(*settings: Any, **more: Any) -> np.ndarray:
        mesh = Mesh(4, 4, *settings, **more)
        return loads_of(Fabric(mesh, mesh, 1), *one)

    assert len(loads()) == 6
    assert len(loads(TRIANGULAR)) == 3
    # Round the corner of a torus it is one link.
    (link,) = loads(TRIANGULAR, wraps=True).tolist()
    assert link == [0, 0, 0, 3, 3, 7]


def test_links_from_chip_to_chip_and_ways_round_dead_ones_are_drawn(tmp_path: Path) -> None:
    whole = Tiny(chips=4).run(layered(), 50.0)
    links = link_loads(whole)
    assert links[:, 5].sum() == whole.ledger.total("hops between chips") > 0
    # Chips of one router: a link of the first ends one column, or one row, beyond it.
    assert set(map(tuple, links[links[:, 0] == 0, 1:5].tolist())) <= {(0, 0, 1, 0), (0, 0, 0, 1)}
    fabric = fabric_of(Loihi(faults=Faults(dead_links=[(0, 1)])))
    found = loads_of(fabric, np.array([0]), np.array([1]), np.array([5]))
    assert len(found) == 3 and set(found[:, 5].tolist()) == {5}
    assert [0, 0, 0, 1, 0, 5] not in found.tolist()
    pytest.importorskip("matplotlib", reason="the extra plots is not installed")
    assert len(whole.draw().axes) == 5


def test_links_of_spinnaker_are_those_of_trees() -> None:
    seven = Figure(7, "neurons", Grade.DERIVED, "this test")
    run = network().run(30.0, dt=1.0, on=SpiNNaker(neurons_per_core=seven))
    links = link_loads(run)
    assert links[:, 5].sum() == run.ledger.total("hops between chips") > 0
    assert {tuple(row[3:5]) for row in links.tolist()} <= set(LINKS)


def test_cores_add_up(found: ChipRun) -> None:
    facts = core_facts(found)
    assert facts.energy.sum() == pytest.approx(sum(found.bill().dynamic.values()))
    assert (facts.occupancy <= 1).all() and facts.load.sum() > 0
    assert len({(x, y) for x, y in zip(facts.x, facts.y, strict=True)}) == len(found.mapped.cores)


def test_pictures_and_pages(found: ChipRun, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra plots is not installed")
    for by in ("load", "occupancy", "energy"):
        figure = found.draw(by)
        assert len(figure.axes) == 2
        figure.savefig(tmp_path / f"{by}.png", dpi=40)
    with pytest.raises(UnknownNameError):
        found.draw("heat")
    text = found.page(tmp_path / "chip.html", title="<b>").read_text()
    assert "&lt;b&gt;" in text and "{{" not in text
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.S)[1])  # type: ignore[index]
    assert len(data["cores"]) == len(found.mapped.cores)
    core = data["cores"][0]
    assert sum(n for n, _, _ in core["neurons"].values()) == core["used"]["neurons"]
