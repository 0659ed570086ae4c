"""``spikestack inspect``: networks, recordings, states, and hostile names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import spikestack as sp
from spikestack.cli.sources import load_network
from spikestack.storage import write_archive

from .conftest import NETWORK, Cli

HOSTILE = "[bold red]x[/] \\[ [/nothing] [link=https://example.org]"
ESCAPES = "\x1b[31mred\x1b]0;title\x07\r\u202e"


def test_network(cli: Cli, net_file: Path) -> None:
    data = cli.json("inspect", net_file)
    assert data["kind"] == "network"
    assert data["seed"] == 1
    assert len(data["fingerprint"]) == 32
    assert [p["name"] for p in data["populations"]] == ["exc", "inh"]
    assert data["populations"][1]["variables"] == ["v", "ExponentialCurrent.i"]
    assert data["projections"][0]["synapses"] == 80
    assert data["drives"][0]["target"] == "exc"
    assert [p["variable"] for p in data["probes"]] == ["spikes", "v"]
    memory = data["memory"]
    assert memory["needed"] == sum(memory["parts"].values()) > 0
    assert memory["available"] > 0


def test_network_for_people(cli: Cli, net_file: Path) -> None:
    text = cli.ok("inspect", net_file)
    for part in ("50 neurons", "80 synapses", "FixedInDegree(k=8)", "rate 800", "needs about"):
        assert part in text


def test_every_listed_variable_can_be_recorded(cli: Cli, net_file: Path, tmp_path: Path) -> None:
    names = cli.json("inspect", net_file)["populations"][1]["variables"]
    path = tmp_path / "all.py"
    path.write_text(f"{NETWORK}\nnet = network()\nnet.record(net['inh'], *{names!r})\n")
    data = cli.json("run", path, "--for", "2", "--on", "reference")
    assert {"v", "ExponentialCurrent.i"} <= {t["variable"] for t in data["traces"]}


def test_memory_depends_on_the_settings(cli: Cli, net_file: Path) -> None:
    one = cli.json("inspect", net_file)["memory"]["needed"]
    assert cli.json("inspect", net_file, "--trials", 50)["memory"]["needed"] > one
    assert cli.json("inspect", net_file, "--precision", "float64")["memory"]["needed"] > one


def test_integration_and_layout(cli: Cli, net_file: Path) -> None:
    """As a run would choose them, without building anything."""
    data = cli.json("inspect", net_file, "--threads", 2)
    for population in data["populations"]:
        assert population["integration"] == {"v": "exact", "ExponentialCurrent.i": "exact"}
    layout = data["layout"]
    assert (layout["partitions"], layout["delays_in_a_bucket"]) == (2, 1)
    assert [(c["source"], c["synapses"], c["bytes"]) for c in layout["channels"]] == [
        ("exc", 80, 320)
    ]
    assert layout["expected_ns_per_event"] > 0
    text = " ".join(cli.ok("inspect", net_file).split())
    for part in ("4 bytes, shared", "delays in a bucket: 1, partitions: 1", "ns for each synaptic"):
        assert part in text
    assert cli.json("inspect", net_file, "--on", "reference")["layout"] is None


def test_what_cannot_be_lowered_is_an_error(cli: Cli, net_file: Path) -> None:
    assert "run, dt" in cli.fails("inspect", net_file, "--dt", 5000)
    assert "run, dt" in cli.fails("inspect", net_file, "--dt", 5000, "--json")


def test_what_does_not_fit_is_not_laid_out(
    cli: Cli, net_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spikestack.program.memory.available_memory", lambda: 1000)
    assert "left out" in cli.ok("inspect", net_file)
    data = cli.json("inspect", net_file)
    assert (data["memory"]["fits"], data["layout"]) == (False, None)
    assert data["populations"][0]["integration"] is None


def test_empty_network(cli: Cli, tmp_path: Path) -> None:
    path = sp.Network().save(tmp_path / "net.spk")
    assert cli.json("inspect", path)["layout"] is None
    assert "0 neurons" in cli.ok("inspect", path)


def test_every_kind_of_part(cli: Cli, tmp_path: Path) -> None:
    net = sp.Network()
    image = net.add(sp.Population("image", (6, 6), sp.SpikeSource()))
    out = net.add(sp.Population("out", (4, 4), sp.AdEx()))
    net.connect(image, image, sp.OneToOne(), sp.Delta(weight=np.ones(36), delay=1.0))
    net.connect(
        image,
        out,
        sp.FromArrays([0, 1], [0, 1]),
        sp.ExponentialConductance(weight=[0.1, 0.2], delay=sp.Uniform(1.0, 2.0)),
        name="listed",
    )
    net.connect(out, out, sp.Dense(np.ones((16, 16))), sp.ExponentialCurrent(weight=0.1))
    net.drive(image, sp.SpikeTrains([1.0, 2.0], [0, 1]))
    net.drive(out, sp.ConstantCurrent(np.linspace(0, 1, 16)))
    net.drive(out[:3], sp.StepCurrent([0.0, 5.0], [0.1, 0.2]))
    path = net.save(tmp_path / "net.spk")
    text = " ".join(cli("inspect", path).stdout.split())
    assert "36 (6 x 6)" in text
    data = cli.json("inspect", path)
    text = str(data)
    for part in ("of 36 values", "pre: 2", "matrix: 16 x 16", "Uniform(low=1.0"):
        assert part in text
    assert len(data["drives"]) == 3


def test_recording(cli: Cli, net_file: Path, tmp_path: Path) -> None:
    cli.ok("run", net_file, "--for", "20", "--on", "reference", "--out", tmp_path)
    text = cli.ok("inspect", tmp_path / "recording.spk")
    assert "a recording" in text and "fingerprint" in text
    assert "Report of 20 ms" in text
    data = cli.json("inspect", tmp_path / "recording.spk")
    assert data["kind"] == "recording"
    assert data["t_stop_ms"] == 20.0


def test_state(cli: Cli, net_file: Path, tmp_path: Path) -> None:
    net = load_network(net_file)
    simulation = sp.Simulation(net, on="reference", dt=0.5, trials=2)
    simulation.advance(10.0)
    simulation.save(tmp_path / "state.spk")
    assert "at 10 ms" in cli.ok("inspect", tmp_path / "state.spk")
    data = cli.json("inspect", tmp_path / "state.spk")
    assert (data["kind"], data["time_ms"], data["neurons"]) == ("state", 10.0, 50)
    assert (data["trials"], data["fingerprint"]) == (2, net.fingerprint)


@pytest.mark.parametrize("header", [{}, {"step": "x", "dt": 1}, {"step": 1, "dt": None}])
def test_state_with_a_nonsensical_header(
    cli: Cli, tmp_path: Path, header: dict[str, object]
) -> None:
    write_archive(tmp_path / "state", "state", header, {"values_0": np.zeros(3)})
    assert "damaged" in cli.fails("inspect", tmp_path / "state")


def test_file_of_an_unknown_kind(cli: Cli, tmp_path: Path) -> None:
    write_archive(tmp_path / "file", "poem\x1b[31m", {}, {})
    assert "poem" in cli.fails("inspect", tmp_path / "file")


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A network whose names try to be markup, and whose model is named by escapes."""
    net = sp.Network()
    model = sp.NeuronModel(
        "dv/dt = -v/tau : mV", parameters={"tau": "20 ms"}, name=f"m{ESCAPES}{HOSTILE}"
    )
    population = net.add(sp.Population(HOSTILE, 3, model))
    net.connect(population, population, sp.AllToAll(), sp.Delta(weight=1.0), name=f"{HOSTILE}!")
    net.record(population, "spikes", "v")
    return net.save(tmp_path / "net.spk")


def test_hostile_names_are_shown_as_they_are(cli: Cli, hostile: Path) -> None:
    shown = [cli.ok("inspect", hostile), cli.ok("run", hostile, "--for", "1", "--on", "reference")]
    for text in shown:
        assert all(char.isprintable() or char == "\n" for char in text)
        assert "[bold red]x[/]" in "".join(text.split("\n"))
    assert cli.json("inspect", hostile)["populations"][0]["name"] == HOSTILE


def test_hostile_file_names(cli: Cli, tmp_path: Path, write: Callable[..., Path]) -> None:
    message = cli.fails("run", tmp_path / f"no{ESCAPES}.py")
    assert message.isprintable()
    path = write(NETWORK, f"[red]{ESCAPES}.py")
    text = cli.ok("inspect", path)
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "[red]" in text
