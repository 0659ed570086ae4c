"""From a description and labelled data to a trained network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..errors import ValidationError, shorten
from ..network.network import Network
from ..progress import InterruptGuard
from ..units import magnitude, parse_unit
from .bars import TrainingMeter
from .course import Course
from .fitted import Fitted
from .module import SpikingNetwork
from .plan import Plan
from .scoring import fed_sizes
from .sources import as_source

__all__ = ["fit"]


def fit(
    model: Network | SpikingNetwork,
    train: Any,
    *,
    validate: Any = None,
    loss: Any = "readout",
    epochs: int = 20,
    batch: int = 64,
    optimiser: str | Callable[..., Any] = "adam",
    lr: float = 2e-3,
    weight_decay: float = 0.0,
    schedule: str | None = None,
    clip: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    resume: bool = False,
    patience: int | None = None,
    regularise: Sequence[Callable[..., Any]] = (),
    augment: Sequence[Callable[..., Any]] = (),
    truncate: int | None = None,
    checkpoint: bool = False,
    save_every: float = 60.0,
    check: bool = True,
    progress: bool | None = None,
    device: Any = None,
    on: Any = None,
    **compiling: Any,
) -> Fitted:
    """Train a network on labelled data.

    Parameters
    ----------
    model
        A description, or what `Network.compile` made of one; that is trained in place.
    train
        ``(inputs, labels)``: arrays or tensors (samples, neurons) for the same in all steps, or
        (samples, steps, neurons), or a dict of these by the name of the drive; `Samples`; or a data
        set of (sample, label), its samples (steps, neurons).
    validate
        The same, of samples that are not trained on: the weights that are best on them are kept,
        the last otherwise.
    loss
        A name of `training.losses.LOSSES`, a `Loss`, or a function of `Output` and labels.
    epochs, batch
        Times through the data; samples of a step.
    optimiser
        ``"adam"``, ``"adamw"``, ``"adamax"``, ``"rmsprop"``, ``"sgd"``, ``"momentum"``, or a
        function of parameter groups and ``lr=``.
    lr, weight_decay, schedule
        Learning rate, of delays (in steps) a hundred times as large; decay of weights; ``"cosine"``
        lets the rate fall to 0 at the end.
    clip
        Greatest norm of the gradient.
    steps
        How long still inputs are shown, or into how many equal parts events are cut.
    seed
        Of the order of samples and of `augment`.
    folder
        Where checkpoints go, made if it is not there.
    resume
        Go on with what `folder` holds, or begin where it holds nothing.
    patience
        Stop after so many epochs that were not better on `validate`.
    regularise
        Functions of `Output` that are added to the loss: `at_least`, `at_most`.
    augment
        Functions of inputs and a `numpy.random.Generator`, applied to each batch of `train`:
        `Shift`, `DropInputs`.
    truncate
        End gradients after so many steps (truncated back-propagation).
    checkpoint
        Compute pieces of about the root of all steps twice, so that memory grows with the root of
        the number of steps. Gradients are those of plain back-propagation, to rounding.
    save_every
        Seconds between checkpoints within an epoch.
    check
        Warn of silent and saturated populations before training.
    progress
        Whether to show a bar; by default on a terminal only.
    device
        Where to train, as ``"cuda"``: the module is moved there and stays; by default where it is.
        Batches follow it.
    on
        For a description: the chip that it is meant for, as of `spikestack.chips`. It is asked
        whether it can have the network, and its weights get the chip's bits; see
        `Chip.training_settings`.
    compiling
        For a description: ``dt``, ``train_parameters`` (what `compile` calls ``train``),
        ``surrogate``, ... as of `Network.compile`.

    Returns
    -------
    Fitted
        The module, its history, its scores on `validate`.

    Raises
    ------
    ValidationError
        If an argument cannot be meant, data do not fit the network, or `folder` holds another
        training.
    MissingExtraError
        If Triton is not there for a CUDA device.
    NumericalError
        If the loss is no longer a number.

    Notes
    -----
    Everything random depends on seed, epoch and batch alone, so a training that was killed goes on
    to the same bits, on the same machine with the same number of threads. Ctrl-C ends after the
    batch, saved where there is a folder.
    """
    plan = Plan(loss, epochs, batch, optimiser, lr, weight_decay, schedule, clip, steps, seed,
                patience, _list(regularise), _list(augment), truncate, checkpoint,
                save_every)  # fmt: skip
    module = _module(model, compiling if on is None else _for_chip(on, model, compiling))
    if device is not None:
        module.to(device)
    sizes = fed_sizes(module)
    data = as_source(train, sizes, steps, "fit, train")
    held_out = None if validate is None else as_source(validate, sizes, steps, "fit, validate")
    training = Course(module, plan, data, held_out, None if folder is None else Path(folder))
    training.begin(resume)
    if check and not (training.epoch or training.batch):
        training.check()
    with TrainingMeter(plan.epochs * training.count, progress) as meter, InterruptGuard() as guard:
        training.run(meter, guard)
    return training.fitted()


def _list(given: Any) -> tuple[Any, ...]:
    return (given,) if callable(given) else tuple(given)


def _for_chip(on: Any, model: Any, compiling: dict[str, Any]) -> dict[str, Any]:
    """Settings of compile: what a chip asks for, and what was told."""
    if not callable(getattr(on, "training_settings", None)):
        raise ValidationError("fit, on", f"got {shorten(on)}", "a chip, as sp.chips.Xylo()")
    if not isinstance(model, Network):
        raise ValidationError("fit, on", "a chip, and a compiled network", "a description",
                              "or compile(**chip.training_settings(net))")  # fmt: skip
    dt = float(magnitude(compiling.get("dt", 1.0), parse_unit("ms"), "fit, dt"))
    return {**on.training_settings(model, dt), **compiling}


def _module(model: Any, compiling: dict[str, Any]) -> SpikingNetwork:
    if isinstance(model, Network):
        if "train_parameters" in compiling:
            compiling = {**compiling, "train": compiling["train_parameters"]}
            del compiling["train_parameters"]
        return SpikingNetwork(model, **compiling)
    if not isinstance(model, SpikingNetwork):
        raise ValidationError("fit, model", f"got a {type(model).__name__}",
                              "a Network or what Network.compile gives")  # fmt: skip
    if compiling:
        raise ValidationError("fit", f"got {', '.join(compiling)}, and a compiled network",
                              "settings of compile go with a description")  # fmt: skip
    return model
