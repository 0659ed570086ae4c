"""Another solver of the same geometry, badcrossbar, in an environment of its own, if there is one.

Set ``SPIKESTACK_BADCROSSBAR`` to the interpreter of an environment where badcrossbar is installed.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from spikestack.crossbars import solve

#: Its pictures need a library of their own; its solver does not.
SCRIPT = """
import json, sys, types
try:
    import cairo
except ImportError:
    sys.modules["cairo"] = types.ModuleType("cairo")
    sys.modules["cairo"].__getattr__ = lambda name: object
import logging
logging.disable(logging.CRITICAL)
import badcrossbar
import numpy as np
for line in sys.stdin:
    given = json.loads(line)
    found = badcrossbar.compute(
        np.array(given["volts"]), np.array(given["ohms"]),
        r_i_word_line=given["r_word"], r_i_bit_line=given["r_bit"],
    )
    print(json.dumps({
        "out": found.currents.output.tolist(),
        "words": found.voltages.word_line.tolist(), "bits": found.voltages.bit_line.tolist(),
    }))
"""


@pytest.fixture(scope="module")
def peer() -> str:
    """Its interpreter."""
    given = os.environ.get("SPIKESTACK_BADCROSSBAR", "")
    if not given or not Path(given).exists():
        pytest.skip("SPIKESTACK_BADCROSSBAR names no interpreter")
    return given


def test_random_arrays(peer: str) -> None:
    """All outputs and node voltages, for several inputs at once, of arrays of many shapes."""
    rng = np.random.default_rng(7)
    cases = []
    for _ in range(12):
        m, n, k = (int(v) for v in rng.integers((2, 2, 1), (40, 40, 4)))
        cases.append({
            "ohms": (10 ** rng.uniform(2, 6, (m, n))).tolist(),
            "volts": rng.uniform(-1, 1, (m, k)).tolist(),
            "r_word": float(10 ** rng.uniform(-2, 2)), "r_bit": float(10 ** rng.uniform(-2, 2)),
        })  # fmt: skip
    lines = "\n".join(json.dumps(case) for case in cases)
    done = subprocess.run(
        [peer, "-c", SCRIPT], input=lines, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(answers) == len(cases)
    for case, theirs in zip(cases, answers, strict=True):
        g, volts = 1 / np.array(case["ohms"]), np.array(case["volts"]).T
        ours = solve(g, volts, case["r_word"], case["r_bit"], nodes=True, tolerance=1e-12)
        scale = abs(ours.currents).max()
        np.testing.assert_allclose(ours.currents, theirs["out"], atol=1e-9 * scale)
        for mine, other in ((ours.word_voltages, "words"), (ours.bit_nodes, "bits")):
            their = np.array(theirs[other])
            their = their if their.ndim == 3 else their[:, :, None]
            np.testing.assert_allclose(mine, np.moveaxis(their, -1, 0), atol=1e-9)
