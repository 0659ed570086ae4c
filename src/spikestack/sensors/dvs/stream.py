"""A sensor looking at a scene: what it has seen up to now, and what it has yet to give out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError, shorten
from ...units import magnitude, parse_unit
from ..events import CameraEvents
from .packing import MAX_STEP_US, sort, unpack

if TYPE_CHECKING:
    from .base import DVS, PixelState
    from .scenes import Scene

__all__ = ["LabelledEvents", "Stream"]

LABELS = ("signal", "leak", "shot", "hot")


@dataclass(frozen=True, eq=False, repr=False)
class LabelledEvents(CameraEvents):
    """Events of a camera, each with what made it.

    Parameters
    ----------
    label : uint8
        0 signal, 1 leak, 2 shot noise, 3 a hot pixel; 0 for all if not given.
    """

    label: npt.NDArray[np.uint8] = None  # type: ignore[assignment]

    columns = {**CameraEvents.columns, "label": np.uint8}  # noqa: RUF012

    def __post_init__(self) -> None:
        if self.label is None:
            object.__setattr__(self, "label", np.zeros(len(self.t), np.uint8))
        super().__post_init__()

    @property
    def is_signal(self) -> npt.NDArray[np.bool_]:
        """Which events the scene made."""
        return self.label == 0

    def made_by(self) -> dict[str, int]:
        """How many events each cause made."""
        counts = np.bincount(self.label, minlength=len(LABELS))
        return dict(zip(LABELS, counts.tolist()))

    def unlabelled(self) -> CameraEvents:
        """The events alone."""
        return CameraEvents(self.t, self.x, self.y, self.p, self.width, self.height)


_Columns = tuple[npt.NDArray[Any], ...]


class Stream:
    """Events of a sensor, in pieces; made by `DVS.stream` and `DVS.live`.

    The pieces together are the events of one recording, however it is cut: sensors go from sample
    to sample, and events later than asked for wait here.
    """

    def __init__(self, sensor: DVS, scene: Scene | None, start: Any, step: Any) -> None:
        self.sensor, self.scene = sensor, scene
        self._where = f"{type(sensor).__name__}.stream"
        self._begun = self._now = milliseconds(start, f"{self._where}, start")
        self._step = None if step is None else milliseconds(step, f"{self._where}, step")
        if self._step is not None and self._step <= 0:
            raise ValidationError(self._where, f"step is {shorten(step)}", "more than 0 ms")
        self._given = round(self._now * 1000)
        self._words, self._spare = np.empty(4096, np.int64), np.empty(0, np.int64)
        self._held: list[_Columns] = []
        self._pixels: PixelState | None = None
        if scene is not None:
            if (scene.width, scene.height) != (sensor.width, sensor.height):
                raise ValidationError(
                    self._where,
                    f"the scene is {scene.width} x {scene.height}",
                    f"{sensor.width} x {sensor.height}, as the sensor",
                )
            self.first(scene.intensity(self._now))

    @property
    def time(self) -> float:
        """Up to when events were given out, ms."""
        return self._given / 1000

    def first(self, frame: npt.ArrayLike) -> None:
        """Adapt to a frame."""
        self._pixels = self.sensor.begin(self._frame(frame), self._now * 1000)

    def advance(self, until: Any) -> LabelledEvents:
        """Events from where the last piece ended, before `until` ms.

        Raises
        ------
        ValidationError
            If `until` is no time, or before what was given out already.
        """
        until = milliseconds(until, f"{self._where}, until")
        end = round(until * 1000)
        if end < self._given:
            raise ValidationError(
                self._where, f"until {until:g} ms, already at {self.time:g} ms", "a later time"
            )
        if self.scene is None:
            raise ValidationError(self._where, "no scene to look at", "frames", "use push")
        while self._now * 1000 < end:
            following = self.scene.next_sample(self._now, self._step)
            self._go(self.scene.intensity(following), following)
        return self._give(end)

    def push(self, frame: npt.ArrayLike, time: Any) -> LabelledEvents:
        """Events between the last frame and this one, which is seen at `time` ms.

        Raises
        ------
        ValidationError
            If `time` is not after the last frame, or the frame is of another size.
        """
        time = milliseconds(time, f"{self._where}, time")
        if self.scene is not None:
            raise ValidationError(self._where, "looks at a scene", "frames", "use live to push")
        if time <= self._now:
            raise ValidationError(
                self._where, f"a frame at {time:g} ms after one at {self._now:g} ms", "later"
            )
        self._go(self._frame(frame), time)
        # Those in the last, unfinished microsecond go out with the next frame.
        return self._give(int(np.floor(time * 1000)))

    def _frame(self, frame: npt.ArrayLike) -> npt.NDArray[Any]:
        array, size = np.asarray(frame), (self.sensor.height, self.sensor.width)
        if array.shape != size or array.dtype.kind not in "iuf":
            raise ValidationError(
                self._where, f"a frame of shape {array.shape}, {array.dtype}",
                f"numbers of shape {size}, one intensity for each pixel",
            )  # fmt: skip
        if array.dtype.kind != "u" and not (np.isfinite(array).all() and array.min() >= 0):
            raise ValidationError(self._where, "a frame with a negative or infinite intensity",
                                  "finite and not negative")  # fmt: skip
        return array

    def _go(self, frame: npt.NDArray[Any], following: float) -> None:
        """One step, from sample to sample."""
        assert self._pixels is not None
        time, span = self._now * 1000, (following - self._now) * 1000
        if span > MAX_STEP_US:
            raise ValidationError(
                self._where, f"two samples {span / 1e6:g} s apart", "at most 2,000 s"
            )
        self._pixels.see(frame)
        first, n, total = 0, 0, self.sensor.width * self.sensor.height
        while True:
            first, n = self._pixels.run(first, time, span, self._words, n)
            if first == total:
                break
            more = np.empty(2 * len(self._words), np.int64)
            more[:n] = self._words[:n]
            self._words = more
        self._pixels.finish()
        self._now = following
        if n:
            self._keep(n, int(np.floor(time)), int(span) + 2)

    def _keep(self, n: int, base: int, span: int) -> None:
        if len(self._spare) < len(self._words):
            self._spare = np.empty_like(self._words)
        sorted_words = self._spare if sort(self._words, self._spare, n, span) else self._words
        made = tuple(np.empty(n, kind) for kind in LabelledEvents.columns.values())
        unpack(sorted_words, n, base, self.sensor.width, *made)
        self._held.append(made)

    def _give(self, end: int) -> LabelledEvents:
        held, self._held = self._held, []
        columns = [np.concatenate(parts) for parts in zip(*held)] if len(held) != 1 else [*held[0]]
        if not held:
            columns = [np.empty(0, kind) for kind in LabelledEvents.columns.values()]
        count = int(np.searchsorted(columns[0], end))
        if count < len(columns[0]):
            self._held.append(tuple(column[count:] for column in columns))
        self._given = end
        named = dict(zip(LabelledEvents.columns, (column[:count] for column in columns)))
        return LabelledEvents(**named, width=self.sensor.width, height=self.sensor.height)


def milliseconds(time: Any, where: str) -> float:
    """A single finite time in ms."""
    value = magnitude(time, parse_unit("ms"), where)
    if not isinstance(value, float) or not np.isfinite(value):
        raise ValidationError(where, f"got {shorten(time)}", "a finite time in ms")
    return value
