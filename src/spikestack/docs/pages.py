"""A page for each model, made from its declaration."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from ..network.currents.base import CurrentModel
from ..neurons.base import NeuronModel
from ..neurons.lif import LIF
from ..program.schemes import schemes_of
from ..synapses.base import Synapse
from . import typeset
from .entries import KINDS, Entry, entries

__all__ = ["index_page", "model_page"]

_ROOT = Path(__file__).parents[2]
_WHAT = {
    "neuron": "Neuron model",
    "source": "Source or graded unit",
    "synapse": "Synapse",
    "current": "Current",
    "group": "Group",
}
_SCHEMES = {
    "exact": "integrated exactly, by a matrix exponential",
    "exponential Euler": "integrated by exponential Euler",
    "euler": "integrated by explicit Euler",
    "rk4": "integrated by Runge-Kutta of fourth order",
    "update": "assigned in every step",
}


def index_page() -> str:
    """The list of everything that has a page."""
    lines = ["# Models", "", f"{len(entries())} of them, each made from one file of its own."]
    for kind, heading in KINDS.items():
        lines += ["", f"## {heading}", "", '<div class="cards" markdown="0">']
        for entry in entries():
            if entry.kind == kind:
                page = entry.path.removeprefix("models/").removesuffix(".md") + ".html"
                summary = _prose(entry.summary)
                lines.append(f'<a href="{page}"><b>{entry.name}</b><span>{summary}</span></a>')
        lines.append("</div>")
    return "\n".join(lines) + "\n"


def model_page(entry: Entry, figure: str, caption: str) -> str:
    """The page of one entry, as Markdown with HTML in it.

    Parameters
    ----------
    entry
        What the page is about.
    figure
        SVG, or empty.
    caption
        What the figure shows.
    """
    try:
        file = entry.file.relative_to(_ROOT).as_posix()
    except ValueError:
        file = entry.file.name
    parts = [
        f"# {entry.name}",
        f'<p class="kind">{_WHAT[entry.kind]} · <code>sp.{entry.name}</code> · '
        f"<code>src/{file}</code></p>",
    ]
    if entry.kind == "group":
        parts += _group_parts(entry)
        parts.insert(parts.index("## Arguments"), _figure(figure, caption))
    else:
        model = entry.item()
        parts += [f"<p>{_prose(text)}</p>" for text in entry.paragraphs if "\n---" not in text]
        parts.append(_figure(figure, caption))
        parts += _declaration(entry, model)
    return "\n\n".join(filter(None, parts)) + "\n"


def _figure(svg: str, caption: str) -> str:
    if not svg:
        return ""
    return f'<figure class="plot">{svg}<figcaption>{escape(caption)}</figcaption></figure>'


def _declaration(entry: Entry, model: Any) -> list[str]:
    parts = []
    if equations := typeset.equations(model):
        parts += ["## Equations", equations]
    if isinstance(model, NeuronModel):
        parts += ["## Spikes", _facts(_spiking(model))]
    elif isinstance(model, Synapse):
        parts += ["## Effect", _facts(_receiving(model))]
    elif isinstance(model, CurrentModel):
        parts += ["## Current", _facts([("into each neuron", typeset.inline(model.current_expr))])]
    if integration := _integration(model):
        parts += ["## Integration", integration]
    if model.parameters:
        parts += ["## Parameters", _parameters(model)]
    if model.parameter_sets:
        use = f"<p><code>sp.{entry.name}.preset(NAME)</code> takes one of these.</p>"
        parts += ["## Parameter sets", use, _sets(model)]
    return [*parts, "## Source", f"<p>{_prose(model.source)}</p>"]


def _spiking(model: NeuronModel) -> list[tuple[str, str]]:
    rows = []
    starts = [
        f"{typeset.name(state)} = {_initial(model.initial_values[state], unit)}"
        for state, unit in model.block.units.items()
        if state in model.block.states
    ]
    rows.append(("starts at", ", ".join(starts)))
    if model.after_statements:
        rows.append(("when spikes have arrived", typeset.assignments(model.after_statements)))
    expr = model.threshold_expr
    rows.append(("spikes when", "never" if expr is None else typeset.inline(expr)))
    rows.append(("then", typeset.assignments(model.reset_statements) or "nothing is reset"))
    if model.refractory:
        held = ", ".join(typeset.name(name) for name in model.clamped or ())
        rest = f", during which {held} {'are' if ',' in held else 'is'} held" if held else ""
        rows.append(("refractory for", typeset.name(model.refractory) + rest))
    if model.emit_expr is not None:
        rows.append(("a spike carries", typeset.inline(model.emit_expr)))
    for place, (potential, current) in model.compartments.items():
        where = f"{typeset.name(potential)}, with the current {typeset.name(current)}"
        rows.append((f"compartment <code>{escape(place)}</code>", where))
    if model.fires_at is not None:
        rows.append(("fires, for example, at", f"{model.fires_at:g} nA"))
    return rows


def _initial(value: Any, unit: Any) -> str:
    if isinstance(value, str):
        return typeset.name(value)
    if not isinstance(value, float):
        return escape(str(value))
    return " ".join(filter(None, (_number(value), typeset.unit(str(unit)))))


def _receiving(synapse: Synapse) -> list[tuple[str, str]]:
    unit = typeset.unit(str(synapse.unit_of_weight()))
    rows = []
    if synapse.continuous:
        rows.append(("joins", "the potentials of two neurons, in both directions"))
    else:
        rows.append(("a spike adds its weight to", typeset.name(synapse.receives)))
    if synapse.current_expr is not None:
        rows.append(("current into the neuron", typeset.inline(synapse.current_expr)))
    least = ", not below 0" if synapse.positive else ""
    rows.append(("weight", f"{_number(synapse.default_weight)} {unit} by default{least}"))
    if not synapse.continuous:
        rows.append(("delay", f"{synapse.default_delay:g} ms by default"))
    return rows


def _integration(model: Any) -> str:
    if isinstance(model, CurrentModel) or not (model.block.derivatives or model.block.updates):
        return ""
    if isinstance(model, NeuronModel):
        schemes, prefix = schemes_of(model) or {}, ""
    else:
        schemes, prefix = schemes_of(LIF(), model) or {}, f"{model.label}."
    rows = [
        f"<li>{names} {'are' if ',' in names else 'is'} {_SCHEMES.get(how, how)}</li>"
        for how, names in _by_scheme(schemes, prefix).items()
    ]
    rows += [
        f"<li>with {', '.join(kinds)}: {what}</li>" for what, kinds in _changes(model, schemes)
    ]
    return f"<ul>{''.join(rows)}</ul>" if rows else "<p>Nothing is integrated.</p>"


def _by_scheme(schemes: dict[str, str], prefix: str) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for variable, how in schemes.items():
        if variable.startswith(prefix) and ("." in variable) == bool(prefix):
            found.setdefault(how, []).append(typeset.name(variable))
    return {how: ", ".join(names) for how, names in found.items()}


def _changes(model: Any, alone: dict[str, str]) -> list[tuple[str, list[str]]]:
    """Which synapses change how a neuron is integrated, those with the same effect together."""
    if not isinstance(model, NeuronModel):
        return []
    found: dict[str, list[str]] = {}
    for other in entries():
        if other.kind == "synapse" and (schemes := schemes_of(model, other.item())):
            changed = {x: schemes[x] for x in alone if schemes[x] != alone[x]}
            text = "; ".join(
                f"{n} {_SCHEMES.get(h, h)}" for h, n in _by_scheme(changed, "").items()
            )
            if text:
                found.setdefault(text, []).append(other.name)
    return list(found.items())


def _parameters(model: Any) -> str:
    rows = [
        (
            f"<code>{escape(name)}</code>",
            typeset.name(name),
            _number(parameter.default),
            typeset.unit(parameter.unit),
            _range(parameter),
            escape(parameter.meaning),
        )
        for name, parameter in model.parameters.items()
    ]
    return _table(("name", "", "default", "unit", "range", "meaning"), rows)


def _range(parameter: Any) -> str:
    found = []
    if parameter.low > -float("inf"):
        found.append(f"{'>' if parameter.low_open else '≥'} {_number(parameter.low)}")
    if parameter.high < float("inf"):
        found.append(f"{'<' if parameter.high_open else '≤'} {_number(parameter.high)}")
    return escape(", ".join(found))


def _sets(model: Any) -> str:
    names = list(dict.fromkeys(n for values in model.parameter_sets.values() for n in values))
    rows = [
        (f"<code>{escape(label)}</code>", *(_number(values.get(n, "")) for n in names))
        for label, values in model.parameter_sets.items()
    ]
    return _table(("", *(typeset.name(n) for n in names)), rows)


def _group_parts(entry: Entry) -> list[str]:
    text, _, rest = (inspect.getdoc(entry.item) or "").partition("\n\nParameters\n---")
    signature = escape(f"sp.{entry.name}{inspect.signature(entry.item)}")
    signature = re.sub(r"(?:spikestack\.[a-z_.]+\.|typing\.)|: &#x27;[^,)]*?&#x27;", "", signature)
    parts = [f"<p>{_prose(part)}</p>" for part in text.split("\n\n")]
    arguments, _, returned = rest.partition("\n\nReturns\n---")
    rows = [
        (f"<code>{escape(label)}</code>", _prose(meaning))
        for label, meaning in re.findall(r"^(\w[\w, ]*)\n((?:    .*\n?)+)", arguments, re.M)
    ]
    parts += ["## Arguments", _table(("name", "meaning"), rows)]
    meaning = re.findall(r"^(?:    .*\n?)+", returned, re.M)
    return parts + (["## Returns", f"<p>{_prose(meaning[0])}</p>"] if meaning else [])


def _facts(rows: Iterable[tuple[str, str]]) -> str:
    body = "".join(f"<tr><th>{label}</th><td>{content}</td></tr>" for label, content in rows)
    return f'<div class="facts"><table class="set">{body}</table></div>'


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{cell}</th>" for cell in heads)
    body = "".join(f"<tr>{''.join(f'<td>{c}</td>' for c in row)}</tr>" for row in rows)
    table = f'<table class="set"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="parameters">{table}</div>'


@cache
def _prose(text: str) -> str:
    """A docstring's text as HTML, with its marks of code."""
    text = escape(" ".join(text.split()), quote=False)
    text = re.sub(r"``([^`]+)``|`([^`]+)`", lambda m: f"<code>{m[1] or m[2]}</code>", text)
    return text


def _number(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, int | float) else escape(str(value))
    return text.replace("-", "−") if isinstance(value, int | float) else text
