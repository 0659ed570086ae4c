"""LAUSCHER: the ear that made the spoken digits and commands of Heidelberg (SHD, SSC)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ValidationError, shorten
from ...units import magnitude, parse_unit
from ..events import UnitEvents
from .base import checked_sound
from .basilar_membrane import best_frequencies, impulse_responses
from .block_filter import BlockFilter
from .bushy_cells import BushyCells

__all__ = ["Lauscher", "shd_clip"]

#: Steps per second at least, and seconds of a block and of the longest response, about.
_LEAST_RATE, _BLOCK, _LONGEST = 16000.0, 0.032, 0.256


class Lauscher:
    """Basilar membrane in shallow water, Meddis hair cells, 40 fibres each, bushy cells.

    Cramer, Stradmann, Schemmel and Zenke 2020 (IEEE Trans Neural Netw Learn Syst 33:2744, arXiv
    1910.07407), with their constants. The membrane is given by frequency; here its impulse
    responses, cut after about 256 ms, are applied to blocks of about 32 ms that lie at fixed
    places. So the ear hears piece by piece, and pieces change no bit: `push` gives the events of
    the blocks that are complete, `finish` the rest, together what `hear` gives for the whole.

    What differs from the original: channels ascend in frequency (unit u of SHD is ``699 - u``
    here); `gain` is fixed, where each clip was scaled as a whole (`shd_clip` does that); responses
    follow the sound, where the published formulas, as they are applied there, give them turned in
    time, so that low channels lead by up to 20 ms; steps are 1/16000 s or shorter, where they were
    1/24000 s; random numbers are others. All is 1 ms late, for the filter at half of `rate`.
    Fibres fire in silence too, and a channel about once a second.

    Parameters
    ----------
    channels
        Places along the membrane, from about 100 Hz to 22 kHz; those above half of `rate` hear
        little.
    rate
        Samples per second, 4000 to 192000. Below 16000 every sample makes 2 or 4 steps.
    gain
        What sound is multiplied by. SHD's clips had a root mean square of 0.3.
    seed
        Of the fibres' spikes.

    Attributes
    ----------
    frequencies
        Hz at which each channel moves most.

    Raises
    ------
    ValidationError
        If a setting is out of range.
    """

    usual_gain = 10.0

    def __init__(
        self, channels: int = 700, rate: Any = 16000.0, gain: float | None = None, seed: int = 0
    ) -> None:
        rate = float(magnitude(rate, parse_unit("Hz"), "Lauscher"))
        if not (isinstance(channels, int | np.integer) and 2 <= channels <= 4096):
            raise ValidationError("Lauscher.channels", f"got {shorten(channels)}", "2 to 4096")
        if not 4000.0 <= rate <= 192e3:
            raise ValidationError("Lauscher.rate", f"got {rate:g} Hz", "4000 to 192000")
        gain = self.usual_gain if gain is None else gain
        if not (np.isfinite(gain) and gain > 0):
            raise ValidationError("Lauscher.gain", f"got {shorten(gain)}", "a number > 0")
        self.channels, self.rate, self.gain, self.seed = int(channels), rate, float(gain), int(seed)
        self.steps = 1
        while rate * self.steps < _LEAST_RATE:
            self.steps *= 2
        self.frequencies = best_frequencies(self.channels)
        self._membrane = _membrane(self.channels, rate, self.steps)
        self._cells = BushyCells(self.channels, rate * self.steps, self.seed)
        self.reset()

    @property
    def units(self) -> int:
        """One for each channel."""
        return self.channels

    def reset(self) -> None:
        """Forget all sound: the next sample is at time 0."""
        self._stream = self._membrane.stream()
        self._cells.reset()
        self._rest, self._samples = np.zeros(0), 0

    def vibration(self, sound: Any) -> npt.NDArray[np.float64]:
        """Velocity of the membrane from silence on: (samples times `steps`, channels)."""
        self.reset()
        given = checked_sound(sound) * self.gain
        blocks = [self._stream.apply(self._stretched(piece)) for piece in self._blocks(given)]
        self.reset()
        whole = np.concatenate([np.zeros((0, self.channels)), *blocks])
        return whole[: len(given) * self.steps]

    def hear(self, sound: Any) -> UnitEvents:
        """All events of a sound, from silence on; see `push`."""
        self.reset()
        return self._events([*self._push(sound), *self._finish()])

    def push(self, sound: Any) -> UnitEvents:
        """The events of all blocks that are complete with this piece; see `Cochlea.push`."""
        return self._events(self._push(sound))

    def finish(self) -> UnitEvents:
        """The events that are still held back, of a sound that ends here; then forget it."""
        return self._events(self._finish())

    def _push(self, sound: Any) -> list[Any]:
        given = np.concatenate([self._rest, checked_sound(sound) * self.gain])
        each = self._stream.block // self.steps
        whole = len(given) // each * each
        self._rest = given[whole:]
        return [self._fire(piece) for piece in given[:whole].reshape(-1, each)]

    def _finish(self) -> list[Any]:
        end = self._samples + len(self._rest)
        parts = [self._fire(piece) for piece in self._blocks(self._rest)]
        self.reset()
        return [(at[at < end * self.steps], unit[at < end * self.steps]) for at, unit in parts]

    def _blocks(self, given: np.ndarray) -> npt.NDArray[np.float64]:
        """Samples in blocks, the last with silence after them."""
        each = self._stream.block // self.steps
        padded = np.zeros(-(-len(given) // each) * each)
        padded[: len(given)] = given
        return padded.reshape(-1, each)

    def _stretched(self, piece: np.ndarray) -> npt.NDArray[np.float64]:
        made = np.zeros(self._stream.block)
        made[:: self.steps] = piece
        return made

    def _fire(self, piece: np.ndarray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
        """Steps and units of the spikes of a block."""
        first = self._samples * self.steps
        at, units = self._cells.fire(self._stream.apply(self._stretched(piece)), first)
        self._samples += len(piece)
        return at + first, units

    def _events(self, parts: list[Any]) -> UnitEvents:
        at = np.concatenate([np.zeros(0, np.int64), *(at for at, _ in parts)])
        unit = np.concatenate([np.zeros(0, np.uint32), *(unit for _, unit in parts)])
        t = np.rint((at + 1) * (1e6 / (self.rate * self.steps))).astype(np.int64)
        return UnitEvents(t, unit, self.channels)


def shd_clip(sound: Any, level: float = 0.3) -> npt.NDArray[np.float64]:
    """A whole clip as the original prepared it, for a `Lauscher` of gain 1.

    Its root mean square becomes `level`, then it fades in and out as a Hann window does.

    Parameters
    ----------
    sound
        Samples; see `Cochlea.push`.
    level
        Root mean square before the window.

    Raises
    ------
    ValidationError
        If it is silent.
    """
    given = checked_sound(sound)
    size = float(np.sqrt(np.mean(given**2))) if len(given) else 0.0
    if size == 0.0:
        raise ValidationError("shd_clip", "is silent", "a sound that can be scaled")
    return given * (level / size) * np.hanning(len(given))


@lru_cache(maxsize=4)
def _membrane(channels: int, rate: float, steps: int) -> BlockFilter:
    block = 2 ** round(np.log2(_BLOCK * rate * steps))
    taps = -(-round(_LONGEST * rate * steps) // block) * block
    return BlockFilter(impulse_responses(channels, rate, steps, taps), block)
