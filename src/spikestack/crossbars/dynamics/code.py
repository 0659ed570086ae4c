"""A device's texts as three-address code, one for each thing that is computed of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...devices.dynamic import DynamicDevice
from ...equations.expressions import Expr, Name, Num, Op
from ...program.tac import Builder, Instruction

__all__ = ["DURATION", "VOLTAGE", "DeviceCode", "Function", "device_code"]

#: Inputs of a function besides states and parameters, by the index of their `signal` load.
VOLTAGE, DURATION = 0, 1


@dataclass(frozen=True)
class Function:
    """Straight-line code, and the positions of what it returns."""

    instructions: tuple[Instruction, ...]
    results: tuple[int, ...]


@dataclass(frozen=True)
class DeviceCode:
    """All that a kernel of a device computes.

    Attributes
    ----------
    states, parameters
        Their names in order of the loads.
    rate, current, flow, noise, solution, at_rest
        Functions of states and parameters at a voltage; of all states but for `current`; `flow` is
        `rate`, and the power after it. None where a device has none.
    """

    states: tuple[str, ...]
    parameters: tuple[str, ...]
    rate: Function
    current: Function
    flow: Function
    noise: Function | None
    solution: Function | None
    at_rest: Function | None


def device_code(device: DynamicDevice) -> DeviceCode:
    """The code of a device."""
    states, parameters = device.block.states, tuple(device.parameters)

    def function(exprs: Sequence[Expr]) -> Function:
        builder = Builder(
            "float64", {n: k for k, n in enumerate(parameters)},
            {n: k for k, n in enumerate(states)},
        )  # fmt: skip
        values = {name: builder.state(name) for name in states}
        values["v"] = builder.put("signal", data=VOLTAGE)
        values["duration"] = builder.put("signal", data=DURATION)
        results = tuple(builder.expr(expr, values) for expr in exprs)
        return Function(tuple(builder.instructions), results)

    def of_states(exprs: Mapping[str, Expr]) -> Function | None:
        if not exprs:
            return None
        missing = Num(0.0) if exprs is device.noise_exprs else None
        return function([exprs.get(name, missing or Name(name)) for name in states])

    rates, current = [device.slopes[name] for name in states], device.current_expr
    power = Op("mul", (Name("v"), current))
    return DeviceCode(
        states, parameters, function(rates), function([current]), function([*rates, power]),
        of_states(device.noise_exprs), of_states(device.solution_exprs),
        of_states(device.at_rest_exprs),
    )  # fmt: skip
