"""Long filters of many channels, applied to whole blocks of samples by Fourier transform."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import fft

from ...numerics.compiling import njit

__all__ = ["BlockFilter", "FilterStream"]


class BlockFilter:
    """Convolution of one signal with an impulse response for each channel, block by block.

    Responses are cut into parts as long as a block, whose products with the spectra of the last
    blocks are added (overlap-save with equal parts; Wefers 2015). A channel has as many parts as it
    needs: what is left out at its end is less than `lost` of its energy. The blocks lie at fixed
    places, so that how a signal is cut into pieces changes no bit.

    Parameters
    ----------
    responses
        float (taps, channels), the longest first: a channel never needs more parts than the one
        before it.
    block
        Samples, a power of 2.
    lost
        Share of a response's energy that may be cut off.
    """

    def __init__(self, responses: np.ndarray, block: int, lost: float = 1e-7) -> None:
        taps, self.channels = responses.shape
        self.block, parts = block, -(-taps // block)
        energy = np.zeros((parts * block, self.channels))
        energy[:taps] = responses**2
        left = np.cumsum(energy[::-1], axis=0)[::-1][::block]
        needed = np.maximum((left > lost * left[0]).sum(axis=0), 1)
        needed = np.maximum.accumulate(needed[::-1])[::-1]
        #: Of each part, how many channels have it: the first ones.
        self.having = (needed[None, :] > np.arange(needed.max())[:, None]).sum(axis=1)
        self._parts = []
        for p, count in enumerate(self.having):
            piece = np.zeros((2 * block, count))
            given = responses[p * block : (p + 1) * block, :count]
            piece[: len(given)] = given
            self._parts.append(fft.rfft(piece, axis=0).astype(np.complex64))

    def stream(self) -> FilterStream:
        """Begin a signal."""
        return FilterStream(self._parts, self.block, self.channels)


class FilterStream:
    """One signal that passes a `BlockFilter`, which others may share."""

    def __init__(self, parts: list[np.ndarray], block: int, channels: int) -> None:
        self._parts, self.block, self._channels = parts, block, channels
        self._last = np.zeros(block)
        self._spectra = np.zeros((len(parts), block + 1), np.complex64)

    def apply(self, signal: np.ndarray) -> np.ndarray:
        """Filter the next block: float32 (block, channels)."""
        self._spectra[1:] = self._spectra[:-1]
        self._spectra[0] = fft.rfft(np.concatenate([self._last, signal]))
        self._last = signal.copy()
        total = np.empty((self.block + 1, self._channels), np.complex64)
        for part, spectrum in zip(self._parts, self._spectra):
            _add(part, spectrum, total, part is self._parts[0])
        made: np.ndarray = fft.irfft(total, axis=0, overwrite_x=True)[self.block :]
        return made


@njit(cache=True, error_model="numpy")
def _add(part: Any, spectrum: Any, total: Any, first: bool) -> None:
    for b in range(part.shape[0]):
        re, im = spectrum[b].real, spectrum[b].imag
        for c in range(part.shape[1]):
            a = part[b, c]
            product = complex(a.real * re - a.imag * im, a.real * im + a.imag * re)
            total[b, c] = product if first else total[b, c] + product
