# Made by python/tools/generate_abi.py from include/chatterbox; do not edit.

"""The C functions and structs as ctypes sees them."""

import ctypes
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)
from typing import Any

ABI_VERSION = 1
UNSET = -1
FOREVER = -1
METRICS_STATUSES = 32

LogCallback = CFUNCTYPE(None, c_int32, c_uint64, c_char_p, c_void_p)


class Progress(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("stage", c_int32),
        ("tag", c_uint64),
        ("done", c_int64),
        ("total", c_int64),
    ]

ProgressCallback = CFUNCTYPE(c_int32, POINTER(Progress), c_void_p)


class Tensor(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("type", c_int32),
        ("tag", c_uint64),
        ("name", c_char_p),
        ("shape", POINTER(c_int64)),
        ("rank", c_uint64),
        ("data", c_void_p),
    ]

TensorCallback = CFUNCTYPE(c_int32, POINTER(Tensor), c_void_p)


class Word(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("text_begin", c_uint64),
        ("text_end", c_uint64),
        ("begin_seconds", c_double),
        ("end_seconds", c_double),
    ]

AudioCallback = CFUNCTYPE(c_int32, c_uint64, POINTER(c_float), c_uint64, c_void_p)

DoneCallback = CFUNCTYPE(None, c_uint64, c_int32, c_void_p)

BytesCallback = CFUNCTYPE(c_int32, c_void_p, c_uint64, c_void_p)


class File(Structure):
    _fields_ = [
        ("name", c_char_p),
        ("data", c_void_p),
        ("size", c_uint64),
    ]


class EngineOptions(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("family", c_int32),
        ("model", c_char_p),
        ("files", POINTER(File)),
        ("file_count", c_uint64),
        ("s3gen", c_char_p),
        ("device", c_char_p),
        ("precision", c_int32),
        ("t3_precision", c_int32),
        ("s3gen_precision", c_int32),
        ("kv_cache", c_int32),
        ("weights", c_int32),
        ("threads", c_int32),
        ("mode", c_int32),
        ("max_batch", c_int32),
        ("max_streams", c_int32),
        ("max_queue", c_int32),
        ("max_queue_bytes", c_int64),
        ("memory_limit", c_int64),
        ("deterministic", c_int32),
        ("watermark", c_int32),
        ("log", LogCallback),
        ("log_user_data", c_void_p),
        ("log_level", c_int32),
        ("reserved", c_int32),
    ]


class EngineInfo(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("sample_rate", c_int32),
        ("family", c_char_p),
        ("model", c_char_p),
        ("device", c_char_p),
        ("precision", c_char_p),
        ("t3_precision", c_char_p),
        ("s3gen_precision", c_char_p),
        ("kv_cache", c_char_p),
        ("t3_kernels", c_char_p),
        ("s3gen_kernels", c_char_p),
        ("threads", c_int32),
        ("has_default_voice", c_int32),
        ("watermark", c_int32),
        ("meanflow", c_int32),
        ("quantised", c_int32),
        ("reserved", c_int32),
        ("parameters", c_int64),
        ("weight_bytes", c_int64),
        ("max_text_tokens", c_int64),
        ("kv_bytes_per_position", c_int64),
        ("load_seconds", c_double),
        ("language_count", c_uint64),
        ("voice_count", c_uint64),
        ("temperature", c_float),
        ("cfg_weight", c_float),
        ("exaggeration", c_float),
        ("min_p", c_float),
        ("top_p", c_float),
        ("repetition_penalty", c_float),
        ("max_new_tokens", c_int32),
        ("cfm_steps", c_int32),
        ("top_k", c_int32),
        ("analyze_alignment", c_int32),
    ]


class Limits(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("max_batch", c_int32),
        ("rows", c_int64),
        ("positions", c_int64),
        ("row_bytes", c_int64),
        ("cache_bytes", c_int64),
        ("batch_frames", c_int64),
        ("prefix_bytes", c_int64),
        ("max_queue", c_int64),
        ("max_queue_bytes", c_int64),
        ("max_text_tokens", c_int64),
        ("prompt_bytes", c_int64),
    ]


