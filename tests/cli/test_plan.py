"""``spikestack plan``."""

from __future__ import annotations

import pytest

from spikestack.chips.systems import SYSTEMS

from .conftest import Cli


def test_a_table_of_all_systems(cli: Cli) -> None:
    text = cli.ok("plan")
    assert "86,000,000,000 neurons" in text
    assert all(name in text for name in SYSTEMS)
    rows = cli.json("plan", "microcircuit")
    assert [row["system"] for row in rows] == list(SYSTEMS)
    assert rows[0]["neurons"] == 77_169
    assert rows[0]["power"][0]["source"]


def test_one_system_with_its_sources(cli: Cli) -> None:
    given = ("--neurons", "1.15e9", "--synapses", "128e9", "--rate", "10", "--on", "Hala-Point")
    (row,) = cli.json("plan", *given)
    assert (row["chips"], row["cores"], row["units"]) == (1152, 140_544, 1)
    text = cli.ok("plan", *given)
    assert "140,544 cores" in text and "eeNews" in text
    assert cli.json("plan", "--on", "loihi")[0]["system"] == "Loihi"


@pytest.mark.parametrize(
    "wrong", [("mind",), ("--on", "Deep Thought"), ("--neurons", "-1"), ("--rate", "nan")]
)
def test_what_cannot_be_planned(cli: Cli, wrong: tuple[str, ...]) -> None:
    result = cli("plan", *wrong)
    assert result.exit_code in (1, 2) and result.stdout == ""
    assert "error:" in result.stderr and "Traceback" not in result.stderr
