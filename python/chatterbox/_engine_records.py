# Made by python/tools/generate_abi.py from include/chatterbox; do not edit.

"""What the library reports."""

from __future__ import annotations

from dataclasses import dataclass

from . import _abi


@dataclass(frozen=True)
class EngineInfo:
    """The C header's chatterbox_engine_info.

    Attributes
    ----------
    sample_rate : int
        of results, Hz
    family : str
        "english", "multilingual", "turbo", "nano" or "flash"
    model : str
        as given to the C function chatterbox_engine_create()
    device : str
        "cpu", "cuda:0"
    precision : str
        as given, or the default: "fp32", "bf16", "int8", "auto"
    t3_precision : str
        what was taken: "fp32", "bf16", "int8"
    s3gen_precision : str
        "fp32", "bf16", "int8"
    kv_cache : str
        "fp32", "bf16"
    t3_kernels : str
        What multiplies T3's matrices in a decode step, and S3Gen's in an Euler step, for reports:
        the number format, then the instruction set of the library's own kernels ("int8
        avx512-vnni", "bf16 amx-bf16", "fp32 avx2", "fp32 portable"), or "libtorch" ("fp32
        libtorch"). S3Gen in int8 names what multiplies the linear layers, then the rest: "int8
        avx512-vnni, bf16 avx512-bf16".
    s3gen_kernels : str
    threads : int
        CPU threads for computation
    has_default_voice : bool
        0 or 1
    watermark : bool
        1: speech is marked, 0: it is not
    meanflow : bool
        1: S3Gen's flow is a mean flow, which takes few Euler steps and no guidance; 0: it is not
    quantised : bool
        1: the folder's T3 is stored in int8, see quantise_model(); 0: it is as published
    parameters : int
        of all models together
    weight_bytes : int
        on the device
    max_text_tokens : int
        of one request, including start and stop
    kv_bytes_per_position : int
        KV cache for one position of one row
    load_seconds : float
    language_count : int
        for the C function chatterbox_engine_language(); 0: the family needs no language
    voice_count : int
        for the C function chatterbox_engine_voice_name()
    temperature : float
        The family's defaults for options that a request leaves unset, as in the Python package. The
        names are those of Request.
    cfg_weight : float
    exaggeration : float
    min_p : float
    top_p : float
    repetition_penalty : float
    max_new_tokens : int
    cfm_steps : int
    top_k : int
    analyze_alignment : bool
    """

    sample_rate: int
    family: str
    model: str
    device: str
    precision: str
    t3_precision: str
    s3gen_precision: str
    kv_cache: str
    t3_kernels: str
    s3gen_kernels: str
    threads: int
    has_default_voice: bool
    watermark: bool
    meanflow: bool
    quantised: bool
    parameters: int
    weight_bytes: int
    max_text_tokens: int
    kv_bytes_per_position: int
    load_seconds: float
    language_count: int
    voice_count: int
    temperature: float
    cfg_weight: float
    exaggeration: float
    min_p: float
    top_p: float
    repetition_penalty: float
    max_new_tokens: int
    cfm_steps: int
    top_k: int
    analyze_alignment: bool

    @classmethod
    def from_c(cls, c: _abi.EngineInfo) -> EngineInfo:
        """Copy the C struct."""
        return cls(
            sample_rate=c.sample_rate,
            family=(c.family or b"").decode(),
            model=(c.model or b"").decode(),
            device=(c.device or b"").decode(),
            precision=(c.precision or b"").decode(),
            t3_precision=(c.t3_precision or b"").decode(),
            s3gen_precision=(c.s3gen_precision or b"").decode(),
            kv_cache=(c.kv_cache or b"").decode(),
            t3_kernels=(c.t3_kernels or b"").decode(),
            s3gen_kernels=(c.s3gen_kernels or b"").decode(),
            threads=c.threads,
            has_default_voice=bool(c.has_default_voice),
            watermark=bool(c.watermark),
            meanflow=bool(c.meanflow),
            quantised=bool(c.quantised),
            parameters=c.parameters,
            weight_bytes=c.weight_bytes,
            max_text_tokens=c.max_text_tokens,
            kv_bytes_per_position=c.kv_bytes_per_position,
            load_seconds=c.load_seconds,
            language_count=c.language_count,
            voice_count=c.voice_count,
            temperature=c.temperature,
            cfg_weight=c.cfg_weight,
            exaggeration=c.exaggeration,
            min_p=c.min_p,
            top_p=c.top_p,
            repetition_penalty=c.repetition_penalty,
            max_new_tokens=c.max_new_tokens,
            cfm_steps=c.cfm_steps,
            top_k=c.top_k,
            analyze_alignment=bool(c.analyze_alignment),
        )


