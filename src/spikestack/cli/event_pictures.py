"""Pictures of camera events: frames of a fixed time, a colour for each polarity."""

from __future__ import annotations

import importlib
import io
import os
import secrets
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MissingExtraError, ValidationError
from .motion_jpeg import film

if TYPE_CHECKING:
    from ..sensors.files import EventFile

__all__ = ["KINDS", "frames", "picture"]

#: Nothing, darker, brighter: red, green, blue of each.
COLOURS = ((250, 250, 248), (217, 119, 6), (29, 78, 216))
_MOST_FRAMES, _SHOWN, _COLUMNS = 1000, 12, 4
_FASTEST = 0.02

Progress = Callable[[float], None]
Span = tuple[float, float]


def picture(file: EventFile, out: Path, fps: float, span: Span, progress: Progress) -> int:
    """Draw a file into a .gif, .avi or .png, whole or not at all; how many frames it has.

    Raises
    ------
    ValidationError
        If there are no events of a camera, or too many frames.
    MissingExtraError
        If what draws is not installed.
    """
    made, count = KINDS[out.suffix.lower()](file, fps, span, progress)
    beside = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        beside.write_bytes(made)
        os.replace(beside, out)
    finally:
        beside.unlink(missing_ok=True)
    return count


def frames(file: EventFile, fps: float, span: Span, progress: Progress) -> Iterator[np.ndarray]:
    """Frames of 1/fps seconds, from the first event on: uint8[height, width], 0, 1 OFF, 2 ON."""
    size = _size(file)
    length, start, current = 1e6 / fps, None, 0
    image = np.zeros(size, np.uint8)
    for events in _pieces(file, span, progress):
        start = events.t[0] if start is None else start
        of_frame = ((events.t - start) / length).astype(np.int64)
        edges = np.flatnonzero(np.diff(of_frame, prepend=-1, append=of_frame[-1] + 1))
        for first, last in pairwise(edges):
            if of_frame[first] >= _MOST_FRAMES:
                raise ValidationError(
                    "events view",
                    f"more than {_MOST_FRAMES} frames of {length / 1e3:g} ms",
                    "",
                    "cut a part out with --from and --to, or give a lower --fps",
                )
            while current < of_frame[first]:
                yield image
                image, current = np.zeros(size, np.uint8), current + 1
            image[events.y[first:last], events.x[first:last]] = 1 + events.p[first:last]
    if start is None:
        raise ValidationError("events view", "no events to draw", "", "see 'events info'")
    yield image


def _pieces(file: EventFile, span: Span, progress: Progress) -> Iterator[Any]:
    for piece in file:
        progress(file.done)
        events: Any = piece.between(*span)
        if len(events):
            yield events
        if piece.t[-1] >= span[1] * 1000:
            return


def _size(file: EventFile) -> tuple[int, int]:
    if not {"x", "y", "p"} <= set(file.header.kind.columns):
        raise ValidationError("events view", "these are no events of a camera", "")
    told = file.header.geometry
    if "width" in told:
        return told["height"], told["width"]
    wide = high = 1
    for columns in file.pieces():
        wide = max(wide, int(columns["x"].max(initial=0)) + 1)
        high = max(high, int(columns["y"].max(initial=0)) + 1)
    return high, wide


def _gif(file: EventFile, fps: float, span: Span, progress: Progress) -> tuple[bytes, int]:
    image = _imported("PIL.Image")
    colours = [part for colour in COLOURS for part in colour]
    count = 0

    def drawn() -> Iterator[Any]:
        nonlocal count
        for frame in frames(file, fps, span, progress):
            made = image.fromarray(frame)
            made.putpalette(colours)
            count += 1
            yield made

    out, pages = io.BytesIO(), drawn()
    next(pages).save(
        out,
        "GIF",
        save_all=True,
        append_images=pages,
        duration=round(1000 * max(1 / fps, _FASTEST)),
        loop=0,
        optimize=False,
    )
    return out.getvalue(), count


def _avi(file: EventFile, fps: float, span: Span, progress: Progress) -> tuple[bytes, int]:
    image, palette = _imported("PIL.Image"), np.array(COLOURS, np.uint8)
    pictures = []
    for frame in frames(file, fps, span, progress):
        out = io.BytesIO()
        image.fromarray(palette[frame]).save(out, "JPEG", quality=92, subsampling=0)
        pictures.append(out.getvalue())
    return film(pictures, frame.shape[1], frame.shape[0], fps), len(pictures)


def _png(file: EventFile, fps: float, span: Span, progress: Progress) -> tuple[bytes, int]:
    figure = _imported("matplotlib.figure")
    agg = _imported("matplotlib.backends.backend_agg")
    starts, length = _windows(file, fps, span)
    images = [np.zeros(_size(file), np.uint8) for _ in starts]
    for events in _pieces(file, span, progress):
        for start, painted in zip(starts, images):
            part = events.between(start, start + length)
            painted[part.y, part.x] = 1 + part.p
    columns = min(_COLUMNS, len(images))
    rows = -(-len(images) // columns)
    tall = images[0].shape[0] / images[0].shape[1]
    page = figure.Figure(figsize=(3.2 * columns, (3.2 * tall + 0.35) * rows), layout="constrained")
    agg.FigureCanvasAgg(page)
    palette = np.array(COLOURS, np.uint8)
    grid = page.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, start, painted in zip(grid, starts, images):
        axes.imshow(palette[painted], interpolation="nearest")
        axes.set_title(f"{start:,.1f} ms", fontsize=9)
    out = io.BytesIO()
    page.savefig(out, format="png", dpi=120)
    return out.getvalue(), len(images)


def _windows(file: EventFile, fps: float, span: Span) -> tuple[list[float], float]:
    """Up to twelve evenly spaced times in ms at which a frame begins, and how long one is."""
    first = last = None
    for events in _pieces(file, span, lambda done: None):
        first = float(events.t[0]) / 1e3 if first is None else first
        last = float(events.t[-1]) / 1e3
    if first is None or last is None:
        raise ValidationError("events view", "no events to draw", "", "see 'events info'")
    length = 1e3 / fps
    count = min(_SHOWN, int((last - first) / length) + 1)
    return list(np.linspace(first, max(first, last - length), count)), length


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtraError("drawing", "plots") from error


KINDS = {".gif": _gif, ".avi": _avi, ".png": _png}
