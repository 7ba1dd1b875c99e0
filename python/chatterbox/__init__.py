"""Speak text in any voice with the Chatterbox models.

>>> import chatterbox
>>> with chatterbox.Engine() as engine:  # the demo model
...     speech = engine.synthesize("Hello from Python.", seed=1)
...     speech.save("hello.wav")

The engine is a C++ library, and its names, defaults and errors are those of its C and C++
interfaces. Times are in seconds, samples are numpy arrays of float32 in [-1, 1] at 24 kHz. Nothing
is loaded before it is needed, but a missing or wrong libtorch is an ImportError at once.
"""

from ._audio import SAMPLE_RATE, Audio, AudioWriter, decode_audio, encode_audio, read_audio
from ._audio import write_audio
from ._engine import Engine
from ._engine_records import EngineInfo, Limits, Metrics, VoiceInfo
from ._enums import (
    AudioFormat,
    Family,
    FinishReason,
    Halo,
    Intervention,
    LogLevel,
    Mode,
    Noise,
    Precision,
    Prompt,
    Stage,
    Status,
    StreamMode,
    Watermark,
    Weights,
)
from ._errors import (
    Busy,
    Cancelled,
    DeadlineExceeded,
    Error,
    InvalidArgument,
    NotFound,
    OutOfMemory,
)
from ._job import Chunk, Job, wait_any
from ._library import check_installation as _check_installation
from ._model_files import build_info, languages, library_version, quantise_model
from ._request import Request, RequestOptions, StreamOptions
from ._result import Speech
from ._result_records import (
    ChunkStats,
    Heard,
    InterventionSpan,
    Piece,
    Progress,
    Quality,
    ResultStats,
    StreamStats,
    Word,
)
from ._voice import Voice
from ._watermark import WatermarkDetector, detect_watermark

__version__ = "0.2.0"

__all__ = [
    "Audio",
    "AudioFormat",
    "AudioWriter",
    "Busy",
    "Cancelled",
    "Chunk",
    "ChunkStats",
    "DeadlineExceeded",
    "Engine",
    "EngineInfo",
    "Error",
    "Family",
    "FinishReason",
    "Halo",
    "Heard",
    "Intervention",
    "InterventionSpan",
    "InvalidArgument",
    "Job",
    "Limits",
    "LogLevel",
    "Metrics",
    "Mode",
    "Noise",
    "NotFound",
    "OutOfMemory",
    "Piece",
    "Precision",
    "Progress",
    "Prompt",
    "Quality",
    "Request",
    "RequestOptions",
    "ResultStats",
    "SAMPLE_RATE",
    "Speech",
    "Stage",
    "Status",
    "StreamMode",
    "StreamOptions",
    "StreamStats",
    "Voice",
    "VoiceInfo",
    "Watermark",
    "WatermarkDetector",
    "Weights",
    "Word",
    "build_info",
    "decode_audio",
    "detect_watermark",
    "encode_audio",
    "languages",
    "library_version",
    "quantise_model",
    "read_audio",
    "wait_any",
    "write_audio",
]

_check_installation()
