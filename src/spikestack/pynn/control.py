"""Setting up, running, resetting, and asking where the simulation stands."""

from __future__ import annotations

from typing import Any

from pyNN import common
from pyNN.common.control import DEFAULT_MAX_DELAY, DEFAULT_MIN_DELAY, DEFAULT_TIMESTEP
from pyNN.recording import get_io

from ..errors import ValidationError, shorten
from . import simulator

__all__ = [
    "end",
    "get_current_time",
    "get_max_delay",
    "get_min_delay",
    "get_time_step",
    "initialize",
    "num_processes",
    "rank",
    "reset",
    "run",
    "run_for",
    "run_until",
    "setup",
]

#: What `Simulation` takes of the extra parameters of `setup`, and its defaults here.
_SETTINGS = {"on": "cpu", "precision": "float64", "threads": None}
_PRECISIONS = ("off_grid", "on_grid")


def setup(
    timestep: float = DEFAULT_TIMESTEP,
    min_delay: Any = DEFAULT_MIN_DELAY,
    **extra_params: Any,
) -> int:
    """Begin anew: whatever was built is thrown away.

    Parameters
    ----------
    timestep
        ms.
    min_delay
        The least delay in ms; ``"auto"`` takes the least there is.
    extra_params
        ``max_delay`` in ms; ``threads``; ``precision`` (``"float64"`` or ``"float32"``); ``on``
        (``"cpu"`` or ``"reference"``); ``rng_seed``, a whole number; ``spike_precision``:
        ``"off_grid"`` records spikes of a `SpikeSourceArray` at the times given, ``"on_grid"`` at
        the steps in which they act. Others, for other simulators, are ignored.

    Returns
    -------
    int
        The rank of this process: 0.

    Raises
    ------
    ValidationError
        If a value is out of range; what was built before is then still there.
    """
    common.setup(timestep, min_delay, **extra_params)
    seed = extra_params.get("rng_seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**40:
        raise ValidationError("setup, rng_seed", f"got {shorten(seed)}", "0 to 2**40-1")
    precision = extra_params.get("spike_precision", "off_grid")
    if precision not in _PRECISIONS:
        raise ValidationError(
            "setup, spike_precision", f"got {shorten(precision)}", f"one of {_PRECISIONS}"
        )
    state = simulator.state
    state.clear()
    state.dt, state.stated_min_delay = float(timestep), min_delay
    state.max_delay = extra_params.get("max_delay", DEFAULT_MAX_DELAY)
    state.rng_seed, state.spike_precision = seed, precision
    state.settings = {k: extra_params.get(k, default) for k, default in _SETTINGS.items()}
    return rank()


def end(compatible_output: bool = True) -> None:
    """Write the files that were asked for when recording began; data can still be read after."""
    pending, simulator.state.write_on_end = simulator.state.write_on_end, []
    for population, variables, filename in pending:
        population.write_data(get_io(filename), variables)


run, run_until = common.build_run(simulator)
run_for = run
reset = common.build_reset(simulator)
initialize = common.initialize
(
    get_current_time,
    get_time_step,
    get_min_delay,
    get_max_delay,
    num_processes,
    rank,
) = common.build_state_queries(simulator)