class Metrics(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("healthy", c_int32),
        ("running", c_int64),
        ("waiting", c_int64),
        ("waiting_bytes", c_int64),
        ("rows_in_use", c_int64),
        ("peak_rows", c_int64),
        ("prefix_hits", c_int64),
        ("prefix_misses", c_int64),
        ("prefix_positions_saved", c_int64),
        ("speech_tokens", c_int64),
        ("decode_steps", c_int64),
        ("audio_seconds", c_double),
        ("step_seconds", c_double),
        ("seconds_since_step", c_double),
        ("queue_seconds", c_double),
        ("ended", c_int64 * METRICS_STATUSES),
    ]


class Chunk(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("sample_rate", c_int32),
        ("samples", POINTER(c_float)),
        ("count", c_uint64),
        ("first_sample", c_uint64),
        ("first_word", c_uint64),
        ("word_count", c_uint64),
    ]


class Heard(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("samples", c_uint64),
        ("pieces", c_uint64),
        ("text_end", c_uint64),
    ]


class StreamOptions(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("halo", c_int32),
        ("chunks", POINTER(c_int32)),
        ("chunk_count", c_uint64),
        ("left_tokens", c_int32),
        ("right_tokens", c_int32),
        ("slack_tokens", c_int32),
        ("condition_tokens", c_int32),
        ("prompt", c_int32),
        ("reserved", c_int32),
    ]


class Request(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("has_seed", c_int32),
        ("seed", c_uint64),
        ("text", c_char_p),
        ("language", c_char_p),
        ("voice", c_void_p),
        ("temperature", c_float),
        ("cfg_weight", c_float),
        ("exaggeration", c_float),
        ("min_p", c_float),
        ("top_p", c_float),
        ("repetition_penalty", c_float),
        ("max_new_tokens", c_int32),
        ("cfm_steps", c_int32),
        ("cfg_steps", c_int32),
        ("top_k", c_int32),
        ("analyze_alignment", c_int32),
        ("word_times", c_int32),
        ("text_tags", c_int32),
        ("priority", c_int32),
        ("client", c_uint64),
        ("tag", c_uint64),
        ("deadline_ms", c_int64),
        ("wait_ms", c_int64),
        ("stream", c_int32),
        ("noise", c_int32),
        ("stream_options", POINTER(StreamOptions)),
        ("on_progress", ProgressCallback),
        ("on_tensor", TensorCallback),
        ("on_audio", AudioCallback),
        ("on_done", DoneCallback),
        ("user_data", c_void_p),
        ("block_size", c_int32),
        ("block_passes", c_int32),
        ("schedule_shift", c_double),
        ("early_decoding", c_double),
        ("position_noise", c_int32),
        ("prior", c_int32),
        ("fill_before_end", c_int32),
        ("normalise", c_int32),
    ]


class Piece(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("tag", c_uint64),
        ("index", c_uint64),
        ("count", c_uint64),
        ("text_begin", c_uint64),
        ("text_end", c_uint64),
        ("begin_seconds", c_double),
        ("end_seconds", c_double),
    ]

PieceCallback = CFUNCTYPE(c_int32, POINTER(Piece), c_void_p)


class LongTextOptions(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("pause_seconds", c_double),
        ("on_piece", PieceCallback),
    ]


class Conversion(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("has_seed", c_int32),
        ("seed", c_uint64),
        ("samples", POINTER(c_float)),
        ("frames", c_uint64),
        ("channels", c_int32),
        ("sample_rate", c_int32),
        ("voice", c_void_p),
        ("cfm_steps", c_int32),
        ("cfg_steps", c_int32),
        ("priority", c_int32),
        ("reserved", c_int32),
        ("client", c_uint64),
        ("tag", c_uint64),
        ("deadline_ms", c_int64),
        ("wait_ms", c_int64),
        ("stream", c_int32),
        ("noise", c_int32),
        ("stream_options", POINTER(StreamOptions)),
        ("on_progress", ProgressCallback),
        ("on_tensor", TensorCallback),
        ("on_audio", AudioCallback),
        ("on_done", DoneCallback),
        ("user_data", c_void_p),
    ]


