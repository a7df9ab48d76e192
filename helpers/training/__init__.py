"""Fitting with early stopping, cross-validation, calibration, saved runs, searches."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    ["augmentation", "search"],
    {
        "batches": ["Batches", "Chains"],
        "calibration": ["Calibrated", "Calibrator"],
        "controls": ["Shuffled"],
        "ensembles": ["Ensemble", "Member", "load_ensemble", "save_ensemble"],
        "fitting": ["FitResult", "fit", "predict"],
        "cross_validation": ["Predictor", "cross_validate"],
        "saving": ["load_run", "save_run"],
    },
)
