"""A basilar membrane in shallow water: how much each place moves, by frequency and by time."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import fft, special

__all__ = ["best_frequencies", "impulse_responses", "response"]

Complexes = npt.NDArray[np.complex128]

#: Stiffness at the base and what is taken off it, per length, damping, depth, mass, length.
_STIFF, _SLACK, _ALPHA, _DAMPING, _DEPTH, _MASS, _LENGTH = 1e9, 3500.0, 3.0, 0.15, 0.1, 0.05, 3.5
#: Nodes of the quadrature between two places, and frequencies treated at once.
_NODES, _ROWS = 4, 128
#: Seconds by which all is late, so that the fading near half the sampling rate stays causal.
LATE = 1e-3
#: Share of half the sampling rate from which on frequencies fade.
_FADE = 0.8


def response(frequency: npt.ArrayLike, channels: int) -> Complexes:
    """Velocity of places along the membrane for a tone, in the convention of `numpy.fft`.

    Shallow water above a membrane with stiffness 1e9 exp(-3 x) - 3500, damping and mass: pressure
    p'' + g^2 p = 0 with g = w sqrt(rho/(depth*impedance)), solved as sqrt(G/g) H0(G) with G the
    integral of g along the membrane, and the input impedance of the oval window. Sieroka, Dosch and
    Rupp 2006, J Acoust Soc Am 120:297; constants of Cramer, Stradmann, Schemmel and Zenke 2020.

    Parameters
    ----------
    frequency
        Hz, each > 0.
    channels
        Places, equally spaced along the 3.5 cm.

    Returns
    -------
    complex128 (frequencies, channels), from the apex (low) to the base (high).
    """
    omega = 2.0 * np.pi * np.asarray(frequency, dtype=float)
    made = np.empty((len(omega), channels), complex)
    for first in range(0, len(omega), _ROWS):
        made[first : first + _ROWS] = _along(omega[first : first + _ROWS, None], channels)
    return made[:, ::-1]


def _along(w: np.ndarray, channels: int) -> Complexes:
    """The response from base to apex; `w` is a column."""
    place = np.linspace(0.0, _LENGTH, channels)
    step = _LENGTH / max(channels - 1, 1)
    total = np.zeros((len(w), channels), complex)
    for node, weight in zip(*np.polynomial.legendre.leggauss(_NODES)):
        between = place[:-1] + step * (node + 1.0) / 2.0
        total[:, 1:] += weight * step / 2.0 * _wave_number(w, between)
    here = _wave_number(w, place)
    total = np.cumsum(total, axis=1)
    total += 2.0 / _ALPHA * here[:, :1]
    # Far behind its resonance a place does not move; there the waves are not computed.
    moves = (total - total[:, :1]).imag < 40.0
    pressure = np.zeros_like(total)
    pressure[moves] = _hankel(total[moves])
    pressure *= np.sqrt(total / here) * np.exp(1j * (total - total[:, :1]))
    x = 2.0 * w / _ALPHA * np.sqrt(2.0 / (_DEPTH * _STIFF))
    window = 1j * np.sqrt(2.0 * _STIFF / _DEPTH) * special.hankel2(0, x) / special.hankel2(1, x)
    moved = 2.0 * w / _impedance(w, place) * pressure / pressure[:, :1] * window
    return np.conj(moved)


def _impedance(w: np.ndarray, place: np.ndarray) -> Complexes:
    resistance = _DAMPING * np.sqrt(_STIFF * _MASS) * np.exp(-_ALPHA * place / 2.0)
    stiffness = _STIFF * np.exp(-_ALPHA * place) - _SLACK
    made: Complexes = stiffness - _MASS * w**2 - 1j * w * resistance
    return made


def _wave_number(w: np.ndarray, place: np.ndarray) -> Complexes:
    made: Complexes = np.divide(w, np.sqrt(_DEPTH * _impedance(w, place)), dtype=complex)
    return made


def _hankel(z: Complexes) -> Complexes:
    """Hankel function H0 of the first kind times exp(-iz); by its series where |z| is large."""
    far = np.abs(z) > 30.0
    made = np.empty_like(z)
    made[~far] = special.hankel1e(0, z[~far])
    inverse, term = 1.0 / z[far], np.ones(np.count_nonzero(far), complex)
    series = term.copy()
    for k in range(1, 10):
        term = term * (-1j * (2 * k - 1) ** 2 / (8.0 * k)) * inverse
        series += term
    made[far] = np.sqrt(2.0 / np.pi * inverse) * np.exp(-0.25j * np.pi) * series
    return made


@lru_cache(maxsize=8)
def best_frequencies(channels: int) -> npt.NDArray[np.float64]:
    """Hz at which each place moves most, ascending."""
    grid = np.geomspace(40.0, 40e3, 600)
    level = np.log(np.maximum(np.abs(response(grid, channels)), 1e-30))
    top = np.clip(level.argmax(axis=0), 1, len(grid) - 2)
    before, at, after = (level[top + d, np.arange(channels)] for d in (-1, 0, 1))
    shift = 0.5 * (before - after) / (before - 2.0 * at + after)
    best: npt.NDArray[np.float64] = grid[top] * (grid[1] / grid[0]) ** shift
    best.flags.writeable = False
    return best


def impulse_responses(channels: int, rate: float, times: int, taps: int) -> np.ndarray:
    """Impulse responses of all places: float64 (taps, channels), `LATE` seconds late.

    Parameters
    ----------
    channels
        Places along the membrane.
    rate
        Samples of sound per second; frequencies fade out from 0.8 to 1 times half of it.
    times
        Taps for each sample of sound.
    taps
        After which the response is cut.
    """
    length = 2 * taps
    frequency = np.fft.rfftfreq(length, 1.0 / (rate * times))
    share = np.clip((frequency / (rate / 2.0) - _FADE) / (1.0 - _FADE), 0.0, 1.0)
    heard = share < 1.0
    fade = (0.5 + 0.5 * np.cos(np.pi * share[heard])) * times
    late = fade * np.exp(-2j * np.pi * frequency[heard] * LATE)
    spectrum = np.zeros((len(frequency), channels), complex)
    spectrum[heard] = response(np.maximum(frequency[heard], 1.0), channels) * late[:, None]
    made: np.ndarray = fft.irfft(spectrum, length, axis=0)[:taps]
    return made
