"""Explanations: which positions, and which pairs of positions, a prediction rests on."""
