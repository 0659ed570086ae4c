"""``spikestack devices``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def test_the_table_of_devices(cli: Any) -> None:
    rows = {row["name"]: row for row in json.loads(cli.ok("devices", "--json"))}
    assert rows["VTEAM"]["kind"] == "dynamic" and rows["VTEAM"]["source"]
    assert 1 / rows["StanfordPKU"]["g_max"] == pytest.approx(542)
    text = cli.ok("devices")
    assert "VTEAM" in text and "50 to 1 k Ohm" in text


def test_one_device(cli: Any) -> None:
    text = cli.ok("devices", "linear-ion-drift", "--set", "hp_sine")
    assert "Strukov" in text and "dx/dt" in text and "joglekar" in text
    facts = json.loads(cli.ok("devices", "Yakopcic", "--set", "jo", "--json"))
    values = {p["name"]: p["value"] for p in facts["parameters"]}
    assert values["a2"] == 4.35e-7 and facts["sets"]["oblea_pulsed"]["a_p"] == 4000
    assert facts["texts"]["bounds of x"] == "x_min to 1" and facts["method"] == "rk4"


def test_every_device_is_shown(cli: Any) -> None:
    for row in json.loads(cli.ok("devices", "--json")):
        text = " ".join(cli.ok("devices", row["name"]).split())
        assert " ".join(row["source"].split()[:3]) in text and "parameter" in text


def test_the_loop(cli: Any, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "loop.png"
    assert "loop.png" in cli.ok("devices", "vteam", "--plot", path)
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["AgSilicon", "PCM"])
def test_pulses_and_drift_are_drawn(cli: Any, tmp_path: Path, name: str) -> None:
    pytest.importorskip("matplotlib")
    cli.ok("devices", name, "--plot", tmp_path / "shown.png")
    assert (tmp_path / "shown.png").read_bytes().startswith(b"\x89PNG")


def test_texts_of_pulses_and_statistics_are_shown(cli: Any) -> None:
    facts = json.loads(cli.ok("devices", "PCM", "--json"))
    assert facts["texts"]["drifted"] == "written*exp(-nu*log((t + t_0)/t_0))"
    assert "write_noise*step*xi" in cli.ok("devices", "soft-bounds")


def test_what_is_refused(cli: Any, tmp_path: Path) -> None:
    assert "VTEAM" in cli.fails("devices", "VTEEM")
    assert "memtorch" in cli.fails("devices", "VTEAM", "--set", "nothing")
    assert ".png" in cli.fails("devices", "VTEAM", "--plot", tmp_path / "loop.exe")
    assert "name" in cli.fails("devices", "--plot", tmp_path / "loop.png", code=2)
    assert not list(tmp_path.iterdir())
