"""Which promoters answer to a stress? From promoters and their orthologs to motifs."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    [
        "data", "design", "figures", "grammar", "known", "network", "predict", "predictors", "rivals",
        "search", "simulate", "sources",
    ],
)  # fmt: skip
