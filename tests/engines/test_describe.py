"""What engines say of themselves: layouts, planned and built, and the time by phase."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import spikestack as sp
from spikestack.engines.cpu.driver import PHASES
from spikestack.simulation import planned


def network(random: bool = False) -> sp.Network:
    """Two populations; one of them has synapses of three kinds, and more than it needs for one."""
    net = sp.Network(seed=2)
    cell = sp.LIF(i_offset=1.2, v=sp.Uniform(-65, -50))
    a, b = net.add(sp.Population("a", 60, cell)), net.add(sp.Population("b", 30, cell))
    normal = sp.Normal(0.1, 0.05) if random else 0.1
    rule = sp.FixedProbability(0.3) if random else sp.FixedInDegree(9)
    net.connect(a, b, rule, sp.ExponentialCurrent(weight=normal, delay=sp.Uniform(0.5, 3.0)))
    net.connect(b, a, sp.FixedOutDegree(7), sp.ExponentialCurrent(weight=-0.1, delay=1.5))
    net.connect(a, a, sp.OneToOne(), sp.ExponentialCurrent(weight=0.2, delay=0.7))
    net.record(a, "spikes", "v")
    net.record(b, "spikes")
    return net


def details(on: str = "cpu", random: bool = False, **settings: Any) -> dict[str, Any]:
    return (
        sp.Simulation(network(random), on=on, **settings).recording().provenance["engine_details"]
    )


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_channels_add_up(threads: int, precision: str) -> None:
    """Synapses and bytes of the channels are those of the whole, and those of the reference."""
    said = details(random=True, threads=threads, precision=precision)
    for part, whole in (
        ("synapses", "synapses"),
        ("bytes", "bytes_synapses"),
        ("bytes_rows", "bytes_rows"),
    ):
        assert sum(channel[part] for channel in said["channels"]) == said[whole] > 0
    assert leaving(said) == leaving(details("reference", random=True))
    assert said["bytes_logs"] > 0 and said["partitions"] == threads


def leaving(said: dict[str, Any]) -> dict[str, int]:
    found = dict.fromkeys(("a", "b"), 0)
    for channel in said["channels"]:
        found[channel["source"]] += channel["synapses"]
    return found


@pytest.mark.parametrize(("threads", "trials"), [(1, 1), (3, 1), (2, 2), (1, 2)])
def test_what_is_planned_is_what_is_built(threads: int, trials: int) -> None:
    plan = planned(network(), threads=threads, trials=trials)["layout"]
    said = details(threads=threads, trials=trials)
    for expected, built in zip(plan["channels"], said["channels"], strict=True):
        for most in ("bytes_rows", "groups_of_delays"):
            assert expected.pop(most) >= built.pop(most) > 0
    assert plan.pop("bytes_rows") >= said["bytes_rows"]
    assert {name: said[name] for name in plan} == plan


def test_planning_says_how_equations_are_integrated() -> None:
    both = planned(network(), on="reference")
    assert both["layout"] == {}
    assert both["populations"][1] == {
        "name": "b",
        "neurons": 30,
        "integration": {"v": "exact", "ExponentialCurrent.i": "exact"},
    }
    assert both["populations"] == network().run(1.0).provenance["populations"]


def test_a_profile_is_taken_only_when_asked_for() -> None:
    simulation = sp.Simulation(network())
    simulation.advance(1.0)
    assert simulation.engine.profile.size == 0
    assert "profile" not in simulation.recording().provenance


@pytest.mark.parametrize(
    ("threads", "trials", "per", "number"),
    [(1, 1, "thread", 1), (2, 1, "thread", 2), (2, 3, "trial", 3), (1, 3, "thread", 1)],
)
def test_time_by_phase(threads: int, trials: int, per: str, number: int) -> None:
    """Every phase has a number for each thread or trial, none more than the run; equal spikes."""
    settings = dict(threads=threads, trials=trials)
    result = network().run(100.0, profile=True, **settings)
    assert result.same_spikes(network().run(100.0, **settings))
    profile = result.provenance["profile"]
    assert profile["per"] == per
    assert tuple(profile["loop"]) == PHASES
    assert all(len(times) == number and min(times) >= 0 for times in profile["loop"].values())
    assert all(min(profile["loop"][name]) > 0 for name in ("deliver", "update", "record"))
    if per == "thread":
        longest = max(sum(times) for times in zip(*profile["loop"].values()))
        assert longest <= profile["running_s"] == result.provenance["wall_time_s"]
    assert profile["collecting_s"] > 0


def test_the_reference_engine_tells_only_the_whole() -> None:
    profile = network().run(2.0, on="reference", profile=True).provenance["profile"]
    assert profile["loop"] == {}
    assert profile["running_s"] > 0


def test_pieces_add_up(tmp_path: Path) -> None:
    """A drained piece has its own time; joined, building is counted once."""
    simulation = sp.Simulation(network(), profile=True)
    pieces = []
    for _ in range(3):
        simulation.advance(20.0)
        pieces.append(simulation.drain())
    said = [piece.provenance for piece in pieces]
    joined = sp.Recording.join(*pieces).provenance
    assert joined["wall_time_s"] == pytest.approx(simulation.wall_time)
    assert joined["profile"]["running_s"] == pytest.approx(simulation.wall_time)
    assert joined["build_time_s"] == pytest.approx(simulation.build_time)
    assert [p["build_time_s"] == 0 for p in said] == [False, True, True]
    assert joined["profile"]["loop"]["update"] == [
        pytest.approx(sum(p["profile"]["loop"]["update"][0] for p in said))
    ]
    assert joined["engine_details"]["channels"] == said[0]["engine_details"]["channels"]
    simulation.save(tmp_path / "state")
    simulation.restore(tmp_path / "state")
    simulation.advance(20.0)
    again = simulation.recording().provenance
    assert again["profile"]["loop"]["update"][0] > 0
    assert again["real_time_factor"] == pytest.approx(again["wall_time_s"] / 0.02)
