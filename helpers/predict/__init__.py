"""Predictions over a user's own files, one module a track: a row out for each row in."""
