"""What pages on other tools show is run; blocks marked ``py`` are another tool's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spikestack.docs.running import blocks_of

from .helpers import PAGES, ROOT

NAMES = ("exchange", "nir", "sonata", "results_elsewhere", "onnx", "neurobench")
EXCHANGE = [page for page in PAGES if page.stem in NAMES or page.stem.startswith("from_")]
#: What a page's blocks need besides the package.
NEEDS = {
    "nir": ["nir", "h5py"],
    "sonata": ["h5py"],
    "onnx": ["onnx", "torch"],
    "neurobench": ["torch", "matplotlib"],
    "from_metatf": ["akida"],
    "from_norse": ["nir", "h5py"],
    "from_snntorch": ["nir", "h5py", "torch"],
    "from_spikingjelly": ["nir", "h5py"],
    "from_pynn": ["pyNN"],
    "results_elsewhere": ["pandas", "xarray", "elephant", "pyarrow"],
}


#: Pages whose kernels take half a minute and more to compile.
LONG = {"from_lava"}


def pages() -> Iterator[Any]:
    for page in EXCHANGE:
        marks = [pytest.mark.slow] if page.stem in LONG else []
        yield pytest.param(page, id=page.stem, marks=marks)


@pytest.mark.parametrize("page", pages())
def test_what_a_page_shows(page: Path, tmp_path: Path) -> None:
    for needed in NEEDS.get(page.stem, []):
        pytest.importorskip(needed)
    code = "".join(b.code for b in blocks_of(page.read_text()) if b.language == "python")
    if not code:
        pytest.skip("shows no code")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr
