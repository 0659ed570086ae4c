"""What examples/coincidence.py says of itself."""

from __future__ import annotations

import math
import runpy
from pathlib import Path

import numpy as np
import pytest

import spikestack as sp

PATH = Path(__file__).resolve().parents[2] / "examples" / "coincidence.py"
EXAMPLE = runpy.run_path(str(PATH))


def test_near_volleys_burst_and_far_ones_do_not() -> None:
    """A calcium spike and three spikes up to 8 ms; from 10 ms, and alone, a small potential."""
    delays = np.array(EXAMPLE["DELAYS"])
    counts, peaks = EXAMPLE["measure"]()
    near = delays <= 8.0
    assert near.sum() == 5 and (counts[near] == 3).all() and (counts[~near] == 0).all()
    assert (peaks[near] > 0).all() and (peaks[~near] < -50).all()
    # Below the threshold, the less the later the second comes.
    assert (np.diff(peaks[~near]) < 0).all()


def test_the_step_does_not_matter() -> None:
    """With half of it, the same counts and peaks; and the same spikes on both engines."""
    delays = (2.0, 20.0, math.inf)
    counts, peaks = EXAMPLE["measure"](delays, precision="float64")
    network = EXAMPLE["network"](delays)
    result = network.run(150.0, dt=0.025, precision="float64")
    assert np.array_equal(np.ravel(result["cells"].counts()), counts)
    fine = result["cells", "v_d"].values[0, 2000:].max(axis=0)
    assert np.abs(fine - peaks).max() < 0.1
    short = [network.run(70.0, dt=0.05, on=on) for on in ("cpu", "reference")]
    assert short[0].same_spikes(short[1]) and len(short[0]["cells"]) > 0


@pytest.mark.parametrize(("channel", "most"), [("g_ca", 1), ("g_na", 0)])
def test_what_the_burst_needs(channel: str, most: int) -> None:
    """Calcium for more than one spike, sodium for any and for the calcium spike."""
    model = sp.PinskyRinzel(i_offset=-0.09, v_thresh=-30.0, **{channel: 0.0})
    result = EXAMPLE["network"]((0.0, 2.0), model).run(150.0, dt=0.05)
    assert (result["cells"].counts() == most).all()
    assert result["cells", "v_d"].values.max() < -10


def test_figure(tmp_path: Path) -> None:
    """A picture where a path is given."""
    pytest.importorskip("matplotlib").use("Agg")
    EXAMPLE["draw"](str(tmp_path / "figure.png"))
    assert (tmp_path / "figure.png").stat().st_size > 10_000
