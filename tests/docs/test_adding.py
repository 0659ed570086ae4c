"""The files on the how-to-add pages are complete: put in place, they are part of the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from .helpers import ROOT, package_with, python

DISCOVERED = """
import spikestack as sp, spikestack.docs.entries as entries
assert sp.__file__.startswith({folder!r}), sp.__file__
assert {name!r} in dir(sp) and sp.{name}
assert {name!r} in [entry.name for entry in entries.entries()]
"""


@pytest.mark.parametrize(
    ("page", "name", "test"),
    [
        ("adding_a_neuron", "MorrisLecar", "test_every_model"),
        ("adding_a_receptor", "Kainate", "test_every_synapse"),
        ("adding_a_current", "RampCurrent", "test_every_current"),
    ],
)
def test_the_file_of_the_page(page: str, name: str, test: str, tmp_path: Path) -> None:
    """Public by its name, with a page, and found and passed by the tests of conformance."""
    package_with(ROOT / "docs" / f"{page}.md", tmp_path)
    found = python(tmp_path, "-c", DISCOVERED.format(name=name, folder=str(tmp_path)))
    assert found.returncode == 0, found.stderr
    conformance = ROOT / "tests" / "conformance" / "test_equal_bits.py"
    (tmp_path / "test_equal_bits.py").write_text(conformance.read_text())
    how = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_equal_bits.py")
    done = python(tmp_path, *how, "-k", f"{test} and {name}")
    assert done.returncode == 0 and " passed" in done.stdout, done.stdout


@pytest.mark.parametrize("page", ["adding_a_neuron", "adding_a_receptor", "adding_a_current"])
def test_the_example_of_the_page(page: str, tmp_path: Path) -> None:
    """What the page does with it prints what the page says."""
    from spikestack.docs.running import blocks_of

    path = ROOT / "docs" / f"{page}.md"
    code = package_with(path, tmp_path)
    done = python(tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    (told,) = [b.code for b in blocks_of(path.read_text()) if b.language == "text"]
    assert done.stdout.strip() == told.strip()
