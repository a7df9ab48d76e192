"""Pictures that only sirna_efficacy draws."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ["design", "efficacy"])
