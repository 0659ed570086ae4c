"""What an encoder is: signals to events, in one piece or many, and events back to signals."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError, shorten
from ...numerics.random import stream_key
from ...units import magnitude, parse_unit
from ..events import UnitEvents
from ..sampled import checked_signal, sampling_step

__all__ = ["Encoder", "EncoderStream"]

Floats = npt.NDArray[np.float64]
#: Times in whole microseconds, and units; in any order within a piece.
Spikes = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]

_US_PER_MS = 1000.0
_MOST_EVENTS = 200_000_000


@dataclass(frozen=True, eq=False)
class Encoder(ABC):
    """A rule by which a sampled signal becomes events of numbered units.

    Sample k is taken at k*dt. Channel c has the units from c*`per_channel` on. An encoder keeps no
    state: `stream` makes something that does. A subclass says what becomes of a piece (`_push`)
    and how to go back (`_decode`), and what that costs in exactness (`bound`).
    """

    #: Units of each channel; where it depends on parameters, a property.
    per_channel: ClassVar[Any] = 1
    source: ClassVar[str] = ""

    def encode(self, signal: Any, dt: Any) -> UnitEvents:
        """Turn a whole signal into events.

        Parameters
        ----------
        signal
            Finite numbers of shape (samples,) or (samples, channels).
        dt
            Sampling interval in ms; or a text or quantity, also of a rate: ``"360 Hz"``.

        Returns
        -------
        UnitEvents
            Of channels*`per_channel` units.

        Raises
        ------
        ValidationError
            If the signal holds anything but finite numbers or does not suit the parameters.
        """
        values = checked_signal(signal, type(self).__name__)
        stream = self.stream(dt, values.shape[1])
        parts = [stream.push(values), stream.finish()]
        t, unit = (np.concatenate([getattr(p, name) for p in parts]) for name in ("t", "unit"))
        return UnitEvents(t=t, unit=unit, units=parts[0].units)

    def stream(self, dt: Any, channels: int = 1) -> EncoderStream:
        """Begin to encode piece by piece; see `EncoderStream`."""
        if isinstance(channels, bool) or not isinstance(channels, int) or channels < 1:
            raise ValidationError("stream, channels", f"got {shorten(channels)}", "at least 1")
        return EncoderStream(self, sampling_step(dt), channels)

    def decode(self, events: UnitEvents, n: int, dt: Any) -> Floats:
        """Turn events back into a signal.

        Parameters
        ----------
        events
            As `encode` gives them.
        n
            Samples of the signal.
        dt
            As for `encode`.

        Returns
        -------
        float64
            (n,) for one channel, else (n, channels).

        Raises
        ------
        ValidationError
            If the number of units is not that of this encoder.
        """
        channels, rest = divmod(events.units, self.per_channel)
        if rest or n < 0:
            raise ValidationError(
                f"{type(self).__name__}.decode",
                f"got {events.units} units, {n} samples",
                f"a multiple of {self.per_channel} units, and n >= 0",
                "say how many units there are: UnitEvents(t, unit, units)",
            )
        step = sampling_step(dt)
        self._check(step, channels)
        unit = events.unit.astype(np.int64)
        made = self._decode(events.t, unit, (int(n), channels), step)
        return made[:, 0] if channels == 1 else made

    def bound(self, dt: Any) -> float | None:
        """The greatest error of decode(encode(x)) against `reference`, or None if there is none.

        It holds for signals within the encoder's range.
        """
        return None

    def reference(self, signal: Any, dt: Any) -> Floats:
        """What the decoder gives back but for `bound`: the signal, or a smoothed form of it."""
        values = checked_signal(signal, type(self).__name__)
        smooth = self._reference(values, sampling_step(dt))
        return smooth[:, 0] if values.shape[1] == 1 else smooth

    def _reference(self, values: Floats, dt: float) -> Floats:
        return values

    @classmethod
    def fitted(cls, signal: Any, dt: Any, **parameters: Any) -> Encoder:
        """Make one whose range, or first value, is that of a signal; `parameters` as they are."""
        known = {f.name for f in fields(cls)}
        values = checked_signal(signal, cls.__name__)
        if not len(values):
            raise ValidationError(f"{cls.__name__}.fitted", "got no samples", "at least one")
        found = cls._fit(values, sampling_step(dt), parameters)
        return cls(**{name: v for name, v in found.items() if name in known})

    @classmethod
    def _fit(cls, values: Floats, dt: float, given: dict[str, Any]) -> dict[str, Any]:
        spans = {"start": values[0], "low": values.min(axis=0), "high": values.max(axis=0)}
        spans["high"] = np.where(spans["high"] > spans["low"], spans["high"], spans["low"] + 1.0)
        return spans | given

    @abstractmethod
    def _check(self, dt: float, channels: int) -> None:
        """Raise ValidationError unless the parameters can be meant, at this step."""

    def _begin(self, channels: int, dt: float) -> Any:
        """The state before the first sample, to be changed in place."""
        return None

    @abstractmethod
    def _push(self, state: Any, values: Floats, first: int, dt: float) -> Spikes:
        """Events of samples from number `first` on; none earlier than those of other pushes."""

    def _finish(self, state: Any, samples: int, dt: float) -> Spikes:
        """Events that waited for later samples."""
        return np.zeros(0, np.int64), np.zeros(0, np.int64)

    @abstractmethod
    def _decode(self, t: Any, unit: Any, shape: tuple[int, int], dt: float) -> Floats:
        """A signal of `shape` from events."""

    # what parameters share

    def _row(self, name: str, channels: int) -> Floats:
        """A parameter as one number for each channel."""
        value = np.asarray(magnitude(getattr(self, name), parse_unit("1"), self._at(name)))
        if value.shape not in ((), (1,), (channels,)) or not np.isfinite(value).all():
            raise ValidationError(
                self._at(name),
                f"got {shorten(getattr(self, name))}",
                f"a finite number, or one for each of {channels} channels",
            )
        return np.ascontiguousarray(np.broadcast_to(value, (channels,)), dtype=np.float64)

    def _positive(self, name: str, channels: int = 1) -> Floats:
        row = self._row(name, channels)
        if not (row > 0).all():
            raise ValidationError(self._at(name), f"got {shorten(getattr(self, name))}", "above 0")
        return row

    def _whole(self, name: str, least: int, most: int) -> int:
        value = getattr(self, name)
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or not least <= value <= most:
            raise ValidationError(
                self._at(name), f"got {shorten(value)}", f"a whole number from {least} to {most}"
            )
        return int(value)

    def _at(self, name: str) -> str:
        return f"{type(self).__name__}.{name}"

    def _key(self, purpose: str, channel: int = 0) -> np.uint64:
        seed = getattr(self, "seed", 0)
        return stream_key(seed, type(self).__name__, purpose, channel)


@dataclass(frozen=True, eq=False)
class Ranged(Encoder):
    """An encoder of values between `low` and `high`; those outside are clipped.

    Parameters
    ----------
    low, high
        Of the signal: numbers, or one for each channel.
    """

    low: Any = 0.0
    high: Any = 1.0

    def _check(self, dt: float, channels: int) -> None:
        if not (self._row("low", channels) < self._row("high", channels)).all():
            raise ValidationError(
                self._at("low"), f"{shorten(self.low)} to {shorten(self.high)}", "low < high"
            )

    def _share(self, values: Floats) -> Floats:
        low, high = (self._row(name, values.shape[1]) for name in ("low", "high"))
        return np.clip((values - low) / (high - low), 0.0, 1.0)

    def _value(self, share: Floats) -> Floats:
        low, high = (self._row(name, share.shape[1]) for name in ("low", "high"))
        return low + (high - low) * share

    def _span(self) -> float:
        return float(np.max(np.asarray(self.high, float) - np.asarray(self.low, float)))


@dataclass(frozen=True, eq=False)
class Framed(Ranged):
    """An encoder that gives each sample a frame of time of its own, and spikes within it.

    Parameters
    ----------
    every
        Take every so many samples only, and leave their events so much more time; the decoder
        holds each value until the next.
    """

    every: int = 1

    def _check(self, dt: float, channels: int) -> None:
        super()._check(dt, channels)
        self._whole("every", 1, 1_000_000)
        if self._frame(dt) < 2.0:
            raise ValidationError(
                self._at("every"),
                f"gives frames of {self._frame(dt):g} us",
                "at least 2 us",
                "take fewer samples with a greater `every`",
            )

    def _frame(self, dt: float) -> float:
        """Microseconds of a frame."""
        return dt * _US_PER_MS * self.every

    def _push(self, state: Any, values: Floats, first: int, dt: float) -> Spikes:
        skip = -first % self.every
        taken = self._share(values[skip :: self.every])
        number = (first + skip) // self.every
        frame = self._frame(dt)
        at, unit, offset = self._spikes(taken, number, frame)
        begin = np.rint((at + number) * frame)
        last = np.ceil((at + number + 1) * frame - 0.5) - 1  # the last before the next frame
        t = np.minimum(begin + np.rint(offset), last)
        return t.astype(np.int64), unit

    @abstractmethod
    def _spikes(self, share: Floats, number: int, frame: float) -> Any:
        """Row, unit, and microseconds after the frame's begin, for each spike.

        `share` has a row for each frame from `number` on, and its values are from 0 to 1.
        """

    def _decode(self, t: Any, unit: Any, shape: tuple[int, int], dt: float) -> Floats:
        frame = self._frame(dt)
        n = -(-shape[0] // self.every)
        at = np.floor((t + 0.5) / frame).astype(np.int64)
        keep = (at >= 0) & (at < n)
        at, unit = at[keep], unit[keep]
        offset = t[keep] - np.rint(at * frame)
        share = self._shares(at, unit, offset, (n, shape[1]), frame)
        return self._value(np.repeat(share, self.every, axis=0)[: shape[0]])

    @abstractmethod
    def _shares(
        self, at: Any, unit: Any, offset: Any, shape: tuple[int, int], frame: float
    ) -> Floats:
        """Values from 0 to 1 for each frame and channel."""

    def _reference(self, values: Floats, dt: float) -> Floats:
        return np.repeat(values[:: self.every], self.every, axis=0)[: len(values)]


@dataclass(eq=False)
class EncoderStream:
    """An encoder at work: pieces of a signal go in, their events come out.

    The events of all pieces, `finish` included, are those of `Encoder.encode` on the whole.

    Attributes
    ----------
    samples
        How many have been taken.
    """

    encoder: Encoder
    dt: float
    channels: int
    samples: int = 0
    state: Any = field(default=None, repr=False)
    ended: bool = False

    def __post_init__(self) -> None:
        self.encoder._check(self.dt, self.channels)
        self.state = self.encoder._begin(self.channels, self.dt)

    def push(self, chunk: Any) -> UnitEvents:
        """Take the next samples, of shape (samples,) or (samples, channels); give their events."""
        values = checked_signal(chunk, "push")
        if self.ended or values.shape[1] != self.channels:
            raise ValidationError(
                "push",
                "comes after finish" if self.ended else f"got {values.shape[1]} channels",
                f"samples of {self.channels} channels, before finish",
            )
        spikes = self.encoder._push(self.state, values, self.samples, self.dt)
        self.samples += len(values)
        return self._events(*spikes)

    def finish(self) -> UnitEvents:
        """Give the events that were waiting for later samples; nothing can be pushed then."""
        self.ended = True
        return self._events(*self.encoder._finish(self.state, self.samples, self.dt))

    def _events(self, t: Any, unit: Any) -> UnitEvents:
        order = np.lexsort((unit, t))
        units = self.channels * self.encoder.per_channel
        return UnitEvents(t=t[order], unit=unit[order].astype(np.uint32), units=units)
