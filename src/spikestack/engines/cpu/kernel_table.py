"""What a population's kernel reads: addresses of its states, parameters and facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .aligned import aligned
from .printer import TABLE_STATES, kernel_plan
from .resting import CHUNK, resting_facts

if TYPE_CHECKING:
    from .engine import CpuEngine

__all__ = ["kernel_table", "own"]


def kernel_table(engine: CpuEngine, k: int, trial: int, quiet: np.ndarray) -> list[np.ndarray]:
    """The addresses that population k's kernel reads (see `kernel_source`), and the arrays."""
    population, dtype = engine.program.populations[k], engine.program.dtype
    plan = kernel_plan(population, engine.program)
    scalars = [population.values[i] for i in plan.scalars]
    scalars += [r.quantum for r in population.receptors]
    owned = [
        np.array([*scalars, 0.0], dtype=dtype),
        aligned((CHUNK,), np.uint8),
        aligned((CHUNK,), dtype),
        *resting_facts(population, dtype, quiet, engine.options.lazy),
    ]
    rows = [own(np.asarray(population.values[i], dtype=dtype)) for i in plan.rows]
    owned.append(np.array([engine.step, *population.streams[trial].view(np.int64)], np.int64))
    table = np.zeros(TABLE_STATES + plan.n_states + len(rows), dtype=np.int64)
    table[:3] = [array.ctypes.data for array in owned[:3]]
    table[5] = owned[3].ctypes.data
    table[6] = owned[-1].ctypes.data
    table[3] = engine.counters[k][trial].ctypes.data
    if plan.n_ref_row:
        owned.append(np.ascontiguousarray(population.n_ref, dtype=np.int32))
        table[4] = owned[-1].ctypes.data
    elif plan.counter:
        table[4] = population.n_ref
    for i in range(plan.n_states):
        table[TABLE_STATES + i] = engine.values[k][trial, i].ctypes.data
    for i, row in enumerate(rows):
        table[TABLE_STATES + plan.n_states + i] = row.ctypes.data
    return [table, *owned, *rows]


def own(array: np.ndarray) -> np.ndarray:
    """A copy whose rows are aligned."""
    made = aligned(array.shape, array.dtype)
    made[...] = array
    return made
