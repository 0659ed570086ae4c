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
