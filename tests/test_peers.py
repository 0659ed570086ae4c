"""What peers are given, and the environments that they live in; nothing is installed here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import spikestack as sp
from spikestack.benchmarks import NETWORKS
from spikestack.benchmarks.peers import (
    HERE,
    PEERS,
    check_compiler,
    describe,
    environment,
    interpreter_of,
)
from spikestack.errors import EngineError, ValidationError


@pytest.mark.parametrize("name", NETWORKS)
def test_description(name: str) -> None:
    """All networks can be described, as JSON, with all neurons and synapses."""
    net = NETWORKS[name](1)
    described = json.loads(json.dumps(describe(net), allow_nan=False))
    assert sum(p["size"] for p in described["populations"]) == sum(
        p.size for p in net.populations.values()
    )
    edges = {"cuba": 320_000, "coba": 320_000, "brunel": 15_625_000, "microcircuit": 298_880_970}
    if name in edges:
        assert sum(p["edges"] for p in described["projections"]) == edges[name]


def test_numbers_of_a_description() -> None:
    """Potentials, currents and receptors are those of the networks."""
    coba = describe(NETWORKS["coba"](1))
    assert coba["synapse"] == "conductance"
    assert coba["receptors"] == {
        "exc": {"tau_syn": 5.0, "e_rev": 0.0},
        "inh": {"tau_syn": 10.0, "e_rev": -80.0},
    }
    assert [p["i_offset"] for p in coba["populations"]] == [0.2, 0.2]
    brunel = describe(NETWORKS["brunel"](1))
    assert [(d["rate"], d["weight"], d["receptor"]) for d in brunel["poisson"]] == [
        (20_000.0, 0.1, "exc")
    ] * 2
    assert {p["receptor"]: p["weight"] for p in brunel["projections"]} == {"exc": 0.1, "inh": -0.5}
    tenth = describe(NETWORKS["microcircuit-10"](1))
    assert tenth["populations"][0]["v"] == {
        "kind": "Normal",
        "mean": -68.28,
        "sd": 5.36,
        "outside": "redraw",
    }
    assert tenth["projections"][0]["weight"]["mean"] == pytest.approx(0.277675, abs=1e-6)
    assert tenth["projections"][0]["delay"]["low"] == 0.05


def _pair(**values: Any) -> tuple[sp.Network, sp.Population]:
    net = sp.Network(1)
    return net, net.add(sp.Population("cells", 10, sp.LIF(**values)))


def _parameters_of_each() -> sp.Network:
    return _pair(tau_m=sp.Uniform(10.0, 20.0))[0]


def _part_of_a_population() -> sp.Network:
    net, cells = _pair()
    net.connect(cells[:5], cells, sp.FixedInDegree(2), sp.Delta(weight=1.0))
    return net


def _another_rule() -> sp.Network:
    net, cells = _pair()
    net.connect(cells, cells, sp.AllToAll(), sp.Delta(weight=1.0))
    return net


def _two_kinds_of_synapses() -> sp.Network:
    net, cells = _pair()
    for kind in (sp.Delta, sp.ExponentialCurrent):
        net.connect(cells, cells, sp.FixedInDegree(2), kind(weight=1.0), name=kind.__name__)
    return net


def _two_time_constants() -> sp.Network:
    net, cells = _pair()
    for tau in (2.0, 3.0):
        synapse = sp.ExponentialCurrent(weight=1.0, tau_syn=tau)
        net.connect(cells, cells, sp.FixedInDegree(2), synapse, name=f"tau{tau:g}")
    return net


def _passing_drive() -> sp.Network:
    net, cells = _pair()
    net.drive(cells, sp.Poisson(10.0, weight=1.0, stop=5.0))
    return net


@pytest.mark.parametrize(
    "make",
    [
        _parameters_of_each,
        _part_of_a_population,
        _another_rule,
        _two_kinds_of_synapses,
        _two_time_constants,
        _passing_drive,
    ],
)
def test_what_cannot_be_described(make: Any) -> None:
    """What peers would build otherwise is refused, never approximated."""
    with pytest.raises(ValidationError, match="peers take"):
        describe(make())


def test_scripts_are_there_and_shadow_nothing() -> None:
    """Every peer has a script, whose folder hides no package of that name from it."""
    names = {path.stem for path in HERE.glob("*.py")}
    for peer in PEERS.values():
        assert (HERE / peer.script).exists()
        assert peer.module not in names


class Installer:
    """Stands in for venv and pip: makes the files, or fails at one of the steps."""

    def __init__(self, fails_at: int | None = None, error: BaseException | None = None) -> None:
        self.commands: list[Sequence[str]] = []
        self.fails_at, self.error = fails_at, error

    def __call__(self, command: Sequence[str]) -> tuple[int, str, str]:
        self.commands.append(command)
        step = len(self.commands) - 1
        if step == 0:
            python = Path(command[-1]) / "bin" / "python"
            python.parent.mkdir(parents=True)
            python.touch()
        if step == self.fails_at:
            if self.error is not None:
                raise self.error
            return 1, "", "Collecting\nERROR: No matching distribution\n"
        return 0, "", ""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    monkeypatch.setattr(environment, "cache_folder", lambda: tmp_path)
    return tmp_path / "peers" / "nest"


def test_environment_is_made_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is announced before, made with pinned versions, and found again."""
    installer, told = Installer(), []
    monkeypatch.setattr(environment, "run_group", installer)
    for _ in range(2):
        assert interpreter_of(PEERS["nest"], told.append) == cache / "bin" / "python"
    assert len(told) == 1 and str(cache) in told[0]
    assert len(installer.commands) == 3
    assert "nest-simulator==3.10.*" in installer.commands[1]


@pytest.mark.parametrize("step", [0, 1, 2])
def test_environment_that_cannot_be_made(
    cache: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """The message names what failed and the way around; nothing is left."""
    monkeypatch.setattr(environment, "run_group", Installer(step))
    with pytest.raises(EngineError, match=r"nest-simulator==.*No matching.*--peer-python nest="):
        interpreter_of(PEERS["nest"], lambda line: None)
    assert not cache.exists()


def test_interrupted_environment(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C leaves nothing; what a killed process leaves is made anew."""
    monkeypatch.setattr(environment, "run_group", Installer(1, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        interpreter_of(PEERS["nest"], lambda line: None)
    assert not cache.exists()
    (cache / "bin").mkdir(parents=True)
    (cache / "bin" / "python").touch()
    (cache / "rest").touch()
    installer = Installer()
    monkeypatch.setattr(environment, "run_group", installer)
    interpreter_of(PEERS["nest"], lambda line: None)
    assert len(installer.commands) == 3 and not (cache / "rest").exists()


def test_no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Said before anything is installed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(EngineError, match=r"install g\+\+ and make"):
        check_compiler(PEERS["brian2"])
    check_compiler(PEERS["nest"])