@dataclass(frozen=True)
class Limits:
    """What the options and the memory limit allow; it does not change. A request takes one row of
    the KV cache, or two with guidance (cfg_weight above 0), and in each row a position for every
    token of its conditioning (34), its text and its max_new_tokens. Rows are made for the longest
    request that the model allows. If the memory limit is too small for max_batch such requests,
    rows are shorter, and a request that does not fit is refused.

    Attributes
    ----------
    max_batch : int
        how many requests may draw tokens at a time
    rows : int
    positions : int
        in each row
    row_bytes : int
        of each row with all its positions
    cache_bytes : int
        of all rows; on a CPU a position takes memory only once it is used
    batch_frames : int
        mel frames (50 a second) that S3Gen works on at a time; a request with more is processed
        alone
    prefix_bytes : int
        most bytes that the prefix cache keeps: the positions of a voice, computed once for later
        requests with the same voice and exaggeration
    max_queue : int
    max_queue_bytes : int
    max_text_tokens : int
        of one request, including start and stop
    prompt_bytes : int
        most bytes that frozen prompts take (Prompt.FROZEN)
    """

    max_batch: int
    rows: int
    positions: int
    row_bytes: int
    cache_bytes: int
    batch_frames: int
    prefix_bytes: int
    max_queue: int
    max_queue_bytes: int
    max_text_tokens: int
    prompt_bytes: int

    @classmethod
    def from_c(cls, c: _abi.Limits) -> Limits:
        """Copy the C struct."""
        return cls(
            max_batch=c.max_batch,
            rows=c.rows,
            positions=c.positions,
            row_bytes=c.row_bytes,
            cache_bytes=c.cache_bytes,
            batch_frames=c.batch_frames,
            prefix_bytes=c.prefix_bytes,
            max_queue=c.max_queue,
            max_queue_bytes=c.max_queue_bytes,
            max_text_tokens=c.max_text_tokens,
            prompt_bytes=c.prompt_bytes,
        )


@dataclass(frozen=True)
class Metrics:
    """The engine's present state, and totals since it was created.

    Attributes
    ----------
    healthy : bool
        0: the device was lost or the engine's thread ended, and every request fails; 1: otherwise
    running : int
        requests that have started and are not done
    waiting : int
        requests in the queue
    waiting_bytes : int
        bytes that they hold
    rows_in_use : int
        of the KV cache
    peak_rows : int
        most rows in use at a time so far
    prefix_hits : int
        requests whose voice was in the prefix cache
    prefix_misses : int
        requests that had to compute some of the voice's positions
    prefix_positions_saved : int
        positions found there and not computed
    speech_tokens : int
        drawn so far
    decode_steps : int
        run so far, each for all rows
    audio_seconds : float
        of speech made so far
    step_seconds : float
        moving average for a decode step; 0 before the first
    seconds_since_step : float
        since a unit of work was last finished; 0 if idle. A value that keeps growing means that the
        device hangs
    queue_seconds : float
        estimated time for the waiting and running work; 0 before the first request
    ended : tuple[int, ...]
        requests that ended so far, indexed by the negated status that they ended with; [0]:
        successes
    """

    healthy: bool
    running: int
    waiting: int
    waiting_bytes: int
    rows_in_use: int
    peak_rows: int
    prefix_hits: int
    prefix_misses: int
    prefix_positions_saved: int
    speech_tokens: int
    decode_steps: int
    audio_seconds: float
    step_seconds: float
    seconds_since_step: float
    queue_seconds: float
    ended: tuple[int, ...]

    @classmethod
    def from_c(cls, c: _abi.Metrics) -> Metrics:
        """Copy the C struct."""
        return cls(
            healthy=bool(c.healthy),
            running=c.running,
            waiting=c.waiting,
            waiting_bytes=c.waiting_bytes,
            rows_in_use=c.rows_in_use,
            peak_rows=c.peak_rows,
            prefix_hits=c.prefix_hits,
            prefix_misses=c.prefix_misses,
            prefix_positions_saved=c.prefix_positions_saved,
            speech_tokens=c.speech_tokens,
            decode_steps=c.decode_steps,
            audio_seconds=c.audio_seconds,
            step_seconds=c.step_seconds,
            seconds_since_step=c.seconds_since_step,
            queue_seconds=c.queue_seconds,
            ended=tuple(c.ended),
        )


@dataclass(frozen=True)
class VoiceInfo:
    """The C header's chatterbox_voice_info.

    Attributes
    ----------
    prompt_tokens : int
        speech tokens that condition T3
    s3gen_tokens : int
        speech tokens that S3Gen continues from, 25 a second
    mel_frames : int
        frames of the mel that S3Gen continues from, 50 a second
    """

    prompt_tokens: int
    s3gen_tokens: int
    mel_frames: int

    @classmethod
    def from_c(cls, c: _abi.VoiceInfo) -> VoiceInfo:
        """Copy the C struct."""
        return cls(
            prompt_tokens=c.prompt_tokens,
            s3gen_tokens=c.s3gen_tokens,
            mel_frames=c.mel_frames,
        )
