"""Sequences to a trained model, to an explanation that can be trusted, to a figure."""

__version__ = "0.4.0"
