"""Weights of few bits and states of a fixed point: rounded forward, straight through backward."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import torch

from ..equations.fixed_point import FixedPoint, formats_by_name
from ..errors import UnknownNameError, ValidationError, shorten
from ..network.files import network_of, plain_with_arrays
from ..network.network import Network

__all__ = ["bits_by_name", "quantised", "with_formats"]

_LEAST, _MOST = 2, 16


def bits_by_name(given: Any, names: Iterable[str], where: str) -> dict[str, int]:
    """Bits of each projection's weights: a number for all, or a dict by name."""
    known = list(names)
    chosen = given if isinstance(given, Mapping) else dict.fromkeys(known, given)
    made = {}
    for name, bits in chosen.items():
        if name not in known:
            raise UnknownNameError(where, name, known)
        if bits is None:
            continue
        if isinstance(bits, bool) or not isinstance(bits, int) or not _LEAST <= bits <= _MOST:
            raise ValidationError(
                f"{where} {name!r}", f"got {shorten(bits)}", f"{_LEAST} to {_MOST}"
            )
        made[name] = bits
    return made


def quantised(weights: Any, bits: int) -> Any:
    """Weights rounded to multiples of a step, the same on both sides of 0.

    With b bits there are 2^b - 1 levels. The step is the least power of two, as chips have it, at
    which the greatest weight is among them; with two bits, where that would leave little but
    zeros, the one at which the error is least in square (Li et al. 2016, arXiv:1605.04711).
    Gradients pass straight through (Jacob et al. 2018, CVPR).
    """
    levels = 2 ** (bits - 1) - 1
    largest = weights.detach().abs().max()
    step = torch.exp2(torch.ceil(torch.log2(largest.clamp(min=1e-30) / levels)))
    if levels == 1:
        step = _ternary(weights.detach(), step)
    rounded = torch.clamp(torch.round(weights.detach() / step), -levels, levels) * step
    return weights + (rounded - weights).detach()


def _ternary(weights: Any, step: Any) -> Any:
    """The power of two, at most `step`, to whose multiples -1, 0 and 1 weights are nearest."""
    steps = step * torch.exp2(-torch.arange(5.0, device=weights.device, dtype=weights.dtype))
    size = weights.abs().reshape(-1, 1)
    apart = torch.where(size >= 0.5 * steps, (size - steps) ** 2, size**2).sum(0)
    return steps[apart.argmin()]


def with_formats(network: Network, given: FixedPoint | Mapping[str, Any], where: str) -> Network:
    """The same description, its states rounded: all, or those of populations by name.

    Raises
    ------
    UnknownNameError, ValidationError
        If a name or a format cannot be meant.
    """
    network.frozen = True
    chosen = given if isinstance(given, Mapping) else dict.fromkeys(network.populations, given)
    header, arrays = plain_with_arrays(network)
    models = {item["name"]: item["model"] for item in header["populations"]}
    for name, form in chosen.items():
        if name not in models:
            raise UnknownNameError(where, name, models)
        formats = formats_by_name(form, f"{where}, {name!r}")
        models[name]["state_format"] = {k: asdict(f) for k, f in formats.items()}
    return network_of(header, arrays)
