"""One folder a track: its data, its network, its predictors, its sample and its pictures."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, ["gene_expression", "rna_modification", "rna_peptide", "sirna_efficacy", "stress_response"]
)
