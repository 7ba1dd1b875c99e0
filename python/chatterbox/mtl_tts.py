"""The original package's chatterbox.mtl_tts over this engine: see chatterbox.compat."""

from .compat import ChatterboxMultilingualTTS, Conditionals

__all__ = ["ChatterboxMultilingualTTS", "Conditionals"]
