"""One module a track: raw files to a tidy table, every input row accounted for."""
