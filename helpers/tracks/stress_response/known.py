"""The promoters that the networks were trained on, by gene."""

from __future__ import annotations

from typing import ClassVar

from helpers.splits import known
from helpers.splits.known import either_strand as either_strand

COLUMNS = ["training", "training_gene", "shared"]


class Known(known.Known):
    """As `helpers.splits.known.Known`; what stands nearest is a gene."""

    columns: ClassVar[list[str]] = COLUMNS
