"""Motifs: known ones, where they stand, which of them an explanation shows, and what each adds."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, ["effects", "library", "matching", "patterns", "reading", "scanning"]
)
