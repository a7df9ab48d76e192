"""Do this RNA and this peptide bind? From files of pairs to an interaction map."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    [
        "chunks",
        "data",
        "dual_dense",
        "figures",
        "negatives",
        "network",
        "pairwise",
        "predict",
        "predictors",
        "rewiring",
        "simulate",
        "stages",
    ],
)
