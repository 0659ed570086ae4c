"""``spikestack translate``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import spikestack as sp

from .conftest import Cli

DISCRETE = """
import numpy as np
import spikestack as sp

net = sp.Network(seed=1)
a = net.add(sp.Population("a", 3, sp.DiscreteLIF(beta=0.8)))
b = net.add(sp.Population("b", 2, sp.DiscreteLIF(beta=0.9)))
net.connect(a, b, sp.Dense(np.array([[1.0, 0.5], [0.25, 0.5], [0.5, 2.0]])), sp.Delta(delay=0.0))
"""


def recorded(path: Path) -> sp.Recording:
    net = sp.Network(seed=2)
    cells = net.add(sp.Population("cells", 4, sp.LIF(i_offset=1.0)))
    net.record(cells, "spikes")
    result = net.run(100.0)
    result.save(path)
    return result


def test_recordings(cli: Cli, tmp_path: Path) -> None:
    result = recorded(tmp_path / "r.spk")
    told = cli.json("translate", tmp_path / "r.spk", tmp_path / "r.csv")
    assert told["was"] == "recording" and told["form"] == "text"
    assert len((tmp_path / "r.csv").read_text().splitlines()) == 1 + len(result["cells"])
    pytest.importorskip("pyarrow")
    cli.ok("translate", tmp_path / "r.spk", tmp_path / "folder", "--to", "arrow")
    assert sp.formats.arrow.read(tmp_path / "folder").same_spikes(result)


def test_networks(cli: Cli, tmp_path: Path) -> None:
    pytest.importorskip("nir")
    source = tmp_path / "net.py"
    source.write_text(DISCRETE)
    cli.ok("translate", source, tmp_path / "net.nir", "--dt", "1")
    told = cli.json("translate", tmp_path / "net.nir", tmp_path / "net.spk")
    assert told["was"] == "nir" and told["form"] == "network"
    again = sp.load(tmp_path / "net.spk")
    weights = next(iter(again.connections(name) for name in again.projections))
    assert np.isclose(weights.weight.max(), 2.0)


def test_lif_through_sonata(cli: Cli, tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    source = tmp_path / "net.py"
    source.write_text(
        "import spikestack as sp\n"
        "net = sp.Network(seed=1)\n"
        "a = net.add(sp.Population('a', 5, sp.LIF(i_offset=1.0)))\n"
        "net.connect(a, a, sp.FixedInDegree(2), sp.ExponentialCurrent(weight=0.1, delay=1.0))\n"
    )
    cli.ok("translate", source, tmp_path / "circuit", "--to", "sonata")
    (config,) = (tmp_path / "circuit").glob("circuit_config.json")
    told = cli.json("translate", config, tmp_path / "net.spk")
    assert told["was"] == "sonata"
    assert sp.load(tmp_path / "net.spk").populations["a"].size == 5


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("r.spk", "r.xyz"), "stands for no form"),
        (("r.spk", "r.nir"), "stands for no form"),
        (("r.spk", "r.csv", "--dialect", "norse"), "--dialect is for NIR files"),
        (("none.nir", "r.spk"), "none.nir"),
    ],
)
def test_what_cannot_be(cli: Cli, tmp_path: Path, arguments: tuple[str, ...], problem: str) -> None:
    pytest.importorskip("h5py")
    recorded(tmp_path / "r.spk")
    named = [tmp_path / a if "." in a else a for a in arguments]
    told = cli.fails("translate", *named)
    assert problem in told
    assert [path.name for path in tmp_path.iterdir()] == ["r.spk"]


def test_a_form_that_nobody_knows(cli: Cli, tmp_path: Path) -> None:
    recorded(tmp_path / "r.spk")
    told = cli.fails("translate", tmp_path / "r.spk", tmp_path / "r", "--to", "parquet", code=2)
    assert "--to" in told and "arrow" in told
