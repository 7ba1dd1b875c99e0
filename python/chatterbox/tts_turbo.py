"""The original package's chatterbox.tts_turbo over this engine: see chatterbox.compat."""

from .compat import ChatterboxTurboTTS, Conditionals

__all__ = ["ChatterboxTurboTTS", "Conditionals"]
