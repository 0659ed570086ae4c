"""``spikestack devices``."""

from __future__ import annotations

import inspect as python_inspect
import textwrap
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import ValidationError, shorten
from .options import Json
from .output import clean, console, emit, one_line, table

__all__ = ["devices"]

_STEPS = 2000  # of a period, in the picture
#: What the three kinds of device declare in equations, by its name.
_TEXTS = (
    *("current", "inverse", "bounds", "noise", "solution", "at_rest"),
    *("up", "down", "written", "kept", "worn_low", "worn_high"),
    *("programmed", "exponent", "drifted"),
)
_SUFFIXES = (".png", ".svg", ".pdf")


def devices(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", show_default=False, help="All that is known of one."),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option("--set", metavar="SET", help="A published parameter set of it."),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE", help="Draw what it does: .png, .svg or .pdf."),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the memristive devices: kind, window of resistance, source; or all of one.

    A dynamic device has a state with a differential equation, a pulsed one a step per pulse, a
    statistical one measured spreads. The picture is that of a sine over two periods, of pulses up
    and down, or of a day after programming.
    """
    if name is None:
        if preset is not None or plot is not None:
            raise typer.BadParameter("--set and --plot need the name of a device")
        _list(as_json)
        return
    kind = _named(name)
    device = kind() if preset is None else kind.preset(preset)
    if plot is not None:
        _draw(device, plot)
    facts = _facts(device) | ({} if plot is None else {"plot": str(plot)})
    if as_json:
        emit(facts)
        return
    _show(facts)
    if plot is not None:
        console().print(clean(f"\nwrote {plot}"), soft_wrap=True)


def _list(as_json: bool) -> None:
    from ..devices import all_devices

    rows = [_row(kind()) for kind in all_devices().values()]
    rows.sort(key=lambda row: (row["kind"], row["name"].lower()))
    if as_json:
        emit(rows)
        return
    heads = ("device", "kind", "window", "what it is", "source")
    cells = [[r["name"], r["kind"], _window(r), r["summary"], _short(r["source"])] for r in rows]
    page = console()
    page.print(table(heads, cells))
    page.print("spikestack devices NAME shows equations, parameters, sources; --plot a picture")


def _named(name: str) -> type[Any]:
    from ..devices import all_devices

    known = all_devices()
    folded = {_folded(item): kind for item, kind in known.items()}
    if _folded(name) not in folded:
        near = get_close_matches(_folded(name), folded, n=3, cutoff=0.5)
        raise ValidationError(
            "device", f"unknown name {shorten(name)}", f"known: {', '.join(sorted(known))}",
            f"did you mean {' or '.join(repr(folded[n].__name__) for n in near)}?" if near else "",
        )  # fmt: skip
    return folded[_folded(name)]


def _folded(name: str) -> str:
    return "".join(char for char in name.lower() if char not in "-_ ")


def _kind(device: Any) -> str:
    """The name of the base that says how it is described: dynamic, pulsed, statistical."""
    for base in type(device).__mro__:
        label = base.__name__
        if label.endswith("Device") and label != "Device":
            return label.removesuffix("Device").lower()
    return "device"


def _row(device: Any) -> dict[str, Any]:
    return {
        "name": device.label, "kind": _kind(device), "g_min": device.g_min, "g_max": device.g_max,
        "summary": _paragraphs(device)[0], "parameter_sets": list(device.parameter_sets),
        "source": device.source,
    }  # fmt: skip


def _paragraphs(device: Any) -> list[str]:
    text = python_inspect.getdoc(type(device)) or device.label
    return [" ".join(part.split()).replace("`", "") for part in text.split("\n\n")]


def _facts(device: Any) -> dict[str, Any]:
    texts = {
        "equations": textwrap.dedent(device.equations).strip(),
    }
    for kind in _TEXTS:
        found = getattr(device, kind, "")
        for state, text in found.items() if isinstance(found, Mapping) else (("", found),):
            title = kind.replace("_", " ") + (f" of {state}" if state else "")
            texts[title] = " to ".join(text) if isinstance(text, tuple) else text
    choices = {k: list(v) for k, v in getattr(device, "choices", {}).items()}
    return _row(device) | {
        "details": _paragraphs(device)[1:],
        "texts": {k: v for k, v in texts.items() if isinstance(v, str) and v},
        "choices": choices,
        "method": getattr(device, "method", ""),
        "pulses": {"set": device.set_voltage, "reset": device.reset_voltage,
                   "width": device.pulse_width, "read": device.v_read},
        "parameters": [
            {"name": n, "value": device.values[n], "unit": p.unit, "range": p.range_text(),
             "meaning": p.meaning}
            for n, p in device.parameters.items()
        ],
        "sets": {n: dict(values) for n, values in device.parameter_sets.items()},
    }  # fmt: skip


def _show(facts: dict[str, Any]) -> None:
    page = console()
    page.print(clean(f"{facts['name']}, a {facts['kind']} device"), style="bold cyan")
    page.print(clean("\n\n".join([facts["summary"], *facts["details"]])))
    for title, text in facts["texts"].items():
        _section(title, textwrap.dedent(text))
    for title, options in facts["choices"].items():
        _section(f"choice of {title}", ", ".join(options) + " (the first by default)")
    _section("integration", facts["method"])
    pulses = facts["pulses"]
    _section("window", f"{_window(facts)}, read at {pulses['read']:g} V")
    if facts["kind"] != "statistical":
        _section("pulses", f"{pulses['set']:g} V sets, {pulses['reset']:g} V resets, "
                 f"{pulses['width']:g} s each")  # fmt: skip
    page.print()
    heads = ("parameter", "value", "unit", "range", "meaning")
    rows = [[p["name"], _number(p["value"]), p["unit"], p["range"], p["meaning"]]
            for p in facts["parameters"]]  # fmt: skip
    page.print(table(heads, rows, right=("value",)))
    for title, values in facts["sets"].items():
        text = ", ".join(f"{k} = {_number(v)}" for k, v in values.items()) or "as above"
        _section(f"parameter set {title}", text)
    _section("source", facts["source"])


def _section(title: str, text: str) -> None:
    if not text:
        return
    page = console()
    page.print()
    page.print(clean(title), style="bold")
    page.print(textwrap.indent(clean(text.strip()), "  "), soft_wrap="\n" in text)


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else one_line(value)


def _window(facts: dict[str, Any]) -> str:
    """The resistance, from least to greatest."""
    low, high = 1 / facts["g_max"], 1 / facts["g_min"] if facts["g_min"] > 0 else float("inf")
    return f"{_ohms(low)} to {_ohms(high)} Ohm" if high < float("inf") else f"{_ohms(low)} Ohm up"


def _short(source: str) -> str:
    """The first reference, without its address."""
    return source.split(";", maxsplit=1)[0].split(", https:", maxsplit=1)[0]


def _ohms(value: float) -> str:
    for size, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size * 0.9995 <= value < float("inf"):
            return f"{value / size:.3g} {prefix}"
    return f"{value:.3g}"


def _draw(device: Any, path: Path) -> None:
    import numpy as np

    from ..crossbars import draw_drift, draw_updates, drive

    if path.suffix.lower() not in _SUFFIXES:
        raise ValidationError("--plot", f"{path.name!r}", f"a name in {', '.join(_SUFFIXES)}")
    match _kind(device):
        case "dynamic":
            volts, hertz = device.shows_loop
            trace = drive(
                device, lambda t: volts * np.sin(2 * np.pi * hertz * t), 1 / hertz / _STEPS,
                duration=2 / hertz,
            )  # fmt: skip
            figure = trace.plot()
        case "pulsed":
            figure = draw_updates(device)
        case "statistical":
            figure = draw_drift(device)
        case _:
            raise ValidationError(f"--plot of {device.label}", "nothing of it changes", "another")
    figure.savefig(path)
