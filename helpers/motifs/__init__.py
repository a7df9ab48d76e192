"""Motifs: known ones, where they stand, which of them an explanation shows, and what each adds."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    ["best_matches", "effects", "jaspar", "library", "matching", "patterns", "scanning", "seqlets"],
)
