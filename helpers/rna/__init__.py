"""Secondary structure of RNA, its cache, and nearest-neighbour energies."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ["cache", "folding", "thermodynamics"])
