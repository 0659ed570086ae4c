"""The parts of a network as plain data, for `inspect`."""

from __future__ import annotations

from dataclasses import MISSING, asdict, fields
from typing import TYPE_CHECKING, Any

from ..errors import shorten

if TYPE_CHECKING:
    from ..equations.edge_expression import Expression
    from ..network import Network, Population
    from ..network.inputs import Input
    from ..network.parts import Part
    from ..network.rules import Rule
    from ..synapses.base import Synapse
    from ..values import Value

__all__ = ["drives_of", "memory_of", "plan_of", "populations_of", "probes_of", "projections_of"]


def populations_of(network: Network) -> list[dict[str, Any]]:
    """Every population, with the variables that can be recorded of it."""
    return [
        {
            "name": population.name,
            "neurons": population.size,
            "shape": population.shape,
            "model": repr(population.model),
            "positions": _placement_text(population),
            "variables": _variables(network, population),
        }
        for population in network.populations.values()
    ]


def projections_of(network: Network) -> list[dict[str, Any]]:
    """Every projection, with the number of synapses to expect."""
    return [
        {
            "name": projection.name,
            "pre": projection.pre.population.name,
            "pre_neurons": projection.pre.size,
            "post": projection.post.population.name,
            "post_neurons": projection.post.size,
            "rule": _rule_text(projection.rule),
            "synapse": _synapse_text(projection.synapse, delay=True),
            "synapses": projection.expected_edges,
        }
        for projection in network.projections.values()
    ]


def drives_of(network: Network) -> list[dict[str, Any]]:
    """Every input, with the synapse through which it acts."""
    return [
        {
            "name": drive.name,
            "target": drive.target.population.name,
            "neurons": drive.target.size,
            "input": _input_text(drive.input),
            "synapse": None if drive.synapse is None else _synapse_text(drive.synapse, delay=False),
        }
        for drive in network.drives.values()
    ]


def probes_of(network: Network) -> list[dict[str, Any]]:
    """Everything that is recorded."""
    return [
        {
            "target": probe.target.population.name,
            "neurons": probe.target.size,
            "variable": probe.variable,
            "interval_ms": probe.interval,
        }
        for probe in network.probes
    ]


def memory_of(network: Network, settings: dict[str, Any]) -> dict[str, Any]:
    """Bytes that a run needs, part by part, and bytes that there are."""
    from ..program.memory import available_memory, memory_needed

    need, there = memory_needed(network, **settings), available_memory()
    return {
        "needed": need.total,
        "available": there,
        "fits": need.total <= there,
        "parts": asdict(need),
        "settings": settings,
    }


def plan_of(network: Network, settings: dict[str, Any]) -> dict[str, Any]:
    """What a run would choose: integration by population, and the layout of the synapses."""
    from ..simulation import planned

    others = {name: value for name, value in settings.items() if name != "engine"}
    return planned(network, on=settings["engine"], **others)


def _variables(network: Network, population: Population) -> list[str]:
    from ..program.populations import receptor_names

    used = [p.synapse for p in network.projections.values() if p.post.population is population]
    used += [
        drive.synapse
        for drive in network.drives.values()
        if drive.synapse is not None and drive.target.population is population
    ]
    receptors = receptor_names(used)
    return [*population.model.block.states] + [
        f"{name}.{state}" for name, synapse in receptors.items() for state in synapse.block.states
    ]


def _placement_text(population: Population) -> str | None:
    return None if population.positions is None else _rule_text(population.positions)


def _rule_text(rule: Rule | Part) -> str:
    settings = []
    for field in fields(rule):
        value = getattr(rule, field.name)
        if hasattr(value, "shape"):
            settings.append(f"{field.name}: {' x '.join(map(str, value.shape))}")
        elif field.default is MISSING or value != field.default:
            settings.append(f"{field.name}={shorten(value, 60)}")
    return f"{type(rule).__name__}({', '.join(settings)})"


def _synapse_text(synapse: Synapse, delay: bool) -> str:
    text = f"{synapse!r}, weight {_value_text(synapse.weight)} {synapse.unit_of_weight()}"
    return f"{text}, delay {_value_text(synapse.delay)} ms" if delay else text


def _input_text(given: Input) -> str:
    settings = []
    for name, value in vars(given).items():
        if name in ("weight", "synapse") or value is None:
            continue
        if (name, value) not in _always(given):
            settings.append(f"{name} {_value_text(value)}")
    return f"{type(given).__name__}({', '.join(settings)})"


def _always(given: Input) -> list[tuple[str, Any]]:
    """Settings of an input that go without saying: on from the start, for ever."""
    return [("start", 0.0), ("stop", float("inf"))] if type(given).__name__ == "Poisson" else []


def _value_text(value: Value | Expression) -> str:
    if hasattr(value, "text"):
        return repr(value)
    if not isinstance(value, int | float) and hasattr(value, "size"):
        return f"of {value.size:,} values"
    if isinstance(value, int | float):
        return f"{value:g}"
    settings = value.to_dict()
    kind = settings.pop("kind")
    if settings.get("outside") == "redraw":
        del settings["outside"]
    return f"{kind}({', '.join(f'{k}={v}' for k, v in settings.items())})"
