"""How codes of a codebook are used: by whom, how specifically, and on which sequences."""
