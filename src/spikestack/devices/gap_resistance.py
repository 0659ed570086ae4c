"""Current over voltage of a device whose gap grows from an on to an off position."""

from __future__ import annotations

__all__ = ["RELATIONS", "current_text", "inverse_text"]

RELATIONS = ("linear", "exponential")


def current_text(relation: str, gap: str, on: str, off: str) -> str:
    """The current: resistance is linear in the gap, or exponential."""
    share = f"({gap} - {on})/({off} - {on})"
    if relation == "linear":
        return f"v/(r_on + (r_off - r_on)*{share})"
    return f"v*exp(-log(r_off/r_on)*{share})/r_on"


def inverse_text(relation: str, on: str, off: str) -> str:
    """The gap at which the conductance is ``g``."""
    if relation == "linear":
        return f"{on} + ({off} - {on})*(1/g - r_on)/(r_off - r_on)"
    return f"{on} - ({off} - {on})*log(g*r_on)/log(r_off/r_on)"
