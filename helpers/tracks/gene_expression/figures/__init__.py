"""Pictures that only gene_expression draws."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, ["agreement", "alleles", "comparison", "elements"]
)
