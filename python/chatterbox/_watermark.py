"""Finding the Perth watermark."""

from __future__ import annotations

import ctypes
import functools
import os
from typing import TYPE_CHECKING

from . import _abi
from ._audio import Source
from ._library import check, initialised, library, make_handle, put, to_text

if TYPE_CHECKING:
    from ._audio import AudioLike


class WatermarkDetector:
    """The watermark's weights, loaded once; any thread may use it.

    Parameters
    ----------
    threads : int
        CPU threads for computation, 1 to 1024.
    weights : str or path, optional
        A file; unset: what is installed with the library, or CHATTERBOX_WATERMARK names.

    Raises
    ------
    NotFound
        The weights are not installed.
    """

    def __init__(
        self, threads: int = 1, weights: str | os.PathLike[str] | None = None
    ) -> None:
        options = initialised(
            _abi.WatermarkDetectorOptions, "chatterbox_watermark_detector_options_init"
        )
        put(options, threads=threads)
        if weights is not None:
            options.weights = to_text("weights", weights)
        self._handle = make_handle(
            "chatterbox_watermark_detector_destroy",
            lambda out: library().chatterbox_watermark_detector_create(
                ctypes.byref(options), out
            ),
        )

    def detect(self, audio: AudioLike, sample_rate: int | None = None) -> float:
        """Return how sure it is that the audio is marked, 0 to 1: above 0.5 it is.

        Parameters
        ----------
        audio : AudioLike
            0.1 s to 10 minutes, shape (frames,) or (frames, channels).
        sample_rate : int, optional
            Hz; needed with an array.
        """
        source = Source(audio, sample_rate)
        confidence = ctypes.c_float()
        check(
            library().chatterbox_watermark_detector_detect(
                self._handle.value,
                source.pointer,
                source.frames,
                source.channels,
                source.sample_rate,
                ctypes.byref(confidence),
            )
        )
        return confidence.value


@functools.lru_cache(maxsize=1)
def _installed_detector() -> WatermarkDetector:
    return WatermarkDetector()


def detect_watermark(audio: AudioLike, sample_rate: int | None = None) -> float:
    """Return how sure the Perth detector is that the audio is marked: see WatermarkDetector."""
    return _installed_detector().detect(audio, sample_rate)
