"""Links lead somewhere; the whole site builds without a warning."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from spikestack.docs.entries import entries
from spikestack.docs.figures import figure_of
from spikestack.docs.scenes import scene_of

from .helpers import PAGES, ROOT

LINK = re.compile(r"\]\(([^)\s]+)\)|(?:href|src)=\"([^\"]+)\"")
MADE = {entry.path for entry in entries()} | {"models/index.md"}


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings."""
    heads = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.S), re.M)
    words = (re.sub(r"[^\w\s-]", "", head).strip().lower() for head in heads)
    return {re.sub(r"[-\s]+", "-", word) for word in words}


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.stem)
def test_links(page: Path) -> None:
    """To files of the repository or to pages that are made; anchors are headings."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    for match in LINK.finditer(text):
        link = match[1] or match[2]
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        inside = os.path.relpath(target, ROOT / "docs").replace(".html", ".md")
        known = target.exists() or inside in MADE or (ROOT / "docs" / inside).exists()
        assert known, f"{page.name}: {link}"
        if anchor and target.exists():
            assert anchor in anchors(target.read_text()), f"{page.name}: {link}"


def test_figures_are_kept(tmp_path: Path) -> None:
    """Drawn once, found the second time; SVG without scripts or addresses to fetch."""
    entry = next(e for e in entries() if e.name == "LIF")
    svg, caption = figure_of(entry, tmp_path)
    (kept,) = tmp_path.iterdir()
    assert "<script" not in svg and "<path" in svg and "1.2 nA" in caption
    kept.write_text("caption\n<svg>kept</svg>")
    assert figure_of(entry, tmp_path) == ("<svg>kept</svg>", "caption")


@pytest.mark.parametrize("name", ["LIF", "FewSpike", "NMDA", "SinusoidalCurrent", "GammaSource"])
def test_scenes_show_something(name: str) -> None:
    """Spikes, or a variable that changes."""
    scene = scene_of(next(e for e in entries() if e.name == name))
    assert scene is not None
    result = scene.run()
    spikes = result.spikes.get(scene.shown)
    traces = result.traces.get(scene.shown, {}).values()
    assert (spikes is not None and len(spikes)) or any(t.values.std() > 0 for t in traces)


@pytest.mark.slow
def test_the_site_builds(tmp_path: Path) -> None:
    """Strictly, with every page, and nothing in it is fetched from elsewhere."""
    pytest.importorskip("material")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for entry in entries():
        page = (tmp_path / "site" / entry.path).with_suffix(".html").read_text()
        assert "<math" in page or entry.kind == "group"
    for page in (tmp_path / "site").rglob("*.html"):
        fetched = re.findall(r'<(?:script|img|link)[^>]*(?:src|href)="https?:', page.read_text())
        assert not fetched, f"{page.name}: {fetched}"
