"""``spikestack models`` and ``spikestack describe``."""

from __future__ import annotations

import pytest

from .conftest import Cli

NEURONS = ("LIF", "AdEx", "Izhikevich", "HodgkinHuxley", "SpikeSource")
SYNAPSES = ("Delta", "ExponentialCurrent", "AlphaCurrent", "ExponentialConductance")


def test_models(cli: Cli) -> None:
    rows = {row["name"]: row for row in cli.json("models")}
    assert {name: rows[name]["kind"] for name in (*NEURONS, *SYNAPSES)} == {
        **dict.fromkeys(NEURONS, "neuron"),
        **dict.fromkeys(SYNAPSES, "synapse"),
    }
    assert "brunel" in rows["LIF"]["parameter_sets"]
    text = cli.ok("models")
    assert all(name in text for name in rows)


@pytest.mark.parametrize("name", [*NEURONS, *SYNAPSES])
def test_describe(cli: Cli, name: str) -> None:
    data = cli.json("describe", name)
    assert data["name"] == name
    assert {v["name"] for v in data["variables"]} <= set(data["integration"])
    text = cli.ok("describe", name)
    assert data["source"][:40] in text
    for line in data["equations"].splitlines():
        assert line in text
    for parameter in data["parameters"]:
        assert parameter["name"] in text


def test_integration_is_that_of_the_lowered_network(cli: Cli) -> None:
    assert cli.json("describe", "LIF")["integration"] == {"v": "exact"}
    changed = cli.json("describe", "LIF")["integration_with"]
    assert changed["ExponentialConductance"] == {"v": "exponential Euler"}
    assert "ExponentialCurrent" not in changed and "GapJunction" not in changed
    assert set(cli.json("describe", "HodgkinHuxley")["integration"].values()) == {
        "exponential Euler"
    }
    assert cli.json("describe", "Izhikevich")["integration"]["v"] == "euler"
    assert cli.json("describe", "AlphaCurrent")["integration"]


def test_spiking_and_units(cli: Cli) -> None:
    data = cli.json("describe", "adex")
    assert data["threshold"] == "v >= v_spike"
    assert data["refractory"] == "tau_refrac"
    assert data["clamped"] == ["v"]
    cm = next(p for p in data["parameters"] if p["name"] == "cm")
    assert (cm["default"], cm["unit"], cm["range"]) == (0.281, "nF", "> 0 nF")


@pytest.mark.parametrize(
    ("given", "meant"),
    [("lif", "LIF"), ("HODGKINHUXLEY", "HodgkinHuxley"), ("alpha-current", "AlphaCurrent")],
)
def test_names_in_any_case(cli: Cli, given: str, meant: str) -> None:
    assert cli.json("describe", given)["name"] == meant


@pytest.mark.parametrize(
    ("given", "meant"), [("adx", "AdEx"), ("lief", "LIF"), ("izikevich", "Izhikevich")]
)
def test_did_you_mean(cli: Cli, given: str, meant: str) -> None:
    assert f"did you mean '{meant}'" in cli.fails("describe", given)


def test_a_name_like_nothing_else(cli: Cli) -> None:
    message = cli.fails("describe", "\x1b[31m[red]")
    assert "known: " in message
    assert message.isprintable()
