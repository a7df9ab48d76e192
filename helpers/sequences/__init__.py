"""Alphabets, and what a sequence is turned into: codes, one-hot rows, words, homology groups."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    ["alphabet", "composition", "encoding", "homology", "pairs", "shuffling"],
    {"alphabet": ["DNA", "RNA", "PEPTIDE", "Alphabet"]},
)
