"""What one pulse does to a device, as expressions: from which rules of learning are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..devices.base import Device
from ..devices.dynamic import DynamicDevice
from ..devices.pulsed import PulsedDevice
from ..equations.evaluating import evaluate
from ..equations.expressions import Expr, Name, Num, Op, names_in, substitute
from ..errors import ValidationError

__all__ = ["Response", "response_of"]

#: Euler steps of a pulse, for devices without a solution in closed form.
SUBSTEPS = 4
_SPREAD = "_spread"


@dataclass(frozen=True)
class Response:
    """What pulses do to one device.

    Attributes
    ----------
    up, down
        New states in the course of a pulse, one after the other, of ``state``, parameters,
        ``volts`` and ``xi``; the same where only the voltage tells them apart.
    volts
        Of pulses up and down.
    share
        The share of the nominal window at which a state stands; of ``state``, parameters, ``xi``.
    numbers
        Nominal values of the parameters that occur.
    spreads
        Coefficients of variation between devices, by parameter, where there is any.
    step
        Mean share by which a pulse moves a nominal device in the middle of its window.
    """

    device: Device
    up: tuple[Expr, ...]
    down: tuple[Expr, ...]
    volts: tuple[float, float]
    share: Expr
    numbers: dict[str, float]
    spreads: dict[str, float]
    step: float

    def states(self, shares: np.ndarray) -> np.ndarray:
        """States of nominal devices at shares of the window."""
        device = self.device
        if isinstance(device, PulsedDevice):
            low, high = self.numbers["w_min"], self.numbers["w_max"]
            return np.asarray(low + shares * (high - low))
        assert isinstance(device, DynamicDevice)
        conductance = device.g_min + shares * (device.g_max - device.g_min)
        return np.asarray(device.state_of_conductance(conductance))


def response_of(device: Device, spreads: Mapping[str, float]) -> Response:
    """What pulses do to a device, of its set and reset voltages and its width of pulses.

    Parameters
    ----------
    device
        Of one state.
    spreads
        Coefficients of variation between devices, besides those that the device declares.

    Raises
    ------
    ValidationError
        If the device says nothing of pulses, has several states, or its pulses move nothing.
    """
    if isinstance(device, PulsedDevice):
        up, down, share = _pulsed(device)
    elif isinstance(device, DynamicDevice) and len(device.block.states) == 1:
        up, down, share = _dynamic(device)
    else:
        what = "several states" if isinstance(device, DynamicDevice) else "no law of pulses"
        raise ValidationError(
            f"Crossbar.device {device.label}",
            f"{what}, and weights that learn take pulses",
            "a PulsedDevice, or a DynamicDevice of one state",
            "statistics of programming are for weights that stay",
        )
    used = {name for expr in (*up, *down, share) for name in names_in(expr)}
    numbers = {
        name: float(np.mean(device.values[name]))  # type: ignore[arg-type]
        for name in device.parameters
        if name in used
    }
    declared = {
        name.removesuffix(_SPREAD): float(np.mean(device.values[name]))  # type: ignore[arg-type]
        for name in device.parameters
        if name.endswith(_SPREAD)
    }
    found = {k: v for k, v in {**declared, **spreads}.items() if v > 0 and k in numbers}
    volts = device.set_voltage, device.reset_voltage
    made = Response(device, up, down, volts, share, numbers, found, 0.0)
    step = _mean_step(made)
    if not step > 0:
        raise ValidationError(
            f"Crossbar.device {device.label}",
            f"pulses of {device.set_voltage:g} and {device.reset_voltage:g} V, "
            f"{device.pulse_width:g} s, do not move it in the middle of its window",
            "pulses that do",
            "set set_voltage, reset_voltage and pulse_width of the device's class",
        )
    return replace(made, step=step)


_State = tuple[tuple[Expr, ...], tuple[Expr, ...], Expr]


def _pulsed(device: PulsedDevice) -> _State:
    low, high, state = Name("w_min"), Name("w_max"), Name("state")

    def after(what: str, op: str, volts: float) -> tuple[Expr, ...]:
        width = Num(device.pulse_width)
        pulse: dict[str, Expr] = {"w": state, "v": Num(abs(volts)), "width": width}
        change = substitute(device.expressions[what], pulse)
        return (Op("clip", (Op(op, (state, change)), low, high)),)

    found = substitute(device.expressions["written"], {"w": state}) if device.written else state
    # The window of weights is that of a nominal device, whatever an array's devices are like.
    nominal = [Num(float(np.mean(device.values[n]))) for n in ("w_min", "w_max")]  # type: ignore[arg-type]
    share = Op("div", (Op("sub", (found, nominal[0])), Op("sub", (nominal[1], nominal[0]))))
    return after("up", "add", device.set_voltage), after("down", "sub", device.reset_voltage), share


def _dynamic(device: DynamicDevice) -> _State:
    (name,) = device.block.states
    state = Name("state")

    def after() -> tuple[Expr, ...]:
        known: dict[str, Expr] = {name: state, "v": Name("volts")}
        if device.solution_exprs:
            solved = substitute(device.solution_exprs[name], known)
            new = substitute(solved, {"duration": Num(device.pulse_width)})
            return (_held(device, name, new),)
        width = Num(device.pulse_width / SUBSTEPS)
        change: Expr = Op("mul", (substitute(device.slopes[name], known), width))
        if name in device.noise_exprs:
            noise = substitute(device.noise_exprs[name], known)
            wander = Op("mul", (Op("mul", (noise, Op("sqrt", (width,)))), Name("xi")))
            change = Op("add", (change, wander))
        return (_held(device, name, Op("add", (state, change))),) * SUBSTEPS

    at: dict[str, Expr] = {name: state, "v": Num(device.v_read)}
    current = substitute(device.current_expr, at)
    conductance = Op("div", (current, Num(device.v_read)))
    whole = Num(device.g_max - device.g_min)
    share = Op("div", (Op("sub", (conductance, Num(device.g_min))), whole))
    pulse = after()
    return pulse, pulse, share


def _held(device: DynamicDevice, name: str, new: Expr) -> Expr:
    """A state held between its bounds."""
    if name not in device.bound_exprs:
        return new
    return Op("clip", (new, *device.bound_exprs[name]))


def _mean_step(response: Response) -> float:
    """See `Response.step`; the mean of up and down."""
    start = float(response.states(np.array([0.5]))[0])
    steps = []
    for pulses, volts in zip((response.up, response.down), response.volts):
        state, known = start, response.numbers | {"xi": 0.0, "volts": volts}
        for expr in pulses:
            state = float(evaluate(expr, known | {"state": state}))
        ends = [
            float(evaluate(response.share, response.numbers | {"state": s, "xi": 0.0}))
            for s in (start, state)
        ]
        steps.append(abs(ends[1] - ends[0]))
    return float(np.mean(steps))
