"""The original package's chatterbox.vc over this engine: see chatterbox.compat."""

from .compat import ChatterboxVC

__all__ = ["ChatterboxVC"]
