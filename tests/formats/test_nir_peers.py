"""With other tools at hand: what they write we run alike, and what we write they run alike."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp

from . import test_nir_golden as golden

pytest.importorskip("nir")

TOOLS = {
    "snntorch": "snntorch",
    "norse": "norse",
    "spikingjelly": "spikingjelly",
    "sinabs": "sinabs",
    "spyx": "spyx",
    "rockpool": "rockpool",
}


@pytest.fixture
def makers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Gives the script that makes a tool's cases, set to write others into a folder."""
    monkeypatch.syspath_prepend(str(golden.GOLDEN))

    def maker(tool: str, seed: int) -> Any:
        saving = importlib.import_module("saving")
        monkeypatch.setattr(saving, "HERE", tmp_path)
        monkeypatch.setattr(saving, "SEED", seed)
        return importlib.import_module(f"make_{tool}")

    yield maker
    for name in ["saving", *(f"make_{tool}" for tool in TOOLS)]:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("tool", TOOLS)
def test_other_networks_of_theirs(tool: str, seed: int, makers: Any, tmp_path: Path) -> None:
    """Every kind of network in nir_golden with other weights and inputs, made on the spot."""
    pytest.importorskip(TOOLS[tool])
    makers(tool, seed).main()
    made = sorted(tmp_path.glob("*.npz"))
    assert len(made) == len(list(golden.GOLDEN.glob(f"{tool}_*.npz")))
    for path in made:
        arrays = dict(np.load(path))
        info = json.loads(str(arrays.pop("info")))
        model = sp.formats.nir.read(
            path.with_suffix(".nir"),
            dialect=tool,
            dt=info["dt"] * 1e3,
            **golden.settings(info),
        )
        run = model.run(arrays["input"], on="reference")
        for key, wanted in arrays.items():
            node = key.removeprefix("out/")
            if node in run.spikes:
                assert np.array_equal(run.spikes[node], wanted), f"{path.stem}: {node}"
            elif key != node:
                assert np.allclose(run.output, wanted, rtol=1e-4, atol=1e-5), path.stem


def dense(kind: str, seed: int, *, weak: bool = False) -> sp.Network:
    """Two layers; hard reset to 0, or soft reset."""
    rng = np.random.default_rng(seed)
    net = sp.Network(seed=1)
    sizes = {"given": 12, "hidden": 16, "out": 8}
    for name, tau in (("given", 0.0), ("hidden", 5.0), ("out", 8.0)):
        model: Any = sp.Relay()
        if tau and kind == "hard":
            model = sp.LIF(tau_m=tau, v_rest=0.0, v_reset=0.0, v_thresh=1.0, tau_refrac=0.0, v=0.0)
        elif tau:
            model = sp.DiscreteLIF(beta=float(np.exp(-1 / tau)))
        net.add(sp.Population(name, sizes[name], model))
    net.drive(net.populations["given"], sp.ExternalSpikes(weight=1.0))
    for pre, post in (("given", "hidden"), ("hidden", "out")):
        shape = (sizes[pre], sizes[post])
        weights = rng.uniform(0, 0.16, shape) if weak else rng.normal(0.16, 0.4, shape)
        a, b = net.populations[pre], net.populations[post]
        net.connect(a, b, sp.Dense(weights), sp.Delta(weight=1.0, delay=0.0))
    return net


def ours(net: sp.Network, given: np.ndarray) -> np.ndarray:
    """Spikes of ``out`` in each step of 1 ms: (steps, 8)."""
    out = net.populations["out"]
    net.record(out, "spikes")
    simulation = sp.Simulation(net, dt=1.0, on="reference")
    when, ids = np.nonzero(given)
    simulation.inject("ExternalSpikes->given", ids, when + 1.0)
    simulation.forward(len(given))
    record = simulation.recording()["out"]
    spikes = np.zeros((len(given), out.size))
    spikes[record.steps - 1, record.ids] = 1
    return spikes


def stepped(module: Any, given: np.ndarray, *, batch: bool) -> np.ndarray:
    """Outputs of a module of nirtorch that takes (x, state)."""
    import torch

    state, outputs = None, []
    with torch.no_grad():
        for x in torch.from_numpy(given):
            out, state = module(x[None] if batch else x, state)
            out = out[0] if isinstance(out, tuple) else out
            outputs.append((out[0] if batch else out).numpy())
    return np.stack(outputs)


def theirs(tool: str, path: Path, given: np.ndarray) -> np.ndarray:
    """What a tool's own importer makes of a file, run on `given` in steps of 1 ms."""
    import nir

    graph = nir.read(path)
    if tool == "snntorch":
        from snntorch.import_nir import import_from_nir

        return stepped(import_from_nir(graph), given, batch=True)
    if tool == "norse":
        from norse.torch import from_nir

        return stepped(from_nir(graph, dt=1e-3), given, batch=False)
    if tool == "spikingjelly":
        from spikingjelly.activation_based.nir_exchange import import_from_nir

        return stepped(import_from_nir(graph, dt=1e-3), given, batch=True)
    import torch
    from sinabs.nir import from_nir

    with torch.no_grad():
        made = from_nir(graph, batch_size=1)(torch.from_numpy(given))
    return (made[0] if isinstance(made, tuple) else made).numpy()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("tool", ["snntorch", "norse", "spikingjelly", "sinabs"])
def test_they_run_what_we_write(tool: str, seed: int, tmp_path: Path) -> None:
    """Spike for spike; for Sinabs as long as no neuron reaches twice its threshold in a step."""
    pytest.importorskip(TOOLS[tool])
    soft = tool == "sinabs"
    net = dense("soft" if soft else "hard", seed, weak=soft)
    given = (np.random.default_rng(9).random((80, 12)) < 0.3).astype(np.float32)
    path = sp.formats.nir.write(net, tmp_path / "net.nir", dt=1.0, dialect=tool)
    wanted = ours(net, given)
    assert wanted.sum() > 20
    assert np.array_equal(theirs(tool, path, given), wanted)


def test_sinabs_fires_twice(tmp_path: Path) -> None:
    """Where a neuron reaches twice its threshold, Sinabs gives two spikes and we give one."""
    pytest.importorskip("sinabs")
    net = dense("soft", 0)
    given = (np.random.default_rng(9).random((80, 12)) < 0.3).astype(np.float32)
    path = sp.formats.nir.write(net, tmp_path / "net.nir", dt=1.0, dialect="sinabs")
    assert theirs("sinabs", path, given).max() > 1
    assert ours(net, given).max() == 1
