"""Made-up records for the tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from spikestack.recording import Recording, SpikeRecord, Trace

DT = 0.1


def random_record(
    name: str = "exc",
    size: int = 5,
    *,
    t_stop: float = 100.0,
    n_trials: int = 1,
    number: int = 60,
    seed: int = 1,
    **more: Any,
) -> SpikeRecord:
    rng = np.random.default_rng(seed)
    start = round(more.get("t_start", 0.0) / DT)
    return SpikeRecord(
        population=name,
        size=size,
        dt=DT,
        steps=rng.integers(start + 1, round(t_stop / DT) + 1, number),
        ids=rng.integers(0, size, number),
        trials=rng.integers(0, n_trials, number),
        t_stop=t_stop,
        n_trials=n_trials,
        **more,
    )


def random_trace(
    population: str = "exc",
    variable: str = "v",
    *,
    neurons: int = 3,
    samples: int = 100,
    trials: int = 1,
    first: int = 1,
    **more: Any,
) -> Trace:
    rng = np.random.default_rng(neurons)
    return Trace(
        population=population,
        variable=variable,
        unit="mV",
        dt=DT,
        steps=np.arange(first, first + samples),
        ids=2 * np.arange(neurons),
        values=rng.normal(-60, 5, (trials, samples, neurons)).astype(np.float32),
        **more,
    )


def recording_of(*records: SpikeRecord, traces: tuple[Trace, ...] = (), **more: Any) -> Recording:
    by_name: dict[str, dict[str, Trace]] = {}
    for trace in traces:
        by_name.setdefault(trace.population, {})[trace.variable] = trace
    return Recording(
        **{
            "t_stop": 100.0,
            "spikes": {record.population: record for record in records},
            "traces": by_name,
            "provenance": {"engine": "cpu", "dt": DT, "seed": 1, "wall_time_s": 0.5},
            **more,
        }
    )
