"""``spikestack models`` and ``spikestack describe``."""

from __future__ import annotations

import inspect as python_inspect
import textwrap
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ValidationError, shorten
from .options import Json
from .output import clean, console, emit, table

if TYPE_CHECKING:
    from ..equations.model import AbstractModel

__all__ = ["describe", "models"]


def models(as_json: Json = False) -> None:
    """List the neuron models, synapses, currents and plasticity rules that come with Spikestack."""
    rows = [
        {
            "name": name,
            "kind": kind,
            "summary": _paragraphs(model)[0].splitlines()[0],
            "parameter_sets": list(model.parameter_sets),
        }
        for name, (kind, model) in _catalogue().items()
    ]
    if as_json:
        emit(rows)
        return
    heads = ("name", "kind", "what it is", "parameter sets")
    cells = [[r["name"], r["kind"], r["summary"], ", ".join(r["parameter_sets"])] for r in rows]
    console().print(table(heads, cells))
    print("spikestack describe NAME shows equations, parameters and sources.")


def describe(
    name: Annotated[
        str, typer.Argument(metavar="NAME", show_default=False, help="As 'models' lists it.")
    ],
    as_json: Json = False,
) -> None:
    """Show the equations, parameters and integration of a model or synapse."""
    kind, model = _catalogue()[_resolved(name)]
    facts = _facts(kind, model)
    if as_json:
        emit(facts)
    else:
        _show(facts)


def _catalogue() -> dict[str, tuple[str, type[Any]]]:
    from ..equations.catalogue import collect
    from ..network.currents.base import CurrentModel
    from ..neurons.base import NeuronModel
    from ..plasticity.base import PlasticityRule
    from ..plasticity.structural import StructuralRule
    from ..synapses.base import Synapse

    neurons = collect("spikestack.neurons", NeuronModel)
    synapses = collect("spikestack.synapses", Synapse)
    currents = collect("spikestack.network.currents", CurrentModel)
    kinds: tuple[tuple[str, dict[str, Any]], ...] = (
        ("neuron", neurons),
        ("synapse", synapses),
        ("current", currents),
        ("plasticity rule", collect("spikestack.plasticity", PlasticityRule)),
        ("structural rule", collect("spikestack.plasticity", StructuralRule)),  # type: ignore[type-abstract]
    )
    return {name: (kind, model) for kind, found in kinds for name, model in found.items()}


def _resolved(name: str) -> str:
    """The name in the catalogue that is meant, whatever its case, hyphens and underscores."""
    from ..equations.aliases import pointer

    known = {_folded(item): item for item in _catalogue()}
    if _folded(name) in known:
        return known[_folded(name)]
    if hint := pointer(name):
        ours = [item for item in known.values() if item in hint.replace(";", " ").split()]
        more = f"spikestack describe {ours[0]}" if ours else ""
        raise ValidationError("describe", f"{shorten(name)} is another tool's name", hint, more)
    near = [known[item] for item in get_close_matches(_folded(name), known, n=3, cutoff=0.5)]
    raise ValidationError(
        "describe",
        f"unknown name {shorten(name)}",
        f"known: {', '.join(known.values())}",
        f"did you mean {' or '.join(map(repr, near))}?" if near else "",
    )


def _folded(name: str) -> str:
    return "".join(char for char in name.lower() if char not in "-_ ")


def _paragraphs(model: type[Any]) -> list[str]:
    return (python_inspect.getdoc(model) or model.__name__).split("\n\n")


def _facts(kind: str, cls: type[Any]) -> dict[str, Any]:
    model: AbstractModel = cls()
    facts: dict[str, Any] = {
        "name": cls.__name__,
        "kind": kind,
        "summary": _paragraphs(cls)[0],
        "details": "\n\n".join(_paragraphs(cls)[1:]),
        "equations": textwrap.dedent(model.equations).strip(),
        "variables": [
            {"name": state, "unit": str(unit), "initial": _initial(model.initial_values[state])}
            for state, unit in model.block.units.items()
            if state in model.block.states
        ],
        "parameters": [
            {
                "name": name,
                "default": parameter.default,
                "unit": parameter.unit,
                "range": parameter.range_text(),
                "meaning": parameter.meaning,
            }
            for name, parameter in model.parameters.items()
        ],
    }
    makers = {
        "neuron": _neuron_facts,
        "synapse": _synapse_facts,
        "current": _current_facts,
        "plasticity rule": _rule_facts,
        "structural rule": _rule_facts,
    }
    own = makers[kind](model)
    sets = {name: dict(values) for name, values in model.parameter_sets.items()}
    return facts | own | {"parameter_sets": sets, "source": model.source}


def _neuron_facts(model: Any) -> dict[str, Any]:
    from ..program.schemes import schemes_of

    alone = schemes_of(model)
    with_synapses = {}
    for name, (kind, cls) in _catalogue().items():
        schemes = schemes_of(model, cls()) if kind == "synapse" else None
        if schemes is None or alone is None:
            continue
        changed = {x: schemes[x] for x in alone if schemes[x] != alone[x]}
        if changed:
            with_synapses[name] = changed
    return {
        "threshold": model.threshold,
        "reset": model.reset,
        "refractory": model.refractory,
        "clamped": list(model.clamped or ()),
        "emits": model.emit if model.emit_type != "none" else "",
        "default_synapse": model.default_synapse,
        "integration": alone,
        "integration_with": with_synapses,
    }


