"""The file in docs/adding_a_rule.md is complete: it is extracted, put in place, and used."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

USE = """
import numpy as np
import spikestack as sp
from spikestack.program.edge_list import edge_list
from spikestack.program.lower import lower

net = sp.Network(seed=1)
e = net.add(sp.Population("e", 500, sp.LIF(i_offset=1.0)))
net.connect(e, e, sp.SmallWorld(k=6, beta=0.2), sp.Delta(weight=0.5))
net.record(e, "spikes")
found = edge_list(lower(net, 0.1, "float32", 1).edges[0])
assert (np.bincount(found.pre) == 6).all() and (found.pre != found.post).all()
away = (found.post - found.pre) % 500
moved = ((away > 3) & (away < 497)).mean()
assert abs(moved - 0.2 * 493 / 499) < 0.03, moved
again = sp.load(net.save("net.spk"))
assert again.fingerprint == net.fingerprint
assert (edge_list(lower(again, 0.1, "float32", 1).edges[0]).post == found.post).all()
assert len(again.run(30.0, on="reference", progress=False)["e"])
print("fine")
"""


def test_the_file_in_the_docs(tmp_path: Path) -> None:
    """Copied into the folder of rules, and nothing else changed, it is a rule like any other."""
    page = (ROOT / "docs" / "adding_a_rule.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.S)
    package = tmp_path / "spikestack"
    shutil.copytree(
        ROOT / "src" / "spikestack", package, ignore=shutil.ignore_patterns("__pycache__")
    )
    (package / "network" / "rules" / "small_world.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "-c", USE],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "fine", done.stderr