class ResultStats(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("finish_reason", c_int32),
        ("seed", c_uint64),
        ("tag", c_uint64),
        ("text_tokens", c_int64),
        ("speech_tokens", c_int64),
        ("decode_steps", c_int64),
        ("samples", c_int64),
        ("queued_seconds", c_double),
        ("text_seconds", c_double),
        ("prefill_seconds", c_double),
        ("decode_seconds", c_double),
        ("flow_seconds", c_double),
        ("vocoder_seconds", c_double),
        ("watermark_seconds", c_double),
        ("total_seconds", c_double),
    ]


class Quality(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("peak", c_float),
        ("clipped_samples", c_int64),
        ("longest_repetition", c_int64),
        ("intervention_count", c_uint64),
        ("text_coverage", c_float),
        ("reserved", c_int32),
    ]


class Intervention(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("kind", c_int32),
        ("first_step", c_int64),
        ("steps", c_int64),
    ]


class StreamStats(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("first_sound_seconds", c_double),
        ("largest_underrun_seconds", c_double),
        ("chunk_count", c_uint64),
    ]


class ChunkStats(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("first_sample", c_uint64),
        ("count", c_uint64),
        ("seconds", c_double),
    ]


class VoiceOptions(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("normalise_loudness", c_int32),
        ("on_tensor", TensorCallback),
        ("user_data", c_void_p),
        ("prompt_seconds", c_double),
    ]


class VoiceInfo(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_int32),
        ("prompt_tokens", c_int64),
        ("s3gen_tokens", c_int64),
        ("mel_frames", c_int64),
    ]


class WatermarkDetectorOptions(Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("threads", c_int32),
        ("weights", c_char_p),
    ]


