"""A simulation: a circuit with its inputs, what to record, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import ValidationError, shorten
from ...network.network import Network
from ...recording import Recording
from .circuit import Circuit, circuit_of
from .config import Config
from .inputs import add_inputs
from .problems import Problems
from .tables import number_of

__all__ = ["Report", "SonataSimulation", "read_simulation", "simulation_of", "state_of"]

_READ = {
    *("manifest", "network", "networks", "components", "run", "inputs", "reports", "output"),
    *("node_sets_file", "conditions", "target_simulator"),
}
_RUN = {"tstart", "tstop", "dt", "random_seed", "duration"}
_SOMA = ("soma", "multimeter_report", "")
RULE = (
    "inputs of spikes in HDF5 and currents by amp, delay and duration; reports of states of the "
    "soma"
)


@dataclass(frozen=True)
class Report:
    """What is to be written of one variable.

    Attributes
    ----------
    name
        Of the report; its file is ``NAME.h5`` unless `file` says otherwise.
    cells
        The node set.
    variable
        The state, as it is called here.
    start, stop
        From when to when, in ms; the end is left out.
    dt
        Between samples, in ms.
    file
        The name of its file.
    """

    name: str
    cells: str
    variable: str
    start: float
    stop: float
    dt: float
    file: str


@dataclass(frozen=True, eq=False)
class SonataSimulation:
    """A simulation as a file describes it.

    Attributes
    ----------
    circuit : Circuit
        The circuit, with who is who.
    network : Network
        The circuit's network, with inputs, and probes for the reports and the spikes.
    start, stop, dt
        In ms. The network runs from 0 for ``stop - start``.
    reports
        What is to be recorded besides spikes.
    spikes_file
        The name of the file of spikes.
    conditions
        As the file says (``v_init``, ``celsius``); they play no part.
    notes
        What was taken for granted, and what plays no part here.
    """

    circuit: Circuit
    start: float
    stop: float
    dt: float
    reports: tuple[Report, ...]
    spikes_file: str
    conditions: Mapping[str, Any]
    notes: tuple[str, ...]

    @property
    def network(self) -> Network:
        """The circuit's network."""
        return self.circuit.network

    @property
    def duration(self) -> float:
        """How long it runs, in ms."""
        return self.stop - self.start

    @property
    def seed(self) -> int:
        """Of the network: the file's ``random_seed``."""
        return self.network.seed

    def run(self, **settings: Any) -> Recording:
        """Run it, and return what was recorded; `settings` are those of `Network.run`."""
        return self.network.run(self.duration, **{"dt": self.dt, **settings})

    def write_output(self, recording: Recording, folder: str | Path) -> list[Path]:
        """Write the spikes and the reports, with the node ids and populations of the files.

        Parameters
        ----------
        recording
            What `run` gave.
        folder
            Where to; made if it is not there. Files of the same names are replaced.

        Returns
        -------
        list of pathlib.Path
            The files: the spikes first.
        """
        from .reports import write_reports
        from .spikes import merged, write_trains

        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        spikes = target / self.spikes_file
        write_trains(merged(recording, self.circuit), spikes, offset=self.start)
        return [spikes, *write_reports(self, recording, target)]


def read_simulation(
    path: str | Path,
    *,
    root: str | Path | None = None,
    manifest: Mapping[str, Any] | None = None,
) -> SonataSimulation:
    """Read a simulation with its circuit.

    Parameters
    ----------
    path
        ``simulation_config.json``, or a file that names one and a circuit.
    root
        The folder that all files must lie in; that of `path` by default.
    manifest
        Variables that take the place of those in the files, as ``{"$BASE_DIR": folder}``.

    Raises
    ------
    FileFormatError
        If a file is damaged or not what it should be.
    ValidationError
        If something cannot be described; it names all of it.
    """
    return simulation_of(Config(path, root, manifest), root, manifest)


