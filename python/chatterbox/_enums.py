# Made by python/tools/generate_abi.py from include/chatterbox; do not edit.

"""The enums of the C headers."""

from enum import IntEnum


class Status(IntEnum):
    """How a call, or a request, ended."""

    #: ok
    OK = 0
    #: end of stream
    END_OF_STREAM = 1
    #: timeout
    TIMEOUT = 2
    #: invalid argument
    INVALID_ARGUMENT = -1
    #: not found
    NOT_FOUND = -2
    #: input or output error
    IO = -3
    #: bad model file
    BAD_MODEL_FILE = -4
    #: bad audio
    BAD_AUDIO = -5
    #: bad voice
    BAD_VOICE = -6
    #: unsupported
    UNSUPPORTED = -7
    #: out of memory
    OUT_OF_MEMORY = -8
    #: device error
    DEVICE = -9
    #: cancelled
    CANCELLED = -10
    #: busy
    BUSY = -11
    #: no speech
    NO_SPEECH = -12
    #: internal error
    INTERNAL = -13
    #: deadline exceeded
    DEADLINE_EXCEEDED = -14
    #: device lost
    DEVICE_LOST = -15


class LogLevel(IntEnum):
    """The C header's CHATTERBOX_LOG_..."""

    DEBUG = 0
    INFO = 1
    WARNING = 2
    ERROR = 3
    OFF = 4


class Stage(IntEnum):
    """Which stage a request is in."""

    #: before the first report
    QUEUED = 0
    #: T3 reads the text
    PREFILL = 1
    #: T3 draws speech tokens; counts them, out of max_new_tokens
    DECODE = 2
    #: S3Gen makes the mel; counts Euler steps, out of cfm_steps
    FLOW = 3
    #: S3Gen makes the wave
    VOCODER = 4
    #: the last report of a request that succeeded
    DONE = 5


class TensorType(IntEnum):
    """The C header's CHATTERBOX_TENSOR_..."""

    FLOAT32 = 0
    INT64 = 1


class AudioFormat(IntEnum):
    """The C header's CHATTERBOX_FORMAT_..."""

    #: by the file name's extension: .wav, .flac, .ogg, .opus, .mp3
    AUTO = 0
    #: 16-bit PCM
    WAV = 1
    #: 16-bit, lossless
    FLAC = 2
    #: in Ogg
    VORBIS = 3
    #: in Ogg; 8, 12, 16, 24 or 48 kHz
    OPUS = 4
    #: 1 or 2 channels, 8 to 48 kHz
    MP3 = 5


class Precision(IntEnum):
    """The number format in which weights are kept and multiplied. In every one, the softmax and the
    sampling are fp32 on a CPU, and a request has the same bits alone and in any batch. The random
    numbers are the same too, but rounding can change which token is drawn: from there on, the
    speech is another reading of the same text.
    """

    #: equal to the Python package
    FP32 = 1
    #: half the memory; on a CPU fast where it multiplies bfloat16
    BF16 = 2
    #: CPU only: large matrices in 8 bits, with a scale for each output, and their inputs rounded to
    #: 8 bits row by row. Of T3 (t3_precision): the matrices of its layers, and the rest of it in
    #: bf16. Decoding reads a quarter of the memory. Of S3Gen (s3gen_precision): the linear layers
    #: of the flow's transformers, and the rest of it in bf16 if the CPU multiplies bfloat16 faster
    #: than fp32, else in fp32. As `precision` of the engine: INT8 for T3, AUTO for S3Gen
    INT8 = 3
    #: the fastest. On a CPU, INT8 for T3; for S3Gen INT8 with VNNI (but not AMX), BF16 with AMX,
    #: else FP32. On CUDA, BF16
    AUTO = 4


class Mode(IntEnum):
    """How requests share the engine."""

    #: one request at a time
    SEQUENTIAL = 0
    #: starts up to max_batch waiting requests, and no more until all of them are done
    BATCH = 1
    #: requests join and leave the running batch between steps: continuous batching
    DYNAMIC = 2


class Family(IntEnum):
    """The families of models. The library recognises a folder's family by the names of its files.
    """

    ENGLISH = 1
    #: version 2 if the folder has more than one
    MULTILINGUAL = 2
    MULTILINGUAL_V2 = 3
    MULTILINGUAL_V3 = 4
    TURBO = 5
    NANO = 6
    FLASH = 7


class Watermark(IntEnum):
    """Whether speech gets the inaudible Perth watermark, which a WatermarkDetector finds."""

    #: on if its weights are found
    AUTO = 0
    #: the C function chatterbox_engine_create() fails if they are not
    ON = 1
    OFF = 2


class Weights(IntEnum):
    """How the weights are brought into memory."""

    #: the files are mapped and read on first use: loading takes no time, and processes share the
    #: memory; nobody may write to the files while the engine exists
    MAPPED = 0
    #: read by the C function chatterbox_engine_create(); the files may change afterwards
    READ = 1
    #: read, and kept in physical memory (mlock)
    LOCKED = 2


class StreamMode(IntEnum):
    """Whether samples leave a request before its end."""

    NONE = 0
    #: while the speech is still being made, a chunk at a time: the first sound comes after a second
    #: of speech or less. The sound differs a little from that of a request that does not stream,
    #: but is the same at any load and on a machine of any speed
    CHUNKS = 1
    #: a piece of a long text at a time, with the same samples as without a stream; a single text
    #: comes all at once
    PIECES = 2


class Noise(IntEnum):
    """Where the noise comes from that S3Gen turns into speech."""

    #: as in the Python package
    REFERENCE = 0
    #: from the seed and the place in the speech, as streams in chunks need it: a stream of one
    #: chunk has the samples of a request that has this noise and does not stream
    BY_FRAME = 1


class Halo(IntEnum):
    """How much of the speech behind a chunk the vocoder waits for."""

    #: 0.4 s: the wave is as if it were made in one go
    EXACT = 0
    #: 0.16 s: sound comes earlier, and differs a little at joins
    LOW_LATENCY = 1


class Prompt(IntEnum):
    """Where what S3Gen knows of the voice comes from, for a chunk. Frozen takes less than half the
    work, gives an earlier first sound, and differs a little more from speech that does not stream.
    The engine keeps the prompts of the voices that were used last, in prompt_bytes of Limits; a
    voice that needs more is INVALID_ARGUMENT.
    """

    #: the voice's prompt is computed again with each chunk
    RECOMPUTED = 0
    #: once for a voice, and kept
    FROZEN = 1


class FinishReason(IntEnum):
    """The C header's CHATTERBOX_FINISH_..."""

    #: the model ended the speech
    EOS = 0
    #: max_new_tokens was reached: the speech may be cut short
    MAX_TOKENS = 1


class Intervention(IntEnum):
    """What the alignment analyzer did: it suppressed the end of speech because the text was not
    finished, or it ended the speech for one of the other reasons.
    """

    END_SUPPRESSED = 0
    #: T3 stayed at the end of the text
    LONG_TAIL = 1
    #: T3 went back into the finished text
    ALIGNMENT_REPETITION = 2
    #: T3 drew the same token again and again
    TOKEN_REPETITION = 3
