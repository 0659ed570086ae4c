"""The network: populations, projections, inputs, probes, a seed. Plain data; nothing runs here."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..devices.crossbar import Crossbar
from ..errors import UnknownNameError, ValidationError, shorten
from ..plasticity.base import PlasticityRule
from ..plasticity.structural import StructuralRule
from ..synapses.base import Synapse, check_receiver
from ..units import magnitude, parse_unit
from .driving import synapse_of
from .inputs import Input
from .learning import Signal, check_plasticity, modulator_of, rules_of
from .links import Drive, Probe, Projection, SynapseProbe, check_edge_values, check_realisation
from .population import Population, View, check_name
from .probing import neuron_probes, synapse_probes
from .rules.base import Rule, check_edge_count

if TYPE_CHECKING:
    from ..connections import Connections
    from ..recording import Recording
    from ..training.module import SpikingNetwork

__all__ = ["Drive", "Network", "Probe", "Projection"]

AnyRule = PlasticityRule | StructuralRule
Plasticity = AnyRule | Sequence[AnyRule] | None


class Network:
    """A network of spiking neurons, described.

    Parameters
    ----------
    seed
        Whole number; everything random derives from it and from the parts' names.

    Examples
    --------
    >>> import spikestack as sp
    >>> net = sp.Network(seed=1)
    >>> exc = net.add(sp.Population("exc", 80, sp.LIF(i_offset=1.0)))
    >>> net.record(exc, "spikes")
    """

    def __init__(self, seed: int = 0) -> None:
        if (
            isinstance(seed, bool)
            or not isinstance(seed, int | np.integer)
            or not 0 <= seed < 2**63
        ):
            raise ValidationError(
                "Network.seed", f"got {shorten(seed)}", "a whole number, 0 to 2**63-1"
            )
        self.seed = int(seed)
        self.populations: dict[str, Population] = {}
        self.projections: dict[str, Projection] = {}
        self.drives: dict[str, Drive] = {}
        self.probes: list[Probe] = []
        self.synapse_probes: list[SynapseProbe] = []
        self.frozen = False

    def add(self, population: Population) -> Population:
        """Add a population and return it.

        Raises
        ------
        ValidationError
            If another population bears its name, or the network is frozen.
        """
        self._check_open("add a population")
        if not isinstance(population, Population):
            raise ValidationError("Network.add", f"got {shorten(population)}", "a Population")
        if population.name in self.populations:
            raise ValidationError(
                "Network.add",
                f"a second population {population.name!r}",
                "one name each",
                "choose another name",
            )
        self.populations[population.name] = population
        return population

    def connect(
        self,
        pre: Population | View,
        post: Population | View,
        rule: Rule,
        synapse: Synapse,
        name: str | None = None,
        *,
        plasticity: Plasticity = None,
        modulator: Population | Signal | None = None,
        modulator_delay: Any = 1.0,
        realised_by: Crossbar | None = None,
    ) -> Projection:
        """Connect two populations or views.

        Parameters
        ----------
        pre, post
            Sources and targets.
        rule
            Which of them are connected.
        synapse
            Receptor, weight and delay.
        name
            Needed where the same two populations are joined a second time: randomness is keyed by
            names, so that the order of building does not matter.
        plasticity
            How weights and synapses change while the network runs, by one rule or several, which
            act in the order given, those of structure last; they do not without one.
        modulator
            Whose spikes modulate the rules, all alike, `modulator_delay` ms (a step or more) after
            they were fired; or a `Signal`. `Simulation.modulate` sets the signal by hand.
        realised_by
            Crossbars of devices that stand behind the weights; they are numbers without.

        Raises
        ------
        ValidationError
            If the parts do not fit each other.
        """
        self._check_open("connect")
        source, target = self._view(pre, "connect, pre"), self._view(post, "connect, post")
        name = name or f"{source.population.name}->{target.population.name}"
        where = f"Projection {check_name(name, 'connect, name')!r}"
        if name in self.projections:
            raise ValidationError(
                where,
                "a second projection of this name is ambiguous",
                "one name each",
                "pass name=",
            )
        for thing, kind in ((rule, Rule), (synapse, Synapse)):
            if not isinstance(thing, kind):
                raise ValidationError(
                    where,
                    f"got {shorten(thing)}",
                    f"a {kind.__name__}",
                    "as in connect(pre, post, AllToAll(), Delta(weight=1.0))",
                )
        rules, structure = rules_of(plasticity, where)
        if rules or structure:
            models = source.population.model, target.population.model
            check_plasticity(rules, structure, *models, synapse, rule, where)
        modulator = modulator_of(modulator, rules, where)
        late = float(magnitude(modulator_delay, parse_unit("ms"), f"{where}.modulator_delay"))
        projection = Projection(
            *(name, source, target, rule, synapse, self.seed, rules, modulator, late, structure),
            realised_by,
        )
        rule.check(source.size, target.size, where)
        projection.ends.check_not_contradictory(where)
        rule.check_ends(projection.ends, where)
        edges = rule.expected_edges(source.size, target.size)
        check_edge_count(edges, where)
        check_receiver(synapse, target.population.model, where)
        check_realisation(projection, where)
        if synapse.continuous:
            check_receiver(synapse, source.population.model, where)
        for value, what in (
            (synapse.weight, "weight"),
            (synapse.delay, "delay"),
            (synapse.dendritic_delay, "dendritic_delay"),
        ):
            check_edge_values(value, projection, edges, f"{where}.{what}")
        synapse.check_sizes(target.population.size, where)
        self.projections[name] = projection
        return projection

    def drive(self, target: Population | View, input: Input, name: str | None = None) -> Drive:
        """Drive a population or view by an input.

        Raises
        ------
        ValidationError
            If the input does not fit the target.
        """
        self._check_open("drive")
        view = self._view(target, "drive, target")
        if not isinstance(input, Input):
            raise ValidationError(
                "Network.drive", f"got {shorten(input)}", "an input such as Poisson"
            )
        name = name or f"{type(input).__name__}->{view.population.name}"
        where = f"Drive {check_name(name, 'drive, name')!r}"
        if name in self.drives:
            raise ValidationError(
                where, "a second drive of this name is ambiguous", "one name each", "pass name="
            )
        input.check(view.size, where)
        synapse = synapse_of(input, view, where) if input.has_events else None
        if not input.has_events and "i_syn" not in view.population.model.names_used():
            raise ValidationError(
                where,
                f"{view.population.model.label} takes no current",
                "a model whose equations use i_syn",
            )
        drive = Drive(name, view, input, synapse)
        self.drives[name] = drive
        return drive

    def record(
        self,
        target: Population | View | Projection,
        *variables: str,
        interval: Any = None,
        synapses: Any = None,
        bins: Any = None,
    ) -> None:
        """Record spikes or state variables, or how a plastic projection changes.

        Parameters
        ----------
        target
            The neurons; or a projection, whose weights, variables and traces are then recorded.
        variables
            ``"spikes"`` and names of state variables; of a receptor: ``"ExponentialCurrent.i"``
            (in a network with several, see ``spikestack inspect``). Of a projection ``"w"``,
            variables and traces of its rules, ``"signal"``.
        interval
            For variables: ms between samples; every step by default, and a second for projections.
        synapses
            Of a projection: which, by their places among `connections`; all by default.
        bins
            Of a projection: ascending edges, to count weights or variables between them instead.

        Raises
        ------
        UnknownNameError
            If there is no such variable.
        """
        if isinstance(target, Projection):
            probe = synapse_probes(self, target, variables, interval, synapses, bins)
            self.synapse_probes += probe
            return
        self.probes += neuron_probes(
            self.probes, self._view(target, "record, target"), variables, interval
        )

    def positions(self, target: str | Population | View) -> np.ndarray:
        """Where neurons are: float64 (n, dims), in um, in the order of the population or view.

        Parameters
        ----------
        target
            A population, its name, or a view.

        Raises
        ------
        ValidationError
            If the population has no positions.
        """
        given = self[target] if isinstance(target, str) else target
        at = self._view(given, "positions").positions(self.seed)
        at.flags.writeable = False
        return at

    def run(self, duration: Any, **settings: Any) -> Recording:
        """Run from the start for `duration` ms; see `spikestack.run.run` for the settings.

        Parameters
        ----------
        duration
            ms.
        settings
            ``on`` ("cpu", "reference" or a chip), ``dt`` (0.1 ms), ``threads``, ``precision``
            ("float32" or "float64"), ``trials``, ``profile``, ``progress``, and ``to``, a folder to
            record to.

        Returns
        -------
        Recording
            What the probes recorded.
        """
        # Bound here rather than imported: a description needs no engine.
        return importlib.import_module("spikestack.run").run(self, duration, **settings)

    def compile(self, engine: str = "torch", dt: Any = 1.0, **settings: Any) -> SpikingNetwork:
        """Make a PyTorch module of it, whose parameters learn by gradient.

        Parameters
        ----------
        engine
            ``"torch"``; it needs ``pip install 'spikestack[train]'``.
        dt
            Step in ms.
        settings
            ``train``, ``surrogate``, ``detach_reset``, ``precision``, ``deterministic``,
            ``weight_bits``, ``state_format``: see `spikestack.training.module.SpikingNetwork`.
        """
        return importlib.import_module("spikestack.training").compiled(self, engine, dt, settings)

    def connections(
        self,
        name: str,
        pre: Any = None,
        post: Any = None,
        *,
        dt: Any = 0.1,
        precision: str = "float32",
    ) -> Connections:
        """The synapses of one projection, as a run with this step and precision would have them.

        For the rest, see `Simulation.connections`. The network is frozen by this, because the
        rounding of weights depends on all of it.
        """
        made = importlib.import_module("spikestack.simulation").connections
        return made(self, name, pre=pre, post=post, dt=dt, precision=precision)

    def save(self, path: str | Path) -> Path:
        """Write the description to one file, whole or not at all; `spikestack.load` reads it."""
        return importlib.import_module("spikestack.network.files").save_network(self, path)

    @property
    def fingerprint(self) -> str:
        """A hash of all that shapes the spikes: 32 hexadecimal digits."""
        return importlib.import_module("spikestack.network.fingerprint").fingerprint(self)

    def __getitem__(self, name: str) -> Population:
        if name not in self.populations:
            raise UnknownNameError("Network", name, self.populations)
        return self.populations[name]

    def __repr__(self) -> str:
        neurons = sum(p.size for p in self.populations.values())
        edges = sum(p.expected_edges for p in self.projections.values())
        return (
            f"<Network of {len(self.populations)} populations, {neurons:,} neurons, "
            f"{len(self.projections)} projections, about {edges:,.0f} synapses, seed {self.seed}>"
        )

    def _check_open(self, action: str) -> None:
        if self.frozen:
            raise ValidationError(
                "Network",
                f"cannot {action}: it has been run and is frozen",
                "a network is built, then run",
                "build a new one",
            )

    def _view(self, target: Any, where: str) -> View:
        view = target.whole if isinstance(target, Population) else target
        if not isinstance(view, View):
            raise ValidationError(where, f"got {shorten(target)}", "a population or a view of one")
        if self.populations.get(view.population.name) is not view.population:
            raise ValidationError(
                where,
                f"population {view.population.name!r} is not in this network",
                "a population that was added",
                "net.add(...) it first",
            )
        return view
