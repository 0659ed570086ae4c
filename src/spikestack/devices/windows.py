"""Windows of drift models: what slows a state near the ends of its range."""

from __future__ import annotations

from ..errors import UnknownNameError

__all__ = ["WINDOWS", "window_text"]

#: Kvatinsky et al. 2011, "Verilog-A for memristor models", CCIT report 801, table of windows.
#: ``{x}`` is the state from 0 to 1, ``{up}`` the condition under which it grows; ``{far}`` its
#: position and ``{a_up}``, ``{a_down}`` where growth and decline fade, in units of ``{w_c}``.
WINDOWS = {
    "none": "1",
    "joglekar": "(1 - exp(p*log((2*{x} - 1)*(2*{x} - 1))))",
    "biolek": "(1 - exp(2*p*log(abs({x} - where({up}, 0, 1)))))",
    "prodromakis": "(j*(1 - exp(p*log(({x} - 0.5)*({x} - 0.5) + 0.75))))",
    "kvatinsky": "exp(-exp(where({up}, {far} - {a_up}, {a_down} - {far})/{w_c}))",
}


def window_text(
    name: str,
    *,
    x: str,
    up: str,
    far: str = "",
    a_up: str = "a_off",
    a_down: str = "a_on",
    w_c: str = "w_c",
) -> str:
    """The window of that name as a factor for equations.

    "joglekar", 1 - (2x - 1)^(2p), holds a state that has reached an end; "biolek",
    1 - (x - [it declines])^(2p), lets it come back; "prodromakis", j (1 - ((x - 1/2)^2 + 3/4)^p),
    has any height; "kvatinsky" is exp(-exp(...)), which nearly never stops it.
    """
    if name not in WINDOWS:
        raise UnknownNameError("window", name, WINDOWS)
    return WINDOWS[name].format(x=x, up=up, far=far, a_up=a_up, a_down=a_down, w_c=w_c)
