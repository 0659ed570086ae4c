"""Files that other tools wrote, read by their dialects, give the spikes that the tools gave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import spikestack as sp

pytest.importorskip("h5py")
GOLDEN = Path(__file__).parent / "nir_golden"
CASES = sorted(path.stem for path in GOLDEN.glob("*.npz"))
#: What a file does not say and its reader must, by option of the tool.
RESETS = {"zero": "to_value", "subtract": "subtract", "none": "none"}


def case(name: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    arrays = dict(np.load(GOLDEN / f"{name}.npz"))
    return arrays, json.loads(str(arrays.pop("info")))


def settings(info: dict[str, Any]) -> dict[str, Any]:
    options, made = info.get("options", {}), {}
    if "reset_mechanism" in options:
        made["reset"] = RESETS[options["reset_mechanism"]]
    if "reset_delay" in options:
        made["reset_delay"] = options["reset_delay"]
    if info["tool"] == "sinabs":
        made["norm_input"] = options.get("norm_input", False)
        made["spikes"] = "one" if options.get("spikes") == "single" else "many"
        made["reset"] = RESETS[options.get("reset", "subtract")]
        made["min_v_mem"] = options.get("min_v_mem")
    if info["tool"] == "norse" and options.get("to_nir_dt") == 1e-3:
        made["time_unit"] = 1000.0
    return made


@pytest.mark.parametrize("name", CASES)
def test_same_spikes(name: str) -> None:
    arrays, info = case(name)
    model = sp.formats.nir.read(
        GOLDEN / f"{name}.nir", dialect=info["tool"], dt=info["dt"] * 1e3, **settings(info)
    )
    run = model.run(arrays["input"], on="reference")
    seen = 0
    for key, wanted in arrays.items():
        if not key.startswith("out/"):
            continue
        node = key.removeprefix("out/")
        if node in run.spikes:
            assert np.array_equal(run.spikes[node], wanted), node
            assert wanted.sum() > 0
        else:
            assert np.allclose(run.output, wanted, rtol=1e-4, atol=1e-5), node
        seen += 1
    assert seen
