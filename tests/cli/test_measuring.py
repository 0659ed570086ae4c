"""``spikestack demo`` and ``spikestack bench``, with stand-ins for what they call."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from spikestack.benchmarks import NETWORKS
from spikestack.errors import MemoryLimitError

from .conftest import Cli

#: A peer's interpreter: notes what it was asked, and prints a row.
PEER = """#!{python}
import json, sys
asked = json.load(sys.stdin)
with open({log!r}, "a") as file:
    file.write(json.dumps([sys.argv[1:], asked]) + "\\n")
print("chatter")
print(json.dumps({{
    "version": "9.9", "precision": "float64", "build_s": 1.0, "wall_s_per_s": 8.0,
    "cpu_s_per_s": None, "peak_bytes": 1000, "neurons": 4000, "synapses": 320000,
    "rates": {{p["name"]: {rate} for p in asked["network"]["populations"]}},
}}))
"""


def _measure(name: str, **settings: Any) -> dict[str, Any]:
    print("chatter")
    if name == "huge":
        raise MemoryLimitError("needs more than there is")
    if name == "stopped":
        raise KeyboardInterrupt
    return {
        "name": name,
        "neurons": 4000,
        "synapses": None if name == "small" else 320000,
        "dt": 0.1,
        "threads": settings["threads"],
        "precision": settings["precision"],
        "build_s": 0.5,
        "wall_s_per_s": settings["duration"],
        "cpu_s_per_s": float("nan"),
        "events_per_s": 1e7,
        "rates": {"exc": 5.0, "inh": 6.0},
        "mean_rate": 5.2,
        "peak_bytes": 123_456_789,
    }


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Gives the benchmarks other names, and a stand-in that measures them."""

    def named(*names: str) -> None:
        monkeypatch.setattr("spikestack.benchmarks.NETWORKS", dict.fromkeys(names))
        monkeypatch.setattr("spikestack.benchmarks.session.measure", _measure)

    return named


@pytest.fixture
def peer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes a program that stands in for the Python of a peer; ours is measured at once."""
    monkeypatch.setattr(
        "spikestack.benchmarks.session.measured", _measured_but_not_ours(tmp_path / "order")
    )

    def written(name: str, text: str = PEER, rate: float = 5.0) -> Path:
        path = tmp_path / name
        log = str(tmp_path / f"{name}.log")
        path.write_text(text.format(python=sys.executable, log=log, rate=rate))
        path.chmod(0o755)
        return path

    return written


def _measured_but_not_ours(order: Path) -> Callable[..., dict[str, Any]]:
    from spikestack.benchmarks.peers import measured

    def stand_in(command: list[str], asked: dict[str, Any]) -> dict[str, Any]:
        is_ours = command[-1].endswith("run_spikestack")
        with order.open("a") as file:
            file.write("ours " if is_ours else "peer ")
        if not is_ours:
            return measured(command, asked)
        return _measure(**asked) | {"version": "0", "wall_s_per_s": 2.0}

    return stand_in


def test_bench_shows_its_commands(cli: Cli) -> None:
    assert "cpu" in cli.ok("bench")
    assert "--against" in cli.ok("bench", "cpu", "--help")


def test_bench(cli: Cli, networks: Callable[..., None]) -> None:
    networks("small", "large")
    text = cli.ok("bench", "cpu", "--for", "200")
    assert "small" in text and "large" in text and "123.5 MB" in text
    assert "exc 5.00, inh 6.00" in text
    args = ("--for", "2 s", "--threads", "3,1", "--seed", 4, "--json")
    lines = cli.ok("bench", "cpu", *args).splitlines()
    rows = [json.loads(line) for line in lines]
    assert [(row["network"], row["threads"]) for row in rows] == [
        ("small", 3),
        ("small", 1),
        ("large", 3),
        ("large", 1),
    ]
    assert rows[0]["wall_s_per_s"] == 2000.0
    assert rows[0]["tool"] == "Spikestack"
    assert rows[0]["cpu_s_per_s"] is None


def test_bench_of_some(cli: Cli, networks: Callable[..., None]) -> None:
    networks("small", "large", "third")
    assert cli.json("bench", "cpu", "--network", "large")["network"] == "large"
    text = cli.ok("bench", "cpu", "--network", "third,large", "--network", "third")
    assert "small" not in text and text.index("third") < text.index("large")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--network", "larger"), "did you mean 'large'"),
        (("--network", "large,"), "has an empty part"),
        (("--against", "nset"), "did you mean 'nest'"),
        (("--threads", "1,x"), "'x' is no number of threads"),
        (("--threads", "0"), "'0' is no number of threads"),
        (("--peer-python", "nest"), "nest=/path/python"),
        (("--peer-python", "nest=python"), "not in --against"),
        (("--against", "nest", "--peer-python", "nest=/none"), "'/none' for nest is no program"),
        (("--precision", "half"), "float64"),
    ],
)
def test_bench_of_wrong_usage(
    cli: Cli, networks: Callable[..., None], args: tuple[str, ...], said: str
) -> None:
    networks("large")
    assert said in cli.fails("bench", "cpu", *args, code=2)


def test_bench_goes_on_after_an_error(cli: Cli, networks: Callable[..., None]) -> None:
    networks("huge", "small")
    result = cli("bench", "cpu", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["network"] == "small"
    assert "error: Spikestack on huge: needs more" in result.stderr


def test_bench_interrupted(cli: Cli, networks: Callable[..., None]) -> None:
    networks("stopped")
    result = cli("bench", "cpu")
    assert result.exit_code == 130
    assert "interrupted" in result.stderr


def test_peers_in_turn(cli: Cli, peer: Callable[..., Path], tmp_path: Path) -> None:
    """Ours, peer, ours, peer; medians and ratios; the peer gets our own network."""
    program = peer("nest", rate=5.1)
    args = ("--against", "nest", "--peer-python", f"nest={program}", "--network", "cuba")
    lines = cli.ok("bench", "cpu", *args, "--repeat", 2, "--for", 100, "--json").splitlines()
    ours, nest = (json.loads(line) for line in lines)
    assert (tmp_path / "order").read_text().split() == ["ours", "peer"] * 2
    assert (ours["tool"], nest["tool"], nest["version"]) == ("Spikestack", "NEST", "9.9")
    assert (nest["wall_to_ours"], nest["cpu_to_ours"], nest["runs"]) == (4.0, None, 2)
    assert nest["mean_rate"] == pytest.approx(5.1)
    assert nest["events_per_s"] == pytest.approx(5.1 * 320_000 / 8.0)
    argv, asked = json.loads((tmp_path / "nest.log").read_text().splitlines()[0])
    assert argv[-1].endswith("run_nest.py") and Path(argv[-1]).exists()
    assert asked["duration"] == 100.0 and asked["warm_up"] == 100.0
    assert [p["size"] for p in asked["network"]["populations"]] == [3200, 800]
    text = cli.ok("bench", "cpu", *args)
    assert "NEST 9.9" in text and "wall x" in text and "different work" not in text


def test_peer_that_fires_otherwise(cli: Cli, peer: Callable[..., Path]) -> None:
    args = ("--against", "nest", "--peer-python", f"nest={peer('nest', rate=9.0)}")
    assert "different work" in cli.ok("bench", "cpu", *args, "--network", "cuba")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("#!/bin/sh\necho oops >&2; exit 3", "failed: oops"),
        ("#!/bin/sh\ncat >/dev/null; kill -9 $$", "want of memory"),
        ("#!/bin/sh\ncat >/dev/null; echo hello", "no row of measurements, but 'hello"),
        ('#!/bin/sh\ncat >/dev/null; echo \'{{"unavailable": "too hard"}}\'', "too hard"),
        ("no program", "cannot start"),
    ],
)
def test_peer_that_fails(cli: Cli, peer: Callable[..., Path], text: str, said: str) -> None:
    """A message, and the others go on."""
    pythons = [f"nest={peer('nest', text)}", f"brian2={peer('brian2')}"]
    args = [part for pair in pythons for part in ("--peer-python", pair)]
    result = cli("bench", "cpu", "--against", "nest,brian2", *args, "--network", "cuba", "--json")
    assert result.exit_code == 1
    tools = [json.loads(line)["tool"] for line in result.stdout.splitlines()]
    assert tools == ["Spikestack", "Brian2"]
    errors = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1 and "NEST on cuba" in errors[0] and said in errors[0]


def test_peer_that_does_not_fit(
    cli: Cli, peer: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spikestack.benchmarks.peers.process.available_memory", lambda: 10**6)
    args = ("--against", "nest", "--peer-python", f"nest={peer('nest')}", "--network", "cuba")
    result = cli("bench", "cpu", *args)
    assert result.exit_code == 1
    assert "NEST on cuba: needs about 20,480,000 bytes for 320,000 synapses" in result.stderr


def test_network_that_peers_cannot_build(
    cli: Cli, peer: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import spikestack as sp

    def odd(seed: int) -> sp.Network:
        net = sp.Network(seed)
        net.add(sp.Population("cells", 4, sp.Izhikevich()))
        return net

    monkeypatch.setitem(NETWORKS, "odd", odd)
    args = ("--against", "nest", "--peer-python", f"nest={peer('nest')}", "--network", "odd")
    result = cli("bench", "cpu", *args, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["tool"] == "Spikestack"
    assert "NEST on odd: Population 'cells': is a Izhikevich; peers take LIF" in result.stderr


def test_ours_in_a_process_of_its_own() -> None:
    """The script that stands beside those of the peers."""
    from spikestack.benchmarks.peers import measured

    asked = {"name": "cuba", "duration": 10.0, "threads": 1, "precision": "float32", "seed": 1}
    row = measured([sys.executable, "-m", "spikestack.benchmarks.peers.run_spikestack"], asked)
    assert row["neurons"] == 4000 and row["wall_s_per_s"] > 0 and row["version"]


@pytest.mark.parametrize("command", ["bench cpu", "demo"])
def test_part_that_is_not_installed(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    name = {"bench cpu": "spikestack.benchmarks", "demo": "spikestack.demo"}[command]
    monkeypatch.setitem(sys.modules, name, None)
    assert "pip install" in cli.fails(*command.split())


def test_demo(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("spikestack.demo")

    def main(out: Path, seed: int, chips: str) -> dict[str, Any]:
        print("accuracy table")
        return {"out": out, "seed": seed, "accuracy": 0.95, "chips": chips}

    module.main = main  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "spikestack.demo", module)
    assert "accuracy table" in cli.ok("demo", "--out", tmp_path)
    data = cli.json("demo", "--out", tmp_path, "--seed", 8, "--on", "loihi")
    assert data == {"out": str(tmp_path), "seed": 8, "accuracy": 0.95, "chips": "loihi"}


def test_neurobench_skips_what_has_no_data(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """And says so; a workload that nobody knows is refused."""
    monkeypatch.setenv("SPIKESTACK_DATA", "/nowhere")
    done = cli("bench", "neurobench", "--workload", "braille", "--json")
    assert done.exit_code == 0 and not done.stdout and "skipped braille" in done.stderr
    assert "SPIKESTACK_DATA" in done.stderr
    wrong = cli("bench", "neurobench", "--workload", "chess")
    assert wrong.exit_code == 2 and "mackey-glass" in wrong.stderr


def test_neurobench_rows(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table, and a line of JSON for each."""
    from spikestack.benchmarks import neurobench

    made = neurobench.forecast(1, hidden=30, ahead=0.5)
    monkeypatch.setattr(neurobench, "forecast", lambda seed: made)
    done = cli("bench", "neurobench", "--workload", "mackey-glass", "--seeds", "2", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["seed"] for row in rows] == [0, 1]
    assert rows[0]["metrics"]["dense"] == 20 * 9 * 30 and rows[0]["value"] == made.smape
    shown = cli("bench", "neurobench", "--workload", "mackey-glass")
    assert "mackey-glass" in shown.stdout and f"{made.smape:.1f} %" in shown.stdout
