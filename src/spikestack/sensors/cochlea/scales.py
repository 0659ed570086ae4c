"""Scales of hearing."""

from __future__ import annotations

import numpy as np

__all__ = ["erb", "erb_spaced", "mel_filters"]


def erb(frequency: float | np.ndarray) -> float | np.ndarray:
    """Equivalent rectangular bandwidth in Hz at a frequency in Hz (Glasberg and Moore 1990)."""
    return 24.7 * (4.37e-3 * frequency + 1.0)


def erb_spaced(channels: int, low: float, high: float) -> np.ndarray:
    """Centre frequencies in Hz, ascending, equally spaced on the scale of ERB-rates."""
    ends = 21.4 * np.log10(1.0 + 0.00437 * np.array([low, high]))
    rates = np.linspace(ends[0], ends[1], channels)
    return (10.0 ** (rates / 21.4) - 1.0) / 0.00437


def mel_filters(count: int, n_fft: int, rate: float, low: float, high: float) -> np.ndarray:
    """Triangles over the bins of a spectrum: float64 (count, n_fft//2 + 1), each with peak 1."""
    edges = 2595.0 * np.log10(1.0 + np.array([low, high]) / 700.0)
    marks = 700.0 * (10.0 ** (np.linspace(edges[0], edges[1], count + 2) / 2595.0) - 1.0)
    bins = np.arange(n_fft // 2 + 1) * rate / n_fft
    rising = (bins - marks[:-2, None]) / (marks[1:-1] - marks[:-2])[:, None]
    falling = (marks[2:, None] - bins) / (marks[2:] - marks[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rising, falling))
