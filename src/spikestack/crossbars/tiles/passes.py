"""Compiled passes over the inputs and outputs of a product: converters, noise, scales.

Each element of a noisy output takes one normal number: with Gaussian noise drawn anew at every
reading, a sum over noisy cells has exactly the law of the noiseless sum plus a normal number of the
summed variances.
"""

from __future__ import annotations

import numpy as np

from ...numerics.compiling import njit
from ...numerics.random_compiled import hash32, step_words
from .normals import normal32

__all__ = ["add_noise", "add_shared", "collect", "drive"]

#: Greatest inputs below the least normal number count as none: their inverse is not finite.
_LEAST = np.float32(2.0**-126)
_OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy"}


@njit(**_OPTIONS)
def drive(x, bound, levels, first, voltage, powers, squared):  # type: ignore[no-untyped-def]
    """Inputs of some rows as shares of the greatest voltage, and what noise takes of them.

    Parameters
    ----------
    x
        float32[vectors, inputs].
    bound
        Greatest input of each vector, float32[vectors]; larger ones are cut.
    levels
        Steps from 0 to the greatest voltage; 0: no converter.
    first
        The first of the rows.
    voltage
        Takes the shares, float32[vectors, rows].
    powers
        Takes their magnitudes, with `squared` behind their squares; float32[vectors, rows] or
        [vectors, 2 rows], or no columns at all.
    squared
        See `powers`.
    """
    one, zero = np.float32(1.0), np.float32(0.0)
    steps = np.float32(levels)
    rows = voltage.shape[1]
    for b in range(voltage.shape[0]):
        given = x[b, first : first + rows]
        out = voltage[b]
        inverse = one / bound[b] if bound[b] >= _LEAST else zero
        for i in range(rows):
            part = given[i] * inverse
            part = one if part > one else part
            out[i] = -one if part < -one else part
        if levels > 0:
            for i in range(rows):
                out[i] = np.rint(out[i] * steps) / steps
        if squared:
            square = powers[b, :rows]
            for i in range(rows):
                square[i] = out[i] * out[i]
        if powers.shape[1] > 0:
            size = powers[b, powers.shape[1] - rows :]
            for i in range(rows):
                size[i] = abs(out[i])


@njit(**_OPTIONS)
def add_noise(current, variance, floor, key, first, line):  # type: ignore[no-untyped-def]
    """Add a normal number to each current.

    Parameters
    ----------
    current
        float32[vectors, lines]; changed.
    variance
        Of the inputs, float32[vectors, lines], or no columns at all.
    floor
        Variance whatever the input, float32[lines].
    key, first, line
        Of the stream, of the first vector and of the first line: vector `first + b` and line
        `line + j` always draw the same number.
    """
    lines = current.shape[1]
    for b in range(current.shape[0]):
        k0, k1 = step_words(key, first + b)
        row = current[b]
        if variance.shape[1] > 0:
            of_inputs = variance[b]
            for j in range(lines):
                z = normal32(hash32(np.uint32(line + j), k0, k1))
                row[j] += np.sqrt(of_inputs[j] + floor[j]) * z
        else:
            for j in range(lines):
                z = normal32(hash32(np.uint32(line + j), k0, k1))
                row[j] += np.sqrt(floor[j]) * z


@njit(**_OPTIONS)
def add_shared(current, variance, begin, end, key, first, tile):  # type: ignore[no-untyped-def]
    """Subtract one normal number from the lines `begin` to `end`: the noise of their reference.

    Parameters
    ----------
    variance
        Of the reference, float32[vectors].
    tile
        Number of the reference in its stream.
    """
    for b in range(current.shape[0]):
        k0, k1 = step_words(key, first + b)
        shift = np.sqrt(variance[b]) * normal32(hash32(np.uint32(tile), k0, k1))
        row = current[b, begin:end]
        for j in range(row.shape[0]):
            row[j] -= shift


@njit(**_OPTIONS)
def collect(current, begin, most, inverse, worth, scale, out):  # type: ignore[no-untyped-def]
    """Convert currents and add them to the outputs.

    Parameters
    ----------
    current
        float32[vectors, lines].
    begin
        The line that belongs to the first output.
    most
        Steps of each output's converter from 0 to its bound, float32[outputs]; infinite: none.
    inverse
        Steps to a current of 1, float32[outputs].
    worth
        What a step adds to an output, float32[outputs].
    scale
        Of each vector's inputs, float32[vectors].
    out
        float32[vectors, outputs]; changed.
    """
    outputs = out.shape[1]
    exact = np.isinf(most[0])
    for b in range(out.shape[0]):
        row, into, size = current[b, begin : begin + outputs], out[b], scale[b]
        if exact:
            for j in range(outputs):
                into[j] += worth[j] * size * row[j]
        else:
            for j in range(outputs):
                value = row[j] * inverse[j]
                value = most[j] if value > most[j] else value
                value = -most[j] if value < -most[j] else value
                into[j] += worth[j] * size * np.rint(value)
