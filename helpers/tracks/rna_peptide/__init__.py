"""Do this RNA and this peptide bind? From files of pairs to an interaction map."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    [
        "chunks",
        "data",
        "figures",
        "forest",
        "lists",
        "negatives",
        "network",
        "pairwise",
        "predict",
        "predictors",
        "rivals",
        "served",
        "simulate",
    ],
)
