"""Pictures that only rna_modification draws."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, ["codes", "mutagenesis", "quantiser", "spectrum"]
)
