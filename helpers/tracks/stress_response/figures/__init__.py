"""Pictures that only stress_response draws."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ["attributions", "report", "zoom"])
