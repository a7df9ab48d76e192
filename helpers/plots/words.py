"""Words in pictures: names as a reader knows them, and user text that stays verbatim.

Sequence ids come from files and may hold anything. Matplotlib reads ``$...$`` as mathematics and
plotly reads some HTML tags, so every id passes through `plain` or `markup` before it is drawn.
"""

from __future__ import annotations

import html

from helpers.sequences.alphabet import PEPTIDE, Alphabet

PROTOCOLS = {
    "random_5fold": "random 5-fold",
    "random_10fold": "random 10-fold",
    "grouped_5fold": "grouped 5-fold",
    "mrna_disjoint_5fold": "unseen mRNA",
    "chromosome_5fold": "unseen chromosome",
    "unseen_peptide": "unseen peptide",
    "unseen_rna": "unseen RNA",
    "unseen_both": "both unseen",
    "homology_peptide": "new peptide family",
    "homology_rna": "new RNA family",
    "homology_both": "both families new",
    "given_test": "given test set",
    "given_test_audited": "given test set, copies removed",
}
"""Protocol names of results.csv, as a reader knows them."""

METRICS = {
    "f1": "F1", "mcc": "MCC", "auroc": "AUROC", "auprc": "AUPRC", "brier": "Brier score",
    "explanation_auroc": "explanation AUROC",
    "explanation_auroc_decoy": "explanation AUROC, sites against decoys",
    "change_top": "change, most important positions", "change_random": "change, random positions",
    "change_matched": "change, positions of the same letters", "split_half": "correlation of two halves",
    "top_minus_random": "change beyond random positions",
    "top_minus_matched": "change beyond positions of the same letters",
    "pearson": "Pearson r", "spearman": "Spearman ρ", "r2": "R²",
    "mse": "mean squared error", "mae": "mean absolute error", "rmse": "root mean squared error",
}  # fmt: skip
"""Metric names of results.csv whose own words do not say it."""


def protocol(name: str) -> str:
    """Protocol name for an axis; a name that is not in `PROTOCOLS` keeps its own words.

    Examples
    --------
    >>> protocol("unseen_both"), protocol("leave_one_out")
    ('both unseen', 'leave one out')
    """
    return PROTOCOLS.get(name, str(name).replace("_", " "))


def metric(name: str) -> str:
    """Metric name for an axis; a name that is not in `METRICS` keeps its own words.

    Examples
    --------
    >>> metric("auroc"), metric("val_loss")
    ('AUROC', 'val loss')
    """
    return METRICS.get(name, str(name).replace("_", " "))


_MOLECULES = {
    "rna": "RNA", "dna": "DNA", "cnn": "CNN", "rnn": "RNN", "mrna": "mRNA", "sirna": "siRNA",
    "legnet": "MPRALegNet", "dream": "DREAM", "multirm": "MultiRM",
    "oligoformer": "OligoFormer", "attsioff": "AttSiOff", "rpiter": "RPITER", "deepcre": "DeepCRE",
}  # fmt: skip


def model(name: str) -> str:
    """Model name for a legend.

    Examples
    --------
    >>> model("extra_trees"), model("rna_only"), model("dream_rnn")
    ('extra trees', 'RNA only', 'DREAM RNN')
    """
    return " ".join(_MOLECULES.get(word, word) for word in str(name).split("_"))


def column(name: str) -> str:
    """Name of a sequence column for an axis.

    Examples
    --------
    >>> column("rna_seq"), column("protein_seq"), column("pair")
    ('RNA', 'peptide', 'pair')
    """
    stem = str(name).removesuffix("_seq")
    return {**_MOLECULES, "protein": "peptide", "any": "either side"}.get(stem, stem.replace("_", " "))


def label(value: object) -> str:
    """Name of a class: 1 is positive, 0 negative, all else as it is.

    Examples
    --------
    >>> label(1), label("0"), label(1.0), label("all")
    ('positive', 'negative', 'positive', 'all')
    """
    names = {"1": "positive", "0": "negative", "1.0": "positive", "0.0": "negative"}
    return names.get(str(value), str(value))


def shorten(text: str, limit: int = 32) -> str:
    """Cut a text of more than `limit` (3 or more) characters in its middle, where ids differ least.

    Examples
    --------
    >>> shorten("NM_000546.6_tumour_protein_p53", 15)
    'NM_0005…ein_p53'
    """
    if len(text) <= limit:
        return text
    head = limit // 2
    return f"{text[:head]}…{text[len(text) - (limit - 1 - head) :]}"


def _printable(text: str) -> str:
    """Show a control character as its escape: fonts have no picture for it."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def plain(text: object, limit: int = 32) -> str:
    r"""User text for matplotlib: a dollar stays a dollar, a long id is cut in its middle.

    Examples
    --------
    >>> plain("chr1$a$")
    'chr1\\$a\\$'
    >>> plain("two\nlines")
    'two\\nlines'
    """
    return shorten(_printable(str(text)), limit).replace("$", r"\$")


def markup(text: object, limit: int = 48) -> str:
    """User text for plotly, which reads ``<b>``, ``<a>`` and ``<br>`` in titles, ticks and hovers.

    Quotes stay: plotly draws ``&quot;`` as six characters. A ``%{`` is parted by a zero-width
    space, so that a hover template never reads an id as one of its own fields.

    Examples
    --------
    >>> markup("<script>alert(1)</script>")
    '&lt;script&gt;alert(1)&lt;/script&gt;'
    """
    safe = html.escape(shorten(_printable(str(text)), limit), quote=False)
    return safe.replace("%{", "%\u200b{")


def residues(sequence: str) -> list[str]:
    """Letter and 1-based position of each residue: a label that no other position shares.

    Examples
    --------
    >>> residues("GCU")
    ['G1', 'C2', 'U3']
    """
    return [f"{letter}{position}" for position, letter in enumerate(sequence, start=1)]


def unit(alphabet: Alphabet) -> str:
    """Unit of a length in residues: nt, or aa for a peptide."""
    return "aa" if alphabet.name == PEPTIDE.name else "nt"


def position(alphabet: Alphabet) -> str:
    """Name of an axis of positions.

    Examples
    --------
    >>> position(PEPTIDE)
    'peptide position (aa)'
    """
    return f"{alphabet.name} position ({unit(alphabet)})"
