"""Files of other people, read line by line with a status for every row."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, ["fasta", "lines", "own", "pickles", "regions", "rows", "structures", "tables"]
)