def simulation_of(
    config: Config, root: str | Path | None, manifest: Mapping[str, Any] | None
) -> SonataSimulation:
    """The simulation of a configuration that was read; see `read_simulation`."""
    root = config.root if root is None else root
    circuit_file = config.data.get("network")
    if isinstance(config.data.get("simulation"), str):
        config = Config(config.file(config.data["simulation"], "simulation"), root, manifest)
        circuit_file = config.data.get("network", circuit_file)
    run = config.section(config.data, "run")
    seed = _number(config, run, "random_seed", 0.0)
    if not 0 <= seed < 2**53 or seed != int(seed):
        raise ValidationError(f"{config.path}, random_seed", f"got {seed:g}", "0 to 2**53 - 1")
    sets = config.data.get("node_sets_file")
    sets_file = None if sets is None else config.file(sets, "node_sets_file")
    inner = config
    if "networks" not in config.data:
        inner = Config(config.file(circuit_file, "network"), root, manifest)
    circuit = circuit_of(inner, int(seed), sets_file)
    notes = list(circuit.notes)
    start, stop, dt = _times(config, run)
    problems = Problems(str(config.path), RULE)
    notes += add_inputs(config, circuit, (start, stop, dt), problems)
    reports = _reports(config, circuit, (start, stop, dt), problems)
    problems.check()
    for name, population in circuit.network.populations.items():
        if circuit.part(name).template is not None:
            circuit.network.record(population, "spikes")
    notes += [f"the section {name!r}" for name in config.data if name not in _READ]
    notes += [f"run.{name}" for name in run if name not in _RUN]
    output = config.section(config.data, "output")
    conditions = config.section(config.data, "conditions")
    notes += [f"conditions.{name}" for name in conditions]
    file = _plain_name(config, output.get("spikes_file", "spikes.h5"), "spikes_file")
    return SonataSimulation(
        circuit, start, stop, dt, tuple(reports), file, conditions, tuple(notes)
    )


def _number(config: Config, section: Mapping[str, Any], name: str, default: float) -> float:
    if section.get(name) is None:
        return default
    return number_of(section[name], f"{config.path}, {name}")


def _plain_name(config: Config, given: Any, what: str) -> str:
    """A file name without a folder."""
    if not isinstance(given, str) or Path(given).name != given or given in ("", ".", ".."):
        config.refuse(f"{what} is {shorten(given)}", "a file name without a folder")
    return given


def _times(config: Config, run: Mapping[str, Any]) -> tuple[float, float, float]:
    start = _number(config, run, "tstart", 0.0)
    stop = _number(config, run, "tstop", np.nan)
    if np.isnan(stop):
        stop = start + _number(config, run, "duration", np.nan)
    dt = _number(config, run, "dt", 0.1)
    if not (np.isfinite(start) and np.isfinite(stop) and stop > start and 0 < dt <= stop - start):
        raise ValidationError(
            f"{config.path}, run",
            f"from {start:g} to {stop:g} ms in steps of {dt:g} ms",
            "tstart < tstop, and 0 < dt",
        )
    return start, stop, dt


def _reports(
    config: Config, circuit: Circuit, times: tuple[float, float, float], to: Problems
) -> list[Report]:
    """The reports asked for; probes for them are added to the network."""
    start, stop, dt = times
    made, probed = [], {}
    for name, given in config.section(config.data, "reports").items():
        if not isinstance(given, dict):
            config.refuse(f"report {name!r} is {shorten(given)}", "an object")
        if given.get("enabled", True) is False:
            continue
        variable, cells = given.get("variable_name"), given.get("cells")
        if str(given.get("sections", "soma")) not in _SOMA:
            to.add(f"report {name!r}: sections {shorten(given['sections'])}")
            continue
        report = Report(
            name,
            str(cells),
            str(variable),
            _number(config, given, "start_time", start),
            _number(config, given, "end_time", stop),
            _number(config, given, "dt", dt),
            _plain_name(
                config, given.get("file_name", f"{name}.h5"), f"report {name!r}, file_name"
            ),
        )
        for view in circuit.views(report.cells):
            state = state_of(circuit, view.population.name, report.variable)
            if state is None:
                to.add(f"report {name!r}: {report.variable!r} of {view.population.name!r}")
                continue
            key = (view.population.name, state)
            ids, every = probed.get(key, (view.ids, report.dt))
            probed[key] = (np.union1d(ids, view.ids), min(every, report.dt))
        made.append(report)
    for (population, state), (ids, every) in probed.items():
        _check_grid(f"report of {state!r} of {population!r}", every, dt, to)
        circuit.network.record(circuit.network[population][ids], state, interval=every)
    return made


def _check_grid(what: str, every: float, dt: float, to: Problems) -> None:
    steps = round(every / dt)
    if steps < 1 or abs(steps * dt - every) > 1e-6 * dt:
        to.add(f"{what}: every {every:g} ms with steps of {dt:g} ms")


def state_of(circuit: Circuit, population: str, variable: str) -> str | None:
    """What a variable is called here; None if there is no such state."""
    template = circuit.part(population).template
    if template is None:
        return None
    for state, theirs in template.variables.items():
        if variable in (theirs, state):
            return state
    return None
