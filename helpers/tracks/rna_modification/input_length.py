"""One network for each length of the input, from one code path; the length is a parameter.

    python -m helpers.tracks.rna_modification.input_length windows.csv 501 folder PARAMETERS

where PARAMETERS are those of the notebook, as base64 of YAML (papermill's form), trains one length,
so that a pipeline can run lengths side by side; the notebook reads them back.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from sklearn.metrics import roc_auc_score

from helpers import splits
from helpers.tracks.rna_modification import data as windows
from helpers.tracks.rna_modification import predictors
from helpers.tracks.rna_modification.search import inner_fold
from helpers.training.cross_validation import cross_validate

SETTINGS = ("preset", "epochs", "batch_size", "trees", "seed")
"""What `one_length` has to be told besides the windows and the length."""
PROTOCOLS = {"valid": "validation_windows", "test": "given_test"}
"""Name in the results of the part that is predicted."""


def one_length(
    good: pd.DataFrame, length: int, settings: Mapping[str, Any], *, folder: str | Path, part: str = "valid"
) -> pd.DataFrame:
    """Predictions of the shared network and the baseline that read this much of a window.

    Parameters
    ----------
    good : pandas.DataFrame
        Usable windows.
    length : int
        Length, in nt; odd. No window may be shorter.
    settings : dict
        A value for each of `SETTINGS`.
    folder : str or pathlib.Path
        Folder of the predictions; what is there is read back.
    part : {"valid", "test"}
        Which part of the split is predicted. A length is chosen on the validation windows, by
        networks that choose their epoch on a tenth of the training windows; the test windows are
        for the one that was chosen.

    Returns
    -------
    pandas.DataFrame
        ``row, y, p, model, task, length, protocol`` and ``run``.
    """
    if missing := [name for name in SETTINGS if name not in settings]:
        raise ValueError(f"one_length: the settings lack {', '.join(missing)}; give all of them")
    if part not in PROTOCOLS:
        raise ValueError(f"one_length: part is {part!r}; expected {' or '.join(PROTOCOLS)}")
    shortest = int(good["sequence"].str.len().min())
    if shortest < length:
        raise ValueError(
            f"length is {length} nt, and the shortest window has {shortest}; padding would say something of "
            f"the window. Ask for at most {shortest}, or leave short windows out"
        )
    data = predictors.WindowTable(good, length)
    fold = inner_fold(good["split"], seed=settings["seed"])
    if part == "test":
        fold = splits.given(*(np.flatnonzero(good["split"] == one) for one in windows.SPLITS))
    chosen = {name: settings[name] for name in SETTINGS if name != "trees"}
    make: dict[str, Any] = {"shared": partial(predictors.Network, data, **chosen)}
    if settings["trees"]:
        trees = {"trees": settings["trees"], "seed": settings["seed"], "kinds": ("baseline",)}
        make["baseline"] = partial(predictors.Trees, data, **trees)
    found = cross_validate(make, data.y, [fold], folder=folder, data_key=data.mark, verbosity=0)
    return found.assign(task=data.of[found["row"]], length=length, protocol=PROTOCOLS[part])


def chosen(predictions: pd.DataFrame, *, model: str = "shared") -> int:
    """The length whose mean AUROC over the modifications is highest; of two alike, the shorter.

    Parameters
    ----------
    predictions : pandas.DataFrame
        Of several lengths, from `one_length` on the validation windows.

    Examples
    --------
    >>> p = [0.2, 0.9, 0.3, 0.6, 0.8, 0.1]
    >>> rows = {"length": [21] * 3 + [51] * 3, "task": "Am", "model": "shared", "y": [0, 1, 1] * 2, "p": p}
    >>> chosen(pd.DataFrame(rows))
    21
    """
    own = predictions[predictions["model"] == model]
    areas = {key: float(roc_auc_score(part["y"], part["p"])) for key, part in own.groupby(["length", "task"])}
    mean = pd.Series(areas).groupby(level=0).mean()
    return int(mean.idxmax())


def ascending(lengths: str | Sequence[int], *, longest: int | None = None) -> list[int]:
    """Odd lengths, as numbers or in a text with blanks between them, in ascending order.

    Parameters
    ----------
    lengths : str or sequence of int
    longest : int, optional
        Letters of the shortest window: longer lengths are left out.

    Raises
    ------
    ValueError
        If a length is no odd number, or all are longer than that.

    Examples
    --------
    >>> ascending("501 51"), ascending("501 51", longest=101)
    ([51, 501], [51])
    """
    given = lengths.split() if isinstance(lengths, str) else list(lengths)
    for one in given:
        if not str(one).isdigit() or int(one) % 2 == 0:
            raise ValueError(f"length {one!r}: expected odd numbers with blanks between them")
    asked = sorted({int(one) for one in given})
    found = [one for one in asked if longest is None or one <= longest]
    if not found:
        raise ValueError(
            f"lengths are {', '.join(map(str, asked))} nt, and the shortest window has {longest}; expected "
            f"one that fits into every window. Ask for at most {longest}"
        )
    return found


if __name__ == "__main__":
    source, asked, where, told = sys.argv[1:]
    given = yaml.safe_load(base64.b64decode(told))
    one_length(
        windows.usable(windows.read_table(source)), int(asked), {name: given[name] for name in SETTINGS},
        folder=where,
    )  # fmt: skip
