"""Fit a model on a training part, choosing the epoch on a validation part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import keras
import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from helpers.training.batches import Batches, Chains

Inputs: TypeAlias = Chains | np.ndarray | Sequence[Chains] | Sequence[np.ndarray] | keras.utils.PyDataset


class FitResult(NamedTuple):
    """What `fit` gives back.

    Attributes
    ----------
    model : keras.Model
        The model with the weights of its best epoch, or of its last (`Schedule.last`).
    history : pandas.DataFrame
        One row an epoch: ``epoch``, and each metric on the training and validation part.
    best_epoch : int
        Epoch (1 is the first) whose weights were kept.
    """

    model: keras.Model
    history: pd.DataFrame
    best_epoch: int


_BETTER = {
    "min": ("loss", "error", "mae", "mse", "rmse", "brier"),
    "max": (
        "accuracy",
        "auc",
        "auroc",
        "auprc",
        "mcc",
        "f1",
        "precision",
        "recall",
        "pearson",
        "spearman",
        "r2",
    ),
}
"""Whether a metric is better when it is small or large, by the last word of its name."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long and by what `fit` trains.

    Attributes
    ----------
    epochs : int
        Most epochs.
    batch_size : int
        Rows a batch.
    patience : int
        Epochs without a better `monitor` after which training ends.
    seed : int
        Seed of shuffling and dropout. The weights were drawn when the model was built: call
        ``keras.utils.set_random_seed`` before that for a run that can be repeated.
    monitor : str
        Metric that chooses the epoch; its last word says whether small or large is better.
    last : bool
        Train for all epochs and keep the last one, whatever `monitor` says. For a control: of
        shuffled labels the best validated epoch is often the first, a network that has hardly begun.
    callbacks : sequence of keras.callbacks.Callback
        Further callbacks, such as one that reports to a search.
    """

    epochs: int = 50
    batch_size: int = 64
    patience: int = 5
    seed: int = 0
    monitor: str = "val_loss"
    last: bool = False
    callbacks: Sequence[keras.callbacks.Callback] = ()

    @property
    def mode(self) -> str:
        """Whether `monitor` is better when small ("min") or large ("max")."""
        word = self.monitor.rsplit("_", 1)[-1].lower()
        for mode, words in _BETTER.items():
            if word in words:
                return mode
        known = ", ".join(word for words in _BETTER.values() for word in words)
        raise ValueError(
            f"fit: monitor is {self.monitor!r}, and its last word does not say whether small or large is "
            f"better; expected a name that ends in one of {known}"
        )


def fit(
    model: keras.Model,
    inputs: Inputs,
    y: np.ndarray | None,
    *,
    valid: tuple[Inputs, np.ndarray],
    weight: np.ndarray | None = None,
    schedule: Schedule = Schedule(),
    verbosity: int = 1,
) -> FitResult:
    """Train a compiled model and keep the weights of the epoch that validated best (or the last).

    There is no argument for a test set: nothing that is chosen here may depend on one.

    Parameters
    ----------
    model : keras.Model
        Compiled model; trained in place.
    inputs : Chains, array, or list of them
        One for each input of the model; `Chains` of any length are batched by length. A
        `keras.utils.PyDataset`, whose batches hold labels and weights, is taken as it is.
    y : numpy.ndarray, shape=(n,) or (n, outputs), or None
        Labels of the training part; None with a `PyDataset`.
    valid : tuple of (inputs, y)
        The validation part, in the same form.
    weight : numpy.ndarray, shape=(n,), optional
        Weight of each row of the training part in the loss.
    schedule : Schedule
        Epochs, batch size, patience, seed, what chooses the epoch.
    verbosity : int
        0 shows nothing, 1 one progress bar.

    Raises
    ------
    ValueError
        If a part is empty, rows do not match, or `monitor` is not among the metrics.

    Examples
    --------
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, "sigmoid")])
    >>> model.compile("adam", "binary_crossentropy")
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0]] * 8, dtype="float32")
    >>> result = fit(model, X, X[:, 0], valid=(X, X[:, 0]), schedule=Schedule(epochs=2), verbosity=0)
    >>> result.history.columns.tolist(), result.best_epoch
    (['epoch', 'loss', 'val_loss'], 2)
    """
    _check(inputs, y, weight, "training")
    _check(valid[0], valid[1], None, "validation")
    monitor, mode, size = schedule.monitor, schedule.mode, schedule.batch_size
    keras.utils.set_random_seed(schedule.seed)
    stopping = keras.callbacks.EarlyStopping(
        monitor=monitor, mode=mode, patience=schedule.patience, restore_best_weights=True
    )
    chosen = [] if schedule.last else [stopping]
    progress = _Progress(schedule.epochs, monitor, shown=verbosity > 0)
    x_train, y_train = _feed(inputs, y, size, schedule.seed, weight)
    x_valid, y_valid = _feed(valid[0], valid[1], 4 * size, None)
    fitted = model.fit(
        x_train,
        y_train,
        validation_data=x_valid if y_valid is None else (x_valid, y_valid),
        epochs=schedule.epochs,
        batch_size=None if y_train is None else size,
        sample_weight=None if y_train is None else weight,
        callbacks=[progress, *chosen, *schedule.callbacks],
        verbose=0,
    )
    history = pd.DataFrame(fitted.history)
    history.insert(0, "epoch", np.arange(1, len(history) + 1))
    best = history[monitor].idxmin() if mode == "min" else history[monitor].idxmax()
    return FitResult(model, history, len(history) if schedule.last else int(history["epoch"][best]))


def predict(model: keras.Model, inputs: Inputs, *, batch_size: int = 256) -> Any:
    """Outputs of a model, in the order of the rows, whatever the lengths of their chains.

    Parameters
    ----------
    model : keras.Model
        Model with one output, or several (then a list is given back); outputs whose shape depends
        on the length of the chains cannot be joined: ask for those a few rows at a time.
    inputs : Chains, array, or list of them
        As in `fit`.
    batch_size : int
        Rows a batch.

    Returns
    -------
    numpy.ndarray, shape=(n, ...), dtype=float32, or list of them
        An output of shape (n, 1) is given as (n,).
    """
    x, _ = _feed(inputs, None, batch_size, None)
    if not isinstance(x, Batches):
        return _tidy(model.predict(x, batch_size=batch_size, verbose=0))
    if not x.order.size:
        return np.zeros(0, dtype=np.float32)
    back = np.argsort(x.order)
    found = _tidy(model.predict(x, verbose=0))
    return [part[back] for part in found] if isinstance(found, list) else found[back]


class _Progress(keras.callbacks.Callback):
    """One bar for the whole training; it is left on the page when training has ended."""

    def __init__(self, epochs: int, monitor: str, *, shown: bool) -> None:
        super().__init__()
        self._epochs, self._monitor, self._shown = epochs, monitor, shown

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self._bar = tqdm(total=self._epochs, desc="training", unit="epoch", disable=not self._shown)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        # After one batch, not after a whole training: a misspelt name is told at once.
        if batch == 0 and self._monitor.removeprefix("val_") not in (logs or {}):
            self._bar.close()
            raise ValueError(
                f"fit: monitor is {self._monitor!r}; this model reports {', '.join(logs or {})} (behind "
                "val_ for the validation part). Name one of them, or compile the model with that metric"
            )

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if logs and self._monitor in logs:
            self._bar.set_postfix_str(f"{self._monitor} {logs[self._monitor]:.3f}", refresh=False)
        self._bar.update()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        # A run that stopped early is a finished run: the bar ends full.
        self._bar.total = self._bar.n
        self._bar.close()


def _feed(
    inputs: Inputs, y: np.ndarray | None, batch_size: int, seed: int | None, weight: np.ndarray | None = None
) -> tuple[Any, np.ndarray | None]:
    """Inputs as `keras.Model.fit` takes them: arrays and labels, or a `Batches` holding both."""
    if isinstance(inputs, keras.utils.PyDataset):
        return inputs, None
    if isinstance(inputs, Chains):
        inputs = [inputs]
    if isinstance(inputs, np.ndarray) or not isinstance(inputs[0], Chains):
        arrays = inputs if isinstance(inputs, np.ndarray) else list(inputs)
        return arrays, y
    return Batches(inputs, y, batch_size=batch_size, weight=weight, seed=seed), None  # type: ignore


def _check(inputs: Inputs, y: np.ndarray | None, weight: np.ndarray | None, part: str) -> None:
    if isinstance(inputs, keras.utils.PyDataset):
        if y is not None or weight is not None:
            raise ValueError(
                f"fit: the {part} part is a {type(inputs).__name__}, whose batches hold their labels and "
                "weights; give None in place of further ones"
            )
        return
    if y is None:
        raise ValueError(f"fit: the {part} part has no labels; give one a row")
    columns: list[Any] = [inputs] if isinstance(inputs, np.ndarray | Chains) else list(inputs)
    rows = sorted({len(column) for column in [*columns, y, y if weight is None else weight]})
    if len(rows) > 1:
        raise ValueError(
            f"fit: the {part} part has {' and '.join(map(str, rows))} rows in its inputs, labels and weights"
        )
    if rows[0] == 0:
        raise ValueError(f"fit: the {part} part has no rows; give at least one")


def _tidy(output: Any) -> Any:
    if isinstance(output, list | tuple):
        return [_tidy(one) for one in output]
    output = np.asarray(output)
    return output[:, 0] if output.ndim == 2 and output.shape[1] == 1 else output
