"""Fitting with early stopping, cross-validation, calibration, saved runs, searches."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    ["augmentation", "ensembles", "search"],
    {
        "blending": ["Blend"],
        "calibration": ["Calibrator"],
        "controls": ["Shuffled"],
        "cross_validation": ["cross_validate"],
        "fitting": ["Schedule", "fit", "predict"],
        "saving": ["load_run", "save_run"],
    },
)
