"""``spikestack inspect``: what a file holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import FileFormatError
from ..sizes import human_bytes
from .options import Dt, Engine, File, Json, Precision, Trials, check_settings
from .output import console, emit, one_line, stdout_kept_for_json, table
from .running import summary_of
from .sources import kind_of, load_network

if TYPE_CHECKING:
    from ..network import Network

__all__ = ["inspect"]


def inspect(
    file: File,
    on: Engine = "cpu",
    dt: Dt = 0.1,
    threads: Annotated[
        int, typer.Option("--threads", min=1, metavar="N", help="Memory with so many threads.")
    ] = 1,
    precision: Precision = "float32",
    trials: Trials = 1,
    as_json: Json = False,
) -> None:
    """Show what a file holds: a network, a recording, or the state of a simulation.

    For a network also the memory that a run of it will need, how its equations will be integrated
    and how its synapses will be laid out; nothing is built or run. A Python file is executed, as by
    python itself, to see what it defines.
    """
    kind = kind_of(file)
    if kind == "recording":
        _inspect_recording(file, as_json)
    elif kind == "state":
        _inspect_state(file, as_json)
    else:
        check_settings(on, precision)
        with stdout_kept_for_json(as_json):
            network = load_network(file)
        settings = {"dt": dt, "precision": precision, "trials": trials, "engine": on}
        facts = _network_facts(file, network, settings | {"threads": threads})
        emit(facts) if as_json else _show_network(facts)


def _network_facts(file: Path, network: Network, settings: dict[str, Any]) -> dict[str, Any]:
    from .contents import drives_of, memory_of, plan_of, populations_of, probes_of, projections_of

    memory = memory_of(network, settings)
    plan = plan_of(network, settings) if memory["fits"] and network.populations else {}
    integration = {p["name"]: p["integration"] for p in plan.get("populations", ())}
    return {
        "kind": "network",
        "file": str(file),
        "seed": network.seed,
        "fingerprint": network.fingerprint,
        "populations": [
            p | {"integration": integration.get(p["name"])} for p in populations_of(network)
        ],
        "projections": projections_of(network),
        "drives": drives_of(network),
        "probes": probes_of(network),
        "memory": memory,
        "layout": plan.get("layout") or None,
    }


def _show_network(facts: dict[str, Any]) -> None:
    neurons = sum(p["neurons"] for p in facts["populations"])
    synapses = sum(p["synapses"] for p in facts["projections"])
    print(
        f"{one_line(facts['file'])}: a network of {neurons:,} neurons and {synapses:,.0f} synapses"
    )
    print(f"seed {facts['seed']}, fingerprint {facts['fingerprint']}")
    _show_rows(
        ("population", "neurons", "model", "can record"),
        [
            [p["name"], _size(p), p["model"], ", ".join(["spikes", *p["variables"]])]
            for p in facts["populations"]
        ],
    )
    _show_rows(
        ("population", "positions (um)"),
        [[p["name"], p["positions"]] for p in facts["populations"] if p["positions"]],
    )
    _show_rows(
        ("projection", "rule", "synapse", "synapses"),
        [
            [p["name"], p["rule"], p["synapse"], f"{p['synapses']:,.0f}"]
            for p in facts["projections"]
        ],
    )
    _show_rows(
        ("drive", "into", "neurons", "input", "synapse"),
        [[d["name"], d["target"], f"{d['neurons']:,}", d["input"], d["synapse"] or "–"]
         for d in facts["drives"]],
    )  # fmt: skip
    _show_rows(
        ("recorded of", "what", "neurons", "every"),
        [
            [p["target"], p["variable"], f"{p['neurons']:,}", _every(p)]
            for p in facts["probes"]
        ],
    )  # fmt: skip
    _show_integration(facts["populations"])
    if facts["layout"]:
        _show_layout(facts["layout"])
    if not facts["memory"]["fits"]:
        print("integration and layout are left out, as it does not fit into the memory here")
    _show_memory(facts["memory"])


def _size(population: dict[str, Any]) -> str:
    shape = population["shape"]
    by = f" ({' x '.join(map(str, shape))})" if len(shape) > 1 else ""
    return f"{population['neurons']:,}{by}"


def _every(probe: dict[str, Any]) -> str:
    if probe["variable"] == "spikes":
        return "–"
    return "step" if probe["interval_ms"] is None else f"{probe['interval_ms']:g} ms"


def _show_rows(heads: tuple[str, ...], rows: list[list[str]]) -> None:
    if rows:
        console().print(table(heads, rows, right=("neurons", "synapses")))


def _show_integration(populations: list[dict[str, Any]]) -> None:
    rows = []
    for population in populations:
        by_scheme: dict[str, list[str]] = {}
        for variable, scheme in (population["integration"] or {}).items():
            by_scheme.setdefault(scheme, []).append(variable)
        rows += [[population["name"], s, ", ".join(names)] for s, names in by_scheme.items()]
    _show_rows(("integrated in", "how", "variables"), rows)


def _show_layout(layout: dict[str, Any]) -> None:
    heads = ("synapses from", "stored as", "groups of delays", "synapses", "bytes", "of rows")
    rows = [
        [
            channel["source"],
            channel["scheme"],
            f"{channel['groups_of_delays']:,}",
            f"{channel['synapses']:,.0f}",
            human_bytes(channel["bytes"]),
            human_bytes(channel["bytes_rows"]),
        ]
        for channel in layout["channels"]
    ]
    if rows:
        console().print(table(heads, rows, right=heads[2:]))
    page, cost = console(), layout["expected_ns_per_event"]
    bucket = layout.get("delays_in_a_bucket")
    width = "" if bucket is None else f"delays in a bucket: {bucket}, "
    page.print(
        f"delivery: {layout['delivery']}; {width}"
        f"partitions: {layout['partitions']}, parallel over {layout['parallel over']}"
    )
    if rows:
        each = cost * 1e-9 * layout["synapses"]
        page.print(
            f"expected: {cost:.3g} ns for each synaptic event, so {each:.3g} s of CPU time per "
            "simulated second for each Hz of the mean rate"
        )


def _show_memory(memory: dict[str, Any]) -> None:
    parts = ", ".join(f"{name} {human_bytes(size)}" for name, size in memory["parts"].items())
    settings = memory["settings"]
    page = console()
    page.print(
        f"needs about {human_bytes(memory['needed'])} ({parts}), "
        f"{human_bytes(memory['available'])} available",
        style="bold" if memory["fits"] else "bold red",
    )
    page.print(
        f"with engine {settings['engine']}, dt {settings['dt']:g} ms, {settings['precision']}, "
        f"threads {settings['threads']}, trials {settings['trials']}"
    )


def _inspect_recording(file: Path, as_json: bool) -> None:
    from ..recording import Recording

    recording = Recording.load(file)
    if as_json:
        emit({"kind": "recording", "file": str(file), **summary_of(recording)})
        return
    print(f"{one_line(file)}: a recording")
    print(recording)
    print()
    for name in ("fingerprint", "date", "spikestack"):
        if name in recording.provenance:
            print(f"{name}: {one_line(recording.provenance[name])}")
    print()
    print(recording.report())


def _inspect_state(file: Path, as_json: bool) -> None:
    from ..storage import read_archive

    header, arrays = read_archive(file, "state")
    try:
        facts = _state_facts(header, arrays)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise FileFormatError(f"{str(file)!r}: damaged: {error}; save the state again") from error
    if as_json:
        emit({"kind": "state", "file": str(file), **facts})
        return
    print(f"{one_line(file)}: the state of a simulation at {facts['time_ms']:g} ms")
    print(
        f"{facts['populations']} populations, {facts['neurons']:,} neurons, trials "
        f"{facts['trials']}, {facts['spikes_in_flight']:,} spikes in flight"
    )
    print(f"dt {facts['dt']:g} ms, precision {one_line(facts['precision'])}")
    print(f"fingerprint of its network {one_line(facts['fingerprint'])}")


def _state_facts(header: dict[str, Any], arrays: dict[str, Any]) -> dict[str, Any]:
    sizes = [a.shape[2] for name, a in arrays.items() if name.startswith("values_")]
    step, dt = int(header["step"]), float(header["dt"])
    return {
        "time_ms": step * dt,
        "step": step,
        "dt": dt,
        "precision": str(header["precision"]),
        "trials": int(header["trials"]),
        "fingerprint": str(header["fingerprint"]),
        "populations": len(sizes),
        "neurons": int(sum(sizes)),
        "spikes_in_flight": len(arrays["flight_steps"]),
    }
