"""The command as a process: start-up, terminals, Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import spikestack
from spikestack.recording import Recording

from .conftest import NETWORK, Cli, environment, process

COMMANDS = ("run", "inspect", "models", "describe", "demo", "bench")
#: Says that the run is on: from then on, Ctrl-C is the simulation's own affair.
WATCH = """
import pathlib, signal, threading, time

def watch():
    while signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        time.sleep(0.01)
    pathlib.Path(__file__).with_name("running").touch()

threading.Thread(target=watch, daemon=True).start()
"""


def test_help_names_every_command(cli: Cli) -> None:
    text = cli.ok("--help")
    assert all(name in text for name in COMMANDS)
    assert cli.ok() == text
    for name in COMMANDS:
        words = ("bench", "cpu") if name == "bench" else (name,)
        assert "--json" in cli.ok(*words, "--help")


def test_version(cli: Cli) -> None:
    assert cli.ok("--version") == f"spikestack {spikestack.__version__}\n"


@pytest.mark.parametrize("args", [("frob",), ("run",), ("describe",), ("--nonsense",)])
def test_wrong_usage(cli: Cli, args: tuple[str, ...]) -> None:
    assert "--help" in cli.fails(*args, code=2)


def test_fault_of_our_own_is_not_hidden(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> str:
        raise AssertionError(name)

    monkeypatch.setattr("spikestack.cli.catalogue._resolved", broken)
    assert isinstance(cli("describe", "LIF").exception, AssertionError)


def test_help_imports_nothing_slow() -> None:
    code = (
        "import sys; from spikestack.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'numba', 'scipy', 'numpy', 'matplotlib'} & set(sys.modules), sys.modules"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=environment(), timeout=60, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout


def test_exit_codes_and_streams(net_file: Path, tmp_path: Path) -> None:
    good = process("run", net_file, "--for", "10", "--on", "reference", "--json")
    assert good.returncode == 0
    assert json.loads(good.stdout)["status"] == "complete"
    bad = process("run", tmp_path / "none.py")
    assert (bad.returncode, bad.stdout) == (1, "")
    assert bad.stderr.startswith("error: ") and bad.stderr.count("\n") == 1
    assert process("run").returncode == 2


@pytest.mark.parametrize(
    "extra",
    [
        {"COLUMNS": "1"},
        {"COLUMNS": "400"},
        {"NO_COLOR": "1", "TERM": "xterm-256color"},
        {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"},
        {"TERM": "dumb"},
    ],
    ids=lambda extra: next(iter(extra)),
)
def test_any_terminal(net_file: Path, extra: dict[str, str]) -> None:
    for args in (("--help",), ("inspect", net_file), ("describe", "lif")):
        result = process(*args, **extra)
        assert result.returncode == 0, result.stderr
        assert "\x1b" not in result.stdout
        assert result.stderr == ""


def test_reader_that_leaves_early() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "spikestack", "describe", "LIF"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as child:
        assert child.stdout is not None and child.stderr is not None
        child.stdout.close()
        assert b"Traceback" not in child.stderr.read()


@pytest.mark.parametrize("as_json", [False, True])
def test_ctrl_c_keeps_what_was_recorded(tmp_path: Path, as_json: bool) -> None:
    (tmp_path / "net.py").write_text(WATCH + NETWORK)
    command = ["run", "net.py", "--for", "1e7", "--on", "reference", "--out", "out"]
    with subprocess.Popen(
        [sys.executable, "-m", "spikestack", *command, *["--json"] * as_json],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as child:
        try:
            _wait_for(tmp_path / "running", child)
            time.sleep(0.5)
            child.send_signal(signal.SIGINT)
            output, errors = child.communicate(timeout=120)
        finally:
            child.kill()
    assert child.returncode == 130, errors
    assert "stopped at" in errors
    recording = Recording.load(tmp_path / "out" / "recording.spk")
    assert recording.status == "interrupted"
    assert 0 < recording.duration < 1e7
    if as_json:
        assert json.loads(output)["status"] == "interrupted"
    else:
        assert "interrupted" in output and "recording.spk" in output


def test_ctrl_c_before_the_run(tmp_path: Path) -> None:
    path = tmp_path / "net.py"
    lines = (
        "import os, signal, time",
        # A shell that starts us in the background makes its children deaf to this signal.
        "signal.signal(signal.SIGINT, signal.default_int_handler)",
        "os.kill(os.getpid(), signal.SIGINT)",
        "time.sleep(9)",
    )
    path.write_text("\n".join(lines))
    result = process("run", path)
    assert result.returncode == 130
    assert result.stderr == "interrupted; nothing was kept\n"


def _wait_for(path: Path, child: subprocess.Popen[str]) -> None:
    last = time.monotonic() + 120
    while not path.exists():
        assert child.poll() is None and time.monotonic() < last
        time.sleep(0.02)
