"""What the compiled engine chose, as plain data for reports: planned, or as it was built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...program.program import Program
from .delivery import FIRST_ROW, GROUPS
from .plan import Channel, Plan

if TYPE_CHECKING:
    from .engine import CpuEngine

__all__ = ["built_layout", "planned_layout"]

DELIVERY = "buckets by source and delay, partitioned by target"
QUEUES = "queues by step of arrival, partitioned by target"
_ROW_BYTES = 8


def planned_layout(program: Program, plan: Plan, by_trial: bool) -> dict[str, Any]:
    """What is known of a layout before any synapse is drawn.

    Returns
    -------
    dict
        As of `built_layout`, with the expected number of synapses and, of rows, the most that can
        be needed. Of states and logs nothing is said.
    """
    parts, itemsize = len(plan.parts), np.dtype(program.accumulator).itemsize
    channels = []
    for channel in plan.channels:
        synapses = sum(program.edges[j].expected_edges for j in channel.edges)
        groups = ((channel.most - channel.least) >> plan.width_bits) + 1
        rows = (program.populations[channel.pre].size * groups + 1) * parts
        channels.append(_channel(program, channel, groups, synapses, rows * _ROW_BYTES))
    return {
        **_choices(plan, by_trial),
        "channels": channels,
        "synapses": sum(c["synapses"] for c in channels),
        "bytes_synapses": sum(c["bytes"] for c in channels),
        "bytes_rows": sum(c["bytes_rows"] for c in channels),
        "bytes_accumulators": (itemsize << (plan.index_bits + plan.ring_bits))
        * parts
        * program.trials,
    }


def built_layout(engine: CpuEngine) -> dict[str, Any]:
    """The layout of a running engine, with what it takes in bytes.

    Returns
    -------
    dict
        Delivery scheme, channels with their synapses, bytes of each part, expected cost, and
        seconds of building. All sizes are read off arrays, so that it costs next to nothing.
    """
    logs = [log.log for log in engine.logs]
    channels = [*_built_channels(engine), *engine.plastic.describe()]
    return {
        **_choices(engine.plan, engine.by_trial),
        "channels": channels,
        "threads": engine.threads,
        "synapses": sum(c["synapses"] for c in channels),
        "bytes_synapses": sum(t.narrow.nbytes + t.wide.nbytes for t in engine.tables)
        + sum(c["bytes"] for c in engine.plastic.describe()),
        "bytes_rows": sum(t.rows.nbytes for t in engine.tables),
        "bytes_states": sum(a.nbytes for a in (*engine.values, *engine.counters)),
        "bytes_accumulators": sum(w.acc.nbytes for ws in engine.workers for w in ws),
        "bytes_queues": sum(w.queue_bytes for ws in engine.workers for w in ws),
        "bytes_logs": sum(a.nbytes for log in logs for a in (log.ids, log.values, log.starts)),
        "compile_time_s": engine.compile_time,
        "build_time_s": engine.build_time,
    }


def _choices(plan: Plan, by_trial: bool) -> dict[str, Any]:
    return {
        "delivery": QUEUES if plan.queued else DELIVERY,
        **({} if plan.queued else {"delays_in_a_bucket": 2**plan.width_bits}),
        "partitions": len(plan.parts),
        "parallel over": "trials" if by_trial else "neurons",
        "expected_ns_per_event": float(plan.cost),
    }


def _built_channels(engine: CpuEngine) -> list[dict[str, Any]]:
    facts = engine.tables[0].channels
    starts = [int(row) for row in facts[:, FIRST_ROW]]
    made = []
    for c, (channel, first) in enumerate(zip(engine.plan.channels, starts)):
        end = starts[c + 1] if c + 1 < len(starts) else len(engine.tables[0].rows)
        held = [t.rows[first:end] for t in engine.tables]
        synapses: float = sum(int(rows[-1] - rows[0]) for rows in held)
        if channel.procedural:
            synapses = sum(engine.program.edges[j].expected_edges for j in channel.edges)
        groups, row_bytes = int(facts[c, GROUPS]), sum(rows.nbytes for rows in held)
        made.append(_channel(engine.program, channel, groups, synapses, row_bytes))
    return made


def _channel(
    program: Program, channel: Channel, groups: int, synapses: float, row_bytes: int
) -> dict[str, Any]:
    each = 4 if channel.narrow else 2 * np.dtype(program.accumulator).itemsize
    if channel.procedural:
        each = 0
    return {
        "source": program.populations[channel.pre].name,
        "scheme": channel.scheme,
        "groups_of_delays": groups,
        "synapses": synapses,
        "bytes": round(each * synapses),
        "bytes_rows": row_bytes,
    }
