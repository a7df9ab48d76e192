"""Motifs: known ones, where they stand, which of them an explanation shows, and what each adds."""
