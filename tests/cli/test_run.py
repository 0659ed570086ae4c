"""``spikestack run``: networks from files, settings, results in files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import spikestack as sp
from spikestack.cli.sources import load_network
from spikestack.recording import Recording

from .conftest import NETWORK, Cli

Write = Callable[[str], Path]
FAST = ("--on", "reference", "--for", "20")


def test_prints_the_table(cli: Cli, net_file: Path) -> None:
    text = cli.ok("run", net_file, *FAST)
    assert "Recording of 20 ms, engine reference" in text
    assert "rate (Hz)" in text and "trace exc.v (mV): 3 neurons" in text


def test_json_holds_the_numbers(cli: Cli, net_file: Path) -> None:
    data = cli.json("run", net_file, *FAST, "--trials", 2, "--precision", "float64")
    assert data["status"] == "complete"
    assert [p["name"] for p in data["populations"]] == ["exc"]
    assert data["provenance"]["trials"] == 2
    assert data["provenance"]["precision"] == "float64"
    assert data["files"] == []


def test_what_the_users_file_prints_stays_out_of_json(cli: Cli, write: Write) -> None:
    path = write("print('hello from the file')\n" + NETWORK)
    assert cli.json("run", path, *FAST)["status"] == "complete"


def test_writes_recording_and_figure(cli: Cli, net_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "results"
    data = cli.json("run", net_file, *FAST, "--out", out, "--plot")
    assert data["files"] == [str(out / "recording.spk"), str(out / "raster.png")]
    assert (out / "raster.png").read_bytes().startswith(b"\x89PNG")
    assert Recording.load(out / "recording.spk").duration == 20.0


def test_plot_alone_goes_to_this_folder(
    cli: Cli, net_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cli.ok("run", net_file, *FAST, "--plot")
    assert (tmp_path / "raster.png").exists()
    assert not (tmp_path / "recording.spk").exists()


def test_out_that_is_a_file_is_refused_before_the_run(cli: Cli, net_file: Path) -> None:
    assert "exists" in cli.fails("run", net_file, *FAST, "--out", net_file)


def test_saved_network_gives_the_same_spikes_as_its_file(
    cli: Cli, net_file: Path, tmp_path: Path
) -> None:
    load_network(net_file, seed=5).save(tmp_path / "net.spk")
    cli.ok("run", tmp_path / "net.spk", *FAST, "--out", tmp_path / "a")
    cli.ok("run", net_file, *FAST, "--seed", 5, "--out", tmp_path / "b")
    a, b = (Recording.load(tmp_path / name / "recording.spk") for name in "ab")
    assert a.same_spikes(b)
    assert a.provenance["fingerprint"] == b.provenance["fingerprint"]


@pytest.mark.parametrize("extra", ["net = network()", "net = network(); del network"])
def test_seed_overrides_that_of_a_variable(cli: Cli, write: Write, extra: str) -> None:
    path = write(f"{NETWORK}\n{extra}\n")
    assert cli.json("run", path, *FAST, "--seed", 9)["provenance"]["seed"] == 9
    assert cli.json("run", path, *FAST)["provenance"]["seed"] == 1


def test_seed_overrides_that_of_a_saved_file(cli: Cli, tmp_path: Path) -> None:
    net = sp.Network(seed=3)
    net.add(sp.Population("a", 2, sp.LIF(i_offset=1.0)))
    net.save(tmp_path / "saved")
    for args, seed in (((), 3), (("--seed", 0), 0)):
        assert cli.json("run", tmp_path / "saved", *FAST, *args)["provenance"]["seed"] == seed


def test_function_with_and_without_a_seed(cli: Cli, write: Write) -> None:
    needs = write(NETWORK.replace("seed=1", "seed"))
    assert cli.json("run", needs, *FAST)["provenance"]["seed"] == 0
    without = write(NETWORK.replace("(seed=1)", "()").replace("seed=seed", "seed=4"))
    assert cli.json("run", without, *FAST)["provenance"]["seed"] == 4
    assert cli.json("run", without, *FAST, "--seed", 6)["provenance"]["seed"] == 6


def test_records_all_spikes_where_nothing_is_recorded(cli: Cli, write: Write) -> None:
    lines = [line for line in NETWORK.splitlines() if "net.record" not in line]
    result = cli("run", write("\n".join(lines)), *FAST)
    assert result.exit_code == 0
    assert "nothing is recorded" in result.stderr
    assert "exc" in result.stdout and "inh" in result.stdout


def test_file_may_import_from_its_own_folder(cli: Cli, write: Write, tmp_path: Path) -> None:
    (tmp_path / "my_sizes_for_this_test.py").write_text("N = 7\n")
    text = NETWORK.replace('"exc", 40', '"exc", my_sizes_for_this_test.N')
    path = write("import my_sizes_for_this_test\n" + text)
    assert cli.json("run", path, *FAST)["populations"][0]["neurons"] == 7


def test_file_is_read_anew_each_time(cli: Cli, write: Write, tmp_path: Path) -> None:
    assert cli.json("run", write(NETWORK), *FAST)["populations"][0]["neurons"] == 40
    again = write(NETWORK.replace('"exc", 40', '"exc", 60'))
    assert cli.json("run", again, *FAST)["populations"][0]["neurons"] == 60
    assert not (tmp_path / "__pycache__").exists()


@pytest.mark.parametrize(("given", "ms"), [("20", 20), ("20 ms", 20), ("0.02 s", 20)])
def test_times_may_have_units(cli: Cli, net_file: Path, given: str, ms: float) -> None:
    data = cli.json("run", net_file, "--on", "reference", "--for", given, "--dt", "0.5ms")
    assert data["t_stop_ms"] == ms
    assert data["provenance"]["dt"] == 0.5


@pytest.mark.parametrize(
    "args",
    [
        ("--for", "soon"),
        ("--for", "-5"),
        ("--for", "20 mV"),
        ("--for", "inf"),
        ("--dt", "0"),
        ("--on", "quantum"),
        ("--precision", "float16"),
        ("--threads", "0"),
        ("--trials", "none"),
        ("--seed", "-1"),
        ("--sideways",),
    ],
)
def test_wrong_usage(cli: Cli, net_file: Path, args: tuple[str, ...]) -> None:
    assert "--help" in cli.fails("run", net_file, *args, code=2)


def test_bad_settings_that_only_the_library_knows(cli: Cli, net_file: Path) -> None:
    assert "whole number of steps" in cli.fails("run", net_file, "--for", "1", "--dt", "0.3")
    assert "2**63-1" in cli.fails("run", net_file, "--seed", 2**63)


def test_profile(cli: Cli, net_file: Path, tmp_path: Path) -> None:
    """With a report on the page, and with the numbers in JSON and in the file."""
    text = cli.ok("run", net_file, "--for", 20, "--profile")
    for part in ("Report of 20 ms", "ns per synaptic event", "phase", "deliver", "lowering"):
        assert part in text
    data = cli.json("run", net_file, "--for", 20, "--profile", "--out", tmp_path)
    assert data["provenance"]["profile"]["loop"]["update"][0] > 0
    assert Recording.load(tmp_path / "recording.spk").provenance == data["provenance"]
    assert "profile" not in cli.json("run", net_file, *FAST)["provenance"]
    assert "does not tell phases apart" in cli.ok("run", net_file, *FAST, "--profile")


def test_records_to_a_folder(cli: Cli, net_file: Path, tmp_path: Path) -> None:
    """The same as in memory; not replaced unasked; shown by inspect."""
    folder = tmp_path / "long"
    data = cli.json("run", net_file, *FAST, "--to", folder)
    assert data["files"] == [str(folder)]
    assert sp.open_recording(folder).same_spikes(load_network(net_file).run(20.0))
    assert "recording is there" in cli.fails("run", net_file, *FAST, "--to", folder)
    cli.ok("run", net_file, "--on", "reference", "--for", "10", "--to", folder, "--overwrite")
    assert sp.open_recording(folder).duration == 10.0
    assert "Recording of 10 ms" in cli.ok("inspect", folder)


def test_writes_a_page(cli: Cli, net_file: Path, tmp_path: Path) -> None:
    data = cli.json("run", net_file, *FAST, "--out", tmp_path / "out", "--html")
    page = tmp_path / "out" / "report.html"
    assert str(page) in data["files"]
    assert page.read_text().startswith("<!doctype html>")
