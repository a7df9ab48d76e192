"""Training: chains in batches, fitting with early stopping, saved runs, calibration, folds.

The test set is no argument of anything here but `cross_validate`, which asks a predictor for the
probabilities of a fold's test rows once, after it has been fitted.
"""

from helpers.training.batches import Batches, Chains
from helpers.training.calibration import Calibrated, Calibrator
from helpers.training.controls import Shuffled
from helpers.training.ensembles import Ensemble, Member, load_ensemble, save_ensemble
from helpers.training.fitting import FitResult, fit, predict
from helpers.training.folds import Predictor, cross_validate
from helpers.training.saving import load_run, save_run
from helpers.training.stages import balance, fit_in_stages

__all__ = [
    "Batches",
    "Calibrated",
    "Calibrator",
    "Chains",
    "Ensemble",
    "FitResult",
    "Member",
    "Predictor",
    "Shuffled",
    "balance",
    "cross_validate",
    "fit",
    "fit_in_stages",
    "load_ensemble",
    "load_run",
    "predict",
    "save_ensemble",
    "save_run",
]
