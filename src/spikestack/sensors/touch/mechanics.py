"""Skin as an elastic half-space: pins pressed into it, the stress below, the wave around.

Sneddon 1946, Proc Camb Philos Soc 42:29 for a flat round pin; the wave and its decay as in TouchSim
(Saal, Delhaye, Rayhaun and Bensmaia 2017, PNAS 114:E5693). Lengths in mm, loads in N, stresses and
moduli in MPa (N/mm^2).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...numerics.compiling import njit

__all__ = ["compliance", "contact_loads", "vertical_stress", "wave_delay"]

Floats = npt.NDArray[np.float64]

#: Of skin, in TouchSim: Young's modulus in MPa, Poisson's ratio, speed of surface waves in mm/ms.
MODULUS, POISSON, WAVE_SPEED = 0.05, 0.4, 8.0


def compliance(distance: Any, radius: float) -> Floats:
    """How far the surface sinks, in mm per N on a flat round pin, at a distance from its axis.

    Parameters
    ----------
    distance
        mm, of any shape.
    radius
        Of the pin in mm.

    Returns
    -------
    float64
        (1 - nu^2)/(2 a E) below the pin, (1 - nu^2) asin(a/r)/(pi a E) around it.
    """
    r = np.maximum(np.asarray(distance, dtype=np.float64), radius)
    made: Floats = (1.0 - POISSON**2) * np.arcsin(radius / r) / (np.pi * radius * MODULUS)
    return made


def vertical_stress(distance: Any, depth: Any, radius: float) -> Floats:
    """Vertical stress in MPa per N on a flat round pin, at a distance from its axis and a depth.

    With rho = r/a, xi = z/a and q = rho^2 + (xi - i)^2, Sneddon's integrals of Bessel functions are
    Im[1/sqrt(q)] and Im[(xi - i)/q^(3/2)]; on the axis P/(2 pi a^2) (1 + 3 xi^2)/(1 + xi^2)^2
    is left.

    Parameters
    ----------
    distance, depth
        mm, of shapes that broadcast; depth > 0. Pressure counts as positive.
    radius
        Of the pin in mm.
    """
    rho, xi = np.asarray(distance) / radius, np.asarray(depth) / radius
    below = xi - 1j
    root = np.sqrt(rho**2 + below**2)
    made: Floats = np.imag(1.0 / root + xi * below / root**3) / (2.0 * np.pi * radius**2)
    return made


def wave_delay(distance: Any, radius: float) -> Floats:
    """ms that a surface wave takes from the edge of a pin; 0 below it."""
    made: Floats = np.maximum(np.asarray(distance, dtype=np.float64) - radius, 0.0) / WAVE_SPEED
    return made


@njit(cache=True, error_model="numpy")
def contact_loads(depth: Any, matrix: Any, touching: Any, out: Any) -> None:
    """Loads on rigid pins that push, and never pull: P >= 0, u = D P >= s, and P = 0 where u > s.

    A linear complementarity problem with a positive definite matrix: it has exactly one solution,
    that of the non-negative least squares of loads on energy. Which pins touch is found by block
    principal pivoting, and one by one where that does not help (Judice and Pires 1994, Comput Oper
    Res 21:587), from those that touched at the sample before.

    Parameters
    ----------
    depth
        Of the pins below the surface at rest, mm, (samples, pins).
    matrix
        Compliance between pins, mm/N.
    touching
        bool, (pins,): which pins touch; changed in place.
    out
        Loads in N, (pins, samples).
    """
    pins = len(matrix)
    inverse, members = _inverse(matrix, touching)
    load, gap = np.empty(pins), np.empty(pins)
    for n in range(len(depth)):
        least, patience = pins + 1, 3
        for _ in range(50 + 20 * pins):
            _balance(depth[n], matrix, inverse, members, load, gap)
            slack = 1e-12 * np.abs(depth[n]).max()
            wrong = np.where(touching, load < 0.0, gap < -slack)
            count = wrong.sum()
            if count == 0:
                break
            if count < least:
                least, patience = count, 3
            elif patience > 0:
                patience -= 1
            else:
                last = np.flatnonzero(wrong)[-1]
                wrong[:] = False
                wrong[last] = True
            touching[:] = touching ^ wrong
            inverse, members = _inverse(matrix, touching)
        out[:, n] = np.maximum(load, 0.0)


@njit(cache=True, error_model="numpy")
def _inverse(matrix: Any, touching: Any) -> Any:
    members = np.flatnonzero(touching)
    part = np.empty((len(members), len(members)))
    for i in range(len(members)):
        for j in range(len(members)):
            part[i, j] = matrix[members[i], members[j]]
    return (np.linalg.inv(part) if len(members) else part), members


@njit(cache=True, error_model="numpy")
def _balance(depth: Any, matrix: Any, inverse: Any, members: Any, load: Any, gap: Any) -> None:
    """Loads that put the members at their depths, and the gap that is left below every pin."""
    load[:] = 0.0
    for i in range(len(members)):
        total = 0.0
        for j in range(len(members)):
            total += inverse[i, j] * depth[members[j]]
        load[members[i]] = total
    for i in range(len(matrix)):
        total = -depth[i]
        for j in range(len(members)):
            total += matrix[i, members[j]] * load[members[j]]
        gap[i] = total
