"""The files on the how-to-add pages are complete: put in place, they are part of the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from spikestack.docs.running import blocks_of

from .helpers import ROOT, add_file_of, code_of, copied_package, python

RULE_IN_USE = """
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
slow, fast = (again.run(30.0, on=on, progress=False) for on in ("reference", "cpu"))
assert len(slow["e"]) and slow.same_spikes(fast)
print("fine")
"""

DISCOVERED = """
import spikestack as sp, spikestack.docs.entries as entries
assert sp.__file__.startswith({folder!r}), sp.__file__
assert {name!r} in dir(sp) and sp.{name}
assert {name!r} in [entry.name for entry in entries.entries()]
"""


PAGES = ("adding_a_neuron", "adding_a_receptor", "adding_a_current", "adding_a_rule")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the files of all pages added and nothing else changed."""
    folder = tmp_path_factory.mktemp("package")
    copied_package(folder)
    for page in PAGES:
        add_file_of(ROOT / "docs" / f"{page}.md", folder)
    return folder


@pytest.mark.parametrize(
    ("name", "test"),
    [
        ("MorrisLecar", "test_every_model"),
        ("Kainate", "test_every_synapse"),
        ("RampCurrent", "test_every_current"),
    ],
)
def test_the_file_of_the_page(name: str, test: str, package: Path) -> None:
    """Public by its name, with a page, and found and passed by the tests of conformance."""
    found = python(package, "-c", DISCOVERED.format(name=name, folder=str(package)))
    assert found.returncode == 0, found.stderr
    conformance = ROOT / "tests" / "conformance" / "test_equal_bits.py"
    (package / "test_equal_bits.py").write_text(conformance.read_text())
    how = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_equal_bits.py")
    done = python(package, *how, "-k", f"{test} and {name}")
    assert done.returncode == 0 and " passed" in done.stdout, done.stdout


@pytest.mark.parametrize("page", PAGES[:3])
def test_the_example_of_the_page(page: str, package: Path) -> None:
    """What the page does with it prints what the page says."""
    path = ROOT / "docs" / f"{page}.md"
    done = python(package, "-c", code_of(path))
    assert done.returncode == 0, done.stderr
    (told,) = [b.code for b in blocks_of(path.read_text()) if b.language == "text"]
    assert done.stdout.strip() == told.strip()


def test_the_rule_of_the_page(package: Path) -> None:
    """Copied into the folder of rules, and nothing else changed, it is a rule like any other."""
    done = python(package, "-c", RULE_IN_USE)
    assert done.stdout.strip() == "fine", done.stderr
