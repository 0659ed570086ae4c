"""Files that hold no network, or not the one meant: one clear line each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import spikestack as sp

from .conftest import Cli

Write = Callable[..., Path]
COMMANDS = pytest.mark.parametrize("command", ["run", "inspect"])


@COMMANDS
@pytest.mark.parametrize("name", ["missing.py", "missing.spk", "no/such/folder/net.py"])
def test_missing_file(cli: Cli, tmp_path: Path, command: str, name: str) -> None:
    assert "no such file" in cli.fails(command, tmp_path / name).lower()


@COMMANDS
def test_folder(cli: Cli, tmp_path: Path, command: str) -> None:
    assert "folder" in cli.fails(command, tmp_path)


@COMMANDS
@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("x = 1\ndef f(:\n", 2, "SyntaxError"),
        ("x = 1\n\ny = x / 0\n", 3, "ZeroDivisionError: division by zero"),
        ("def network():\n    return nothing\n", 2, "NameError"),
        ("import spikestack as sp\nsp.Population('a', 0, sp.LIF())\n", 2, "whole number >= 1"),
        ("import no_such_module_at_all\n", 1, "ModuleNotFoundError"),
        ("open('/no/such/file')\n", 1, "FileNotFoundError"),
        ("import sys\nsys.exit(0)\n", 2, "ends the process"),
        ("raise ValueError('one\\ntwo\\x1b[31m')\n", 1, "one two\\x1b[31m"),
        ("def f():\n    f()\nf()\n", 2, "RecursionError"),
    ],
)
def test_failing_python_file(
    cli: Cli, write: Write, command: str, text: str, line: int, what: str
) -> None:
    path = write(text)
    message = cli.fails(command, path)
    assert f"{path}, line {line}: " in message
    assert what in message


@COMMANDS
@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "defines no network"),
        ("net = [1, 2]\n", "net is [1, 2]"),
        ("def network():\n    return 5\n", "network() returned 5"),
        ("def network(n, seed):\n    pass\n", "network() needs n, seed"),
        ("from spikestack import network\n", "defines no network"),
        ("\0", "null bytes"),
    ],
)
def test_python_file_without_a_network(
    cli: Cli, write: Write, command: str, text: str, what: str
) -> None:
    message = cli.fails(command, write(text))
    assert what in message
    assert "net.py" in message


@COMMANDS
@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04 and then nothing", b"\x00" * 100])
def test_file_of_another_kind(cli: Cli, tmp_path: Path, command: str, content: bytes) -> None:
    path = tmp_path / "thing.spk"
    path.write_bytes(content)
    assert "not a Spikestack file" in cli.fails(command, path)


@COMMANDS
def test_text_that_is_no_python_file_is_never_executed(
    cli: Cli, tmp_path: Path, command: str
) -> None:
    path = tmp_path / "net.txt"
    path.write_text(f"open({str(tmp_path / 'trace')!r}, 'w')\n")
    assert ".py" in cli.fails(command, path)
    assert not (tmp_path / "trace").exists()


@COMMANDS
def test_damaged_network(cli: Cli, tmp_path: Path, command: str) -> None:
    net = sp.Network()
    net.add(sp.Population("a", 50, sp.LIF(v=[float(-k) for k in range(50)])))
    whole = net.save(tmp_path / "net.spk").read_bytes()
    damaged = tmp_path / "damaged.spk"
    for place in range(0, len(whole), 97):
        damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        result = cli(command, damaged, *(["--for", "1", "--on", "reference"] * (command == "run")))
        assert result.exit_code in (0, 1)
        assert result.exit_code == 0 or result.stderr.startswith("error: ")
        damaged.write_bytes(whole[:place])
        cli.fails(command, damaged)


@pytest.mark.parametrize("kind", ["recording", "state"])
def test_run_of_what_is_no_network(cli: Cli, tmp_path: Path, kind: str) -> None:
    net = sp.Network()
    net.record(net.add(sp.Population("a", 2, sp.LIF())), "spikes")
    simulation = sp.Simulation(net, on="reference")
    path = tmp_path / "file"
    simulation.save(path) if kind == "state" else simulation.recording().save(path)
    assert f"holds a {kind}, not a network" in cli.fails("run", path)
