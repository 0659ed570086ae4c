"""The trained network on every chip."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from ..chips.beside import rows_beside
from ..chips.comparison import Comparison, compare_chips
from ..chips.naming import chips_named
from ..network.network import Network
from .frames import FRAMED, frame_variants
from .page import paragraph

__all__ = ["on_chips", "section"]

#: Test images that every chip sees.
_IMAGES = 60


def on_chips(
    network: Network, steps: np.ndarray, labels: np.ndarray, parts: Any, names: str, say: Any
) -> Comparison:
    """Run the network on chips, image by image.

    For chips without memory its steps are added up to frames, and it is trained on with their bits.

    Parameters
    ----------
    network
        Trained.
    steps : (steps, n, ...)
        What the camera saw.
    labels : (n,)
    parts
        Places of training, validation and test images.
    names
        Of chips, with commas between them, or ``"all"``.
    say
        A rich console.
    """
    from rich.progress import track

    def part(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        frames = steps[:, places].reshape(len(steps), len(places), -1).transpose(1, 0, 2)
        return frames, labels[places]

    chips, rows, variants = chips_named(names), [], {}
    if any(chip.name in FRAMED for chip in chips):
        say.print("training it on for chips without memory")
        given = {"train": part(parts[0]), "validation": part(parts[1])}
        variants = frame_variants(network, given)
    samples, right = part(parts[2][:_IMAGES])
    for chip in track(chips, "chips", console=say):
        found = compare_chips(network, [chip], samples, right, variants=variants, progress=False)
        rows += found.rows
    rows += rows_beside(network, float(len(steps)), sample=samples[0])
    return Comparison(tuple(rows), found.about if chips else "", "inference")


def section(found: Comparison) -> str:
    """The table of the report."""
    heads = ("chip", "right", "neurons", "cores", "time", "energy", "dynamic")
    rows = ["<tr>" + "".join(f"<td>{escape(head)}</td>" for head in heads) + "</tr>"]
    for row in found.rows:
        if not row.refused:
            shown = row.cells()[: len(heads)]
            cells = "".join(f'<td style="white-space:nowrap">{escape(c)}</td>' for c in shown)
            rows.append(f"<tr>{cells}</tr>")
    refused = [f"{row.on}: {row.refused}" for row in found.rows if row.refused]
    return (
        "<h2>On chips</h2>"
        + paragraph(
            f"The same description, brought into the numbers of each chip and run there image by "
            f"image ({found.about}). Time and energy are of one image; "
            "chips.html beside this page says what prices cover and how sure they are."
        )
        + f'<div class="wide"><table>{"".join(rows)}</table></div>'
        + "".join(paragraph(line) for line in refused)
    )