# The result's type and the parameters' of each function.
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "chatterbox_abi_version": (c_uint32, []),
    "chatterbox_version": (c_char_p, []),
    "chatterbox_build_info": (c_char_p, []),
    "chatterbox_status_string": (c_char_p, [c_int32]),
    "chatterbox_last_error": (c_char_p, []),
    "chatterbox_buffer_data": (c_void_p, [c_void_p]),
    "chatterbox_buffer_size": (c_uint64, [c_void_p]),
    "chatterbox_buffer_destroy": (None, [c_void_p]),
    "chatterbox_audio_read": (c_int32, [c_char_p, POINTER(c_void_p)]),
    "chatterbox_audio_decode": (c_int32, [c_void_p, c_uint64, POINTER(c_void_p)]),
    "chatterbox_audio_samples": (POINTER(c_float), [c_void_p]),
    "chatterbox_audio_frame_count": (c_uint64, [c_void_p]),
    "chatterbox_audio_channels": (c_int32, [c_void_p]),
    "chatterbox_audio_sample_rate": (c_int32, [c_void_p]),
    "chatterbox_audio_destroy": (None, [c_void_p]),
    "chatterbox_audio_write": (c_int32,
        [c_char_p, c_int32, POINTER(c_float), c_uint64, c_int32, c_int32]),
    "chatterbox_audio_encode": (c_int32,
        [c_int32, POINTER(c_float), c_uint64, c_int32, c_int32, POINTER(c_void_p)]),
    "chatterbox_audio_writer_create": (c_int32,
        [c_char_p, c_int32, c_int32, c_int32, POINTER(c_void_p)]),
    "chatterbox_audio_writer_create_for_callback": (c_int32,
        [BytesCallback, c_void_p, c_int32, c_int32, c_int32, POINTER(c_void_p)]),
    "chatterbox_audio_writer_write": (c_int32, [c_void_p, POINTER(c_float), c_uint64]),
    "chatterbox_audio_writer_finish": (c_int32, [c_void_p]),
    "chatterbox_audio_writer_destroy": (None, [c_void_p]),
    "chatterbox_engine_options_init": (c_int32, [POINTER(EngineOptions), c_size_t]),
    "chatterbox_engine_create": (c_int32, [POINTER(EngineOptions), POINTER(c_void_p)]),
    "chatterbox_engine_destroy": (None, [c_void_p]),
    "chatterbox_engine_cancel_all": (None, [c_void_p]),
    "chatterbox_engine_drain": (c_int32, [c_void_p, c_int64]),
    "chatterbox_engine_get_info": (c_int32, [c_void_p, POINTER(EngineInfo), c_size_t]),
    "chatterbox_engine_language": (c_char_p, [c_void_p, c_uint64]),
    "chatterbox_engine_voice_name": (c_char_p, [c_void_p, c_uint64]),
    "chatterbox_engine_count_tokens": (c_int32,
        [c_void_p, c_char_p, c_char_p, c_int32, POINTER(c_int64)]),
    "chatterbox_engine_get_limits": (c_int32, [c_void_p, POINTER(Limits), c_size_t]),
    "chatterbox_engine_get_metrics": (c_int32, [c_void_p, POINTER(Metrics), c_size_t]),
    "chatterbox_quantise_model": (c_int32, [c_char_p, c_int32, c_char_p]),
    "chatterbox_language_count": (c_uint64, []),
    "chatterbox_language_code": (c_char_p, [c_uint64]),
    "chatterbox_language_name": (c_char_p, [c_uint64]),
    "chatterbox_job_wait": (c_int32, [c_void_p, c_int64, POINTER(c_void_p)]),
    "chatterbox_jobs_wait_any": (c_int32,
        [POINTER(c_void_p), c_uint64, c_int64, POINTER(c_uint64)]),
    "chatterbox_job_is_done": (c_int32, [c_void_p]),
    "chatterbox_job_get_error": (c_int32, [c_void_p, POINTER(c_int32), POINTER(c_char_p)]),
    "chatterbox_job_tag": (c_uint64, [c_void_p]),
    "chatterbox_job_feed": (c_int32, [c_void_p, c_char_p]),
    "chatterbox_job_flush": (c_int32, [c_void_p]),
    "chatterbox_job_end": (c_int32, [c_void_p]),
    "chatterbox_chunk_init": (c_int32, [POINTER(Chunk), c_size_t]),
    "chatterbox_job_next": (c_int32, [c_void_p, c_int64, POINTER(Chunk)]),
    "chatterbox_job_get_word": (c_int32, [c_void_p, c_uint64, POINTER(Word), c_size_t]),
    "chatterbox_job_get_heard": (c_int32, [c_void_p, c_uint64, POINTER(Heard), c_size_t]),
    "chatterbox_job_cancel": (None, [c_void_p]),
    "chatterbox_job_destroy": (None, [c_void_p]),
    "chatterbox_stream_options_init": (c_int32, [POINTER(StreamOptions), c_size_t]),
    "chatterbox_request_init": (c_int32, [POINTER(Request), c_size_t]),
    "chatterbox_engine_submit": (c_int32, [c_void_p, POINTER(Request), POINTER(c_void_p)]),
    "chatterbox_engine_generate": (c_int32, [c_void_p, POINTER(Request), POINTER(c_void_p)]),
    "chatterbox_engine_generate_batch": (c_int32,
        [c_void_p, POINTER(POINTER(Request)), c_uint64, POINTER(c_void_p)]),
    "chatterbox_batch_size": (c_uint64, [c_void_p]),
    "chatterbox_batch_get_result": (c_int32, [c_void_p, c_uint64, POINTER(c_void_p)]),
    "chatterbox_batch_destroy": (None, [c_void_p]),
    "chatterbox_long_text_options_init": (c_int32, [POINTER(LongTextOptions), c_size_t]),
    "chatterbox_engine_submit_long": (c_int32,
        [c_void_p, POINTER(Request), POINTER(LongTextOptions), POINTER(c_void_p)]),
    "chatterbox_engine_generate_long": (c_int32,
        [c_void_p, POINTER(Request), POINTER(LongTextOptions), POINTER(c_void_p)]),
    "chatterbox_engine_open_text": (c_int32,
        [c_void_p, POINTER(Request), POINTER(LongTextOptions), POINTER(c_void_p)]),
    "chatterbox_conversion_init": (c_int32, [POINTER(Conversion), c_size_t]),
    "chatterbox_engine_submit_conversion": (c_int32,
        [c_void_p, POINTER(Conversion), POINTER(c_void_p)]),
    "chatterbox_engine_convert_voice": (c_int32,
        [c_void_p, POINTER(Conversion), POINTER(c_void_p)]),
    "chatterbox_result_samples": (POINTER(c_float), [c_void_p]),
    "chatterbox_result_sample_count": (c_uint64, [c_void_p]),
    "chatterbox_result_sample_rate": (c_int32, [c_void_p]),
    "chatterbox_result_get_stats": (c_int32, [c_void_p, POINTER(ResultStats), c_size_t]),
    "chatterbox_result_get_quality": (c_int32, [c_void_p, POINTER(Quality), c_size_t]),
    "chatterbox_result_get_intervention": (c_int32,
        [c_void_p, c_uint64, POINTER(Intervention), c_size_t]),
    "chatterbox_result_piece_count": (c_uint64, [c_void_p]),
    "chatterbox_result_get_piece": (c_int32, [c_void_p, c_uint64, POINTER(Piece), c_size_t]),
    "chatterbox_result_word_count": (c_uint64, [c_void_p]),
    "chatterbox_result_get_word": (c_int32, [c_void_p, c_uint64, POINTER(Word), c_size_t]),
    "chatterbox_result_get_stream_stats": (c_int32, [c_void_p, POINTER(StreamStats), c_size_t]),
    "chatterbox_result_get_chunk": (c_int32, [c_void_p, c_uint64, POINTER(ChunkStats), c_size_t]),
    "chatterbox_result_destroy": (None, [c_void_p]),
    "chatterbox_engine_get_default_voice": (c_int32, [c_void_p, POINTER(c_void_p)]),
    "chatterbox_engine_get_voice": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "chatterbox_voice_options_init": (c_int32, [POINTER(VoiceOptions), c_size_t]),
    "chatterbox_engine_make_voice": (c_int32,
        [c_void_p, POINTER(c_float), c_uint64, c_int32, c_int32, POINTER(VoiceOptions),
        POINTER(c_void_p)]),
    "chatterbox_voice_load": (c_int32, [c_char_p, POINTER(c_void_p)]),
    "chatterbox_voice_load_from_memory": (c_int32, [c_void_p, c_uint64, POINTER(c_void_p)]),
    "chatterbox_voice_save": (c_int32, [c_void_p, c_char_p]),
    "chatterbox_voice_save_to_memory": (c_int32, [c_void_p, POINTER(c_void_p)]),
    "chatterbox_voice_id": (c_char_p, [c_void_p]),
    "chatterbox_voice_get_info": (c_int32, [c_void_p, POINTER(VoiceInfo), c_size_t]),
    "chatterbox_voice_destroy": (None, [c_void_p]),
    "chatterbox_watermark_detector_options_init": (c_int32,
        [POINTER(WatermarkDetectorOptions), c_size_t]),
    "chatterbox_watermark_detector_create": (c_int32,
        [POINTER(WatermarkDetectorOptions), POINTER(c_void_p)]),
    "chatterbox_watermark_detector_detect": (c_int32,
        [c_void_p, POINTER(c_float), c_uint64, c_int32, c_int32, POINTER(c_float)]),
    "chatterbox_watermark_detector_destroy": (None, [c_void_p]),
}


def declare(library: ctypes.CDLL) -> None:
    """Tell ctypes the types of the library's functions."""
    for name, (result, parameters) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = parameters
