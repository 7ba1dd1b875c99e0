"""The original package's chatterbox.tts over this engine: see chatterbox.compat."""

from .compat import ChatterboxTTS, Conditionals

__all__ = ["ChatterboxTTS", "Conditionals"]
