"""What is asked of labels, predictions and groups before a metric is computed.

Every refusal names the place and the value, what was expected and how to mend it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike


def column(values: ArrayLike, name: str) -> np.ndarray:
    """Give numbers in one dimension as float64."""
    array = np.asarray(values)
    if array.ndim != 1 or not array.size:
        raise ValueError(
            f"{name} has shape {array.shape}; expected one dimension with at least one value"
            + (" (call .ravel() on a column of predictions)" if array.ndim > 1 else "")
        )
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} holds a value that is not a number: {error}") from error


def refuse(wrong: np.ndarray, values: np.ndarray, name: str, *, expected: str) -> None:
    """Name the first value that is wrong, and what was expected."""
    if (rows := np.flatnonzero(wrong)).size:
        raise ValueError(f"{name}[{rows[0]}] is {values[rows[0]]:g}; expected {expected}")


def finite(values: np.ndarray, name: str, mend: str) -> None:
    """Refuse numbers that are missing or infinite."""
    refuse(~np.isfinite(values), values, name, expected=f"a finite number. {mend}")


def _pair(y: ArrayLike, p: ArrayLike, name: str) -> tuple[np.ndarray, np.ndarray]:
    values, predicted = column(y, "y"), column(p, name)
    if values.size != predicted.size:
        raise ValueError(
            f"y has {values.size} values, {name} {predicted.size}; expected one prediction for each "
            "item, in the same order"
        )
    return values, predicted


def labelled(y: ArrayLike, p: ArrayLike, name: str = "p") -> tuple[np.ndarray, np.ndarray]:
    """Give labels (0 and 1, both of them) and probabilities as float64."""
    labels, scores = _pair(y, p, name)
    refuse(
        ~np.isin(labels, (0, 1)),
        labels,
        "y",
        expected="0 or 1. Turn labels into them, such as (y > cut).astype(int)",
    )
    finite(scores, name, "Look at the model: a loss that diverged predicts NaN")
    mend = "a probability from 0 to 1. Apply the sigmoid if the model gives logits"
    refuse((scores < 0) | (scores > 1), scores, name, expected=mend)
    if labels.min() == labels.max():
        raise ValueError(
            f"y holds only the class {labels[0]:g} ({labels.size} items); expected both 0 and 1. "
            "Use a stratified split (splits.*_kfold(..., y=y)), or add items of the other class"
        )
    return labels, scores


def measured(
    y: ArrayLike, y_pred: ArrayLike, mask: ArrayLike | None, *, groups: ArrayLike | None, name: str = "y_pred"
) -> tuple[np.ndarray, np.ndarray, ArrayLike | None]:
    """Give measured and predicted values that count as float64, and their groups."""
    values, predicted = _pair(y, y_pred, name)
    if mask is not None:
        kept = np.asarray(mask)
        if kept.dtype != bool or kept.shape != values.shape:
            raise ValueError(
                f"mask has dtype {kept.dtype} and shape {kept.shape}; "
                f"expected bool and {values.shape}, True where the item counts"
            )
        if groups is not None:
            groups = groups_of(groups, values.size)[kept]  # type: ignore[index]
        values, predicted = values[kept], predicted[kept]
    finite(values, "y", "Give mask=np.isfinite(y) to leave items out that were not measured")
    finite(predicted, name, "Look at the model: a loss that diverged predicts NaN")
    if not values.size or values.min() == values.max():
        raise ValueError(
            f"y holds {min(values.size, 1)} distinct value in {values.size} items; "
            "expected at least two. A correlation with a constant is not defined"
        )
    return values, predicted, groups


def groups_of(groups: ArrayLike | None, n: int) -> np.ndarray | None:
    """Give groups as codes of shape (n,), or (n, 2) where items have a group on each of two sides."""
    if groups is None:
        return None
    array = np.asarray(groups)
    if array.shape not in ((n,), (n, 2)):
        raise ValueError(
            f"groups has shape {array.shape}; expected ({n},), a group for each item, or ({n}, 2), one on "
            "each side of a pair"
        )
    if (missing := np.argwhere(pd.isna(array))).size:
        raise ValueError(f"groups[{missing[0, 0]}] is missing; expected a group for each item")
    codes = [pd.factorize(column)[0] for column in array.reshape(n, -1).T]
    return np.column_stack(codes).reshape(array.shape)
