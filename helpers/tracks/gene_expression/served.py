"""The model of the table on disk: the network, the machine on known sites, what both learnt from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from helpers.project import paths
from helpers.readers.fasta import read_fasta, write_fasta
from helpers.sequences import encoding
from helpers.sequences.alphabet import DNA
from helpers.splits.known import Known
from helpers.tracks.gene_expression.predictors import Machine, Network
from helpers.tracks.gene_expression.promoters import PromoterTable
from helpers.training.blending import Blend
from helpers.training.saving import Run, check_model, load_run, save_run

NETWORK, TRAINING = "gene_expression_hybrid.keras", "training.npz"
SITES, SEQUENCES = "sites.npz", "training.fasta.gz"
"""The machine on known sites, and the promoters that it compares with."""


class Served:
    """A trained model, ready for other promoters.

    Parameters
    ----------
    run : helpers.training.saving.Run
        The first network and the card of the model.
    known : helpers.splits.known.Known or None
        Promoters of training; without them nothing is said of how a promoter stands to them.
    blend : Blend or None
        Weights of the network and the machine; None is the network alone.
    sites : Mapping or None
        What `Machine.arrays` gave.
    sequences : sequence of str
        Promoters of training, which the machine compares with.
    others : sequence of Run
        Further networks; the mean of all predicts.

    Raises
    ------
    ValueError
        If the card lacks what is needed.
    """

    def __init__(
        self, run: Run, known: Known | None = None, *, blend: Blend | None = None,
        sites: Mapping[str, np.ndarray] | None = None, sequences: Sequence[str] = (),
        others: Sequence[Run] = (),
    ) -> None:  # fmt: skip
        self.run, self.known, self.blend, self.sites = run, known, blend, sites
        self.others, self.sequences = list(others), list(sequences)
        if lacking := [k for k in ("cell_types", "length", "mean", "deviation") if k not in run.card]:
            raise ValueError(
                f"the network's card says nothing of {', '.join(lacking)}; expected the card that "
                "notebook 01_train_hybrid_network writes. Train the network again"
            )
        check_model(NETWORK, run.model, [(self.length, DNA.size)], gives=len(self.cell_types))

    @property
    def cell_types(self) -> list[str]:
        """Names of the cell types, in the order of the predictions."""
        return list(self.run.card["cell_types"])

    @property
    def length(self) -> int:
        """Nucleotides of a promoter."""
        return int(self.run.card["length"])

    def network(self, X: np.ndarray) -> np.ndarray:
        """Values by the networks alone, for one-hot promoters, shape (n, cell types)."""
        mean, deviation = (np.asarray(self.run.card[key]) for key in ("mean", "deviation"))
        found = [run.model.predict(X, batch_size=256, verbose=0) for run in (self.run, *self.others)]
        return np.mean(found, axis=0) * deviation + mean

    def predict(self, sequences: list[str]) -> np.ndarray:
        """Values of clean promoters of the right length, shape (n, cell types)."""
        alone = self.network(encoding.one_hot(sequences, DNA, length=self.length))
        if self.blend is None or self.sites is None:
            return alone
        everything = [*self.sequences, *sequences]
        table = PromoterTable(
            everything, np.full((len(everything), len(self.cell_types)), np.nan), taxon=self.run.card["taxon"]
        )
        machine = Machine(table, what=("words", "matches"))
        machine.restore(self.sites, np.arange(len(self.sequences)))
        found = {"network": alone, "sites": machine.predict(np.arange(len(self.sequences), len(table)))}
        return self.blend.mix(self.blend.stack(found))

    def standing(self, sequences: list[str]) -> pd.DataFrame:
        """How each promoter stands to those of training (`helpers.splits.known.Known.standing`)."""
        if self.known is None:
            return pd.DataFrame("", index=range(len(sequences)), columns=Known.columns)
        return self.known.standing(sequences)


def save(
    folder: str | Path, model: Network | Blend, *, ids: ArrayLike, rows: np.ndarray, card: Mapping[str, Any]
) -> Path:
    """Write a fitted model with all that prediction needs.

    Parameters
    ----------
    folder : str or pathlib.Path
    model : Network or Blend
        Fitted; networks, alone or with a machine on known sites.
    ids : array-like of str
        Of all promoters of the model's table.
    rows : numpy.ndarray of int
        The promoters that it learnt from, training and validation, in the order in which `fit` got them.
    card : mapping
        Further values for the card.
    """
    folder = paths.output_folder(folder)
    network = model.parts["network"] if isinstance(model, Blend) else model
    names = np.asarray(ids)[rows].astype(str).tolist()
    texts = [network.table.sequences[row] for row in rows]
    told = {**network.card(), **card, "taxon": network.table.taxon, "parts": ["network"]}
    if isinstance(model, Blend):
        blend = {"weights": model.weights.tolist(), "intercept": np.asarray(model.intercept).tolist()}
        told |= {"parts": list(model.parts), "blend": blend}
        with paths.atomic_path(folder / SITES) as part:
            np.savez_compressed(part, **model.parts["sites"].arrays(rows))
        write_fasta(folder / SEQUENCES, zip(names, texts, strict=True), width=0)
    Known(names, texts).save(folder / TRAINING)
    for number in range(1, len(network.results)):
        save_run(_member(folder, number), network.results[number].model, network.card(number))
    return save_run(folder / NETWORK, network.model, told)


def load(folder: str | Path) -> Served:
    """Read what `save` wrote.

    Parameters
    ----------
    folder : str or pathlib.Path
        The folder, or the network in it.

    Raises
    ------
    ValueError
        If a file is missing, not whole, or of another model.
    """
    folder = Path(folder)
    folder = folder.parent if folder.suffix == ".keras" else folder
    run = load_run(folder / NETWORK, expect={"alphabet": DNA.letters})
    known = Known.load(folder / TRAINING)
    others = [load_run(_member(folder, number)) for number in range(1, run.card.get("members", 1))]
    if "blend" not in run.card:
        return Served(run, known, others=others)
    try:
        with np.load(folder / SITES, allow_pickle=False) as file:
            sites = dict(file)
        sequences = read_fasta(folder / SEQUENCES, DNA)["sequence"].tolist()
    except (OSError, ValueError, EOFError) as error:
        raise ValueError(
            f"{folder / SITES}: not what notebook 01 writes ({error}); copy the folder again"
        ) from error
    part: Any = SimpleNamespace(settings={}, table=None)
    blend = Blend({"network": part, "sites": part}, way="least_squares")
    blend.weights = np.asarray(run.card["blend"]["weights"])
    blend.intercept = np.asarray(run.card["blend"]["intercept"])
    return Served(run, known, blend=blend, sites=sites, sequences=sequences, others=others)


def _member(folder: Path, number: int) -> Path:
    return folder / f"member_{number + 1}.keras"
