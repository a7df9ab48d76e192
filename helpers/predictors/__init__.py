"""The models of each track's comparison, one module a track; a fold's labels come from training."""