def _initial(value: Any) -> Any:
    return value if isinstance(value, int | float | str) else repr(value)


def _current_facts(current: Any) -> dict[str, Any]:
    from ..neurons.lif import LIF
    from ..program.schemes import schemes_of

    schemes = schemes_of(LIF(), current) or {}
    own = {name.rpartition(".")[2]: scheme for name, scheme in schemes.items() if "." in name}
    return {"current": current.current, "integration": own, "integration_with": {}}


def _rule_facts(rule: Any) -> dict[str, Any]:
    from ..plasticity.base import TEXTS

    texts = {name: textwrap.dedent(getattr(rule, name, "")).strip() for name in TEXTS}
    return {
        "equations": "",
        "texts": {name: text for name, text in texts.items() if text},
        "integration": {},
        "integration_with": {},
    }


def _synapse_facts(synapse: Any) -> dict[str, Any]:
    from ..neurons.lif import LIF
    from ..program.schemes import schemes_of

    prefix = f"{synapse.label}."
    schemes = schemes_of(LIF(), synapse) or {}
    return {
        "receives": synapse.receives,
        "current": synapse.current,
        "weight": {
            "default": synapse.default_weight,
            "unit": str(synapse.unit_of_weight()),
            "range": ">= 0" if synapse.positive else "finite",
        },
        "delay": {"default": synapse.default_delay, "unit": "ms", "range": ">= 0 ms"},
        "integration": {
            name.removeprefix(prefix): scheme
            for name, scheme in schemes.items()
            if name.startswith(prefix)
        },
        "integration_with": {},
    }


def _show(facts: dict[str, Any]) -> None:
    page = console()
    page.print(f"{facts['name']}, a {facts['kind']}", style="bold cyan")
    page.print(_prose(facts["summary"]))
    for paragraph in filter(None, facts["details"].split("\n\n")):
        page.print()
        page.print(_prose(paragraph))
    if facts["kind"] in ("plasticity rule", "structural rule"):
        for name, text in facts["texts"].items():
            _section(name, text)
    else:
        _show_equations(facts)
    integration = [f"{name}: {scheme}" for name, scheme in (facts["integration"] or {}).items()]
    for synapse, changed in facts["integration_with"].items():
        integration += [f"{name}: {scheme} (with {synapse})" for name, scheme in changed.items()]
    _section("integration", "\n".join(integration))
    if facts["parameters"]:
        page.print()
        heads = ("parameter", "default", "unit", "range", "meaning")
        rows = [
            [p["name"], _number(p["default"]), p["unit"], p["range"], p["meaning"]]
            for p in facts["parameters"]
        ]
        page.print(table(heads, rows, right=("default",)))
    for name, values in facts["parameter_sets"].items():
        settings = ", ".join(f"{key} = {_number(value)}" for key, value in values.items())
        _section(f"parameter set {name}", settings)
    _section("source", facts["source"])


def _show_equations(facts: dict[str, Any]) -> None:
    _section("equations", facts["equations"] or "none of its own: it acts on the neuron's")
    if facts["kind"] == "neuron":
        _show_spiking(facts)
    elif facts["kind"] == "current":
        _section("current into the neuron", facts["current"])
    else:
        _show_receiving(facts)


def _show_spiking(facts: dict[str, Any]) -> None:
    starts = ", ".join(
        f"{v['name']} = {_number(v['initial'])}"
        + ("" if isinstance(v["initial"], str) or v["unit"] == "1" else f" {v['unit']}")
        for v in facts["variables"]
    )
    _section("starts at", starts)
    _section("spikes when", facts["threshold"] or "never")
    _section("then", facts["reset"] or "nothing is reset")
    held = f", during which {', '.join(facts['clamped'])} is held" if facts["clamped"] else ""
    if facts["refractory"]:
        _section("refractory for", facts["refractory"] + held)
    if facts["emits"]:
        _section("its spikes carry", facts["emits"])


def _show_receiving(facts: dict[str, Any]) -> None:
    weight, delay = facts["weight"], facts["delay"]
    if facts["receives"]:
        _section("a spike adds its weight to", facts["receives"])
    else:
        _section("no spikes pass", "it joins potentials; the weight is a conductance")
    if facts["current"]:
        _section("current into the neuron", facts["current"])
    _section("weight", f"{weight['default']:g} {weight['unit']} by default, {weight['range']}")
    _section("delay", f"{delay['default']:g} {delay['unit']} by default, {delay['range']}")


def _prose(paragraph: str) -> str:
    """A paragraph of a docstring as it is read: unwrapped, without marks of code."""
    return clean(" ".join(paragraph.split())).replace("`", "")


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def _section(title: str, text: str) -> None:
    """A title and indented text below it; nothing where there is no text."""
    if not text:
        return
    page = console()
    page.print()
    page.print(title, style="bold")
    page.print(textwrap.indent(clean(text), "  "), soft_wrap="\n" in text)
