"""Simulated samples, each written with the truth that was planted in it."""
