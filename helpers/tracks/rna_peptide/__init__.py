"""Do this RNA and this peptide bind? From files of pairs to an interaction map."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    [
        "data",
        "figures",
        "forest",
        "negatives",
        "network",
        "pairwise",
        "predict",
        "predictors",
        "served",
        "simulate",
    ],
)
