"""Speaks one sentence from Python through the C ABI: python3 ctypes_example.py [MODEL_DIR]

The library is found as libchatterbox.so, or where CHATTERBOX_LIBRARY says.
"""
import ctypes
import os
import sys
from ctypes import POINTER, byref, c_char_p, c_float, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p, sizeof

lib = ctypes.CDLL(os.environ.get("CHATTERBOX_LIBRARY", "libchatterbox.so"))
lib.chatterbox_last_error.restype = c_char_p
lib.chatterbox_result_samples.restype = POINTER(c_float)
lib.chatterbox_result_sample_count.restype = c_uint64
for name in ("samples", "sample_count", "sample_rate", "destroy"):
    getattr(lib, f"chatterbox_result_{name}").argtypes = [c_void_p]
lib.chatterbox_engine_destroy.argtypes = [c_void_p]
lib.chatterbox_audio_write.argtypes = [c_char_p, c_int32, POINTER(c_float), c_uint64, c_int32, c_int32]
FORMAT_AUTO = 0


def fields(names, type_):
    return [(name, type_) for name in names.split()]


class EngineOptions(ctypes.Structure):  # chatterbox_engine_options
    _fields_ = [("struct_size", c_uint32), ("family", c_int32), ("model", c_char_p),
                ("files", c_void_p), ("file_count", c_uint64), ("device", c_char_p),
                *fields("precision weights threads mode max_batch max_queue", c_int32),
                *fields("max_queue_bytes memory_limit", c_int64),
                *fields("deterministic watermark", c_int32),
                *fields("log log_user_data", c_void_p),
                *fields("log_level t3_precision s3gen_precision kv_cache", c_int32)]


class Request(ctypes.Structure):  # chatterbox_request
    _fields_ = [("struct_size", c_uint32), ("has_seed", c_int32), ("seed", c_uint64),
                *fields("text language", c_char_p), ("voice", c_void_p),
                *fields("temperature cfg_weight exaggeration min_p top_p repetition_penalty", c_float),
                *fields("max_new_tokens cfm_steps top_k analyze_alignment text_tags priority", c_int32),
                *fields("client tag", c_uint64), *fields("deadline_ms wait_ms", c_int64),
                *fields("stream reserved", c_int32),
                *fields("on_progress on_tensor on_audio on_done user_data", c_void_p)]


def check(status):
    if status < 0:
        sys.exit("error: " + lib.chatterbox_last_error().decode())


options, request = EngineOptions(), Request()
check(lib.chatterbox_engine_options_init(byref(options), c_size_t(sizeof(options))))
check(lib.chatterbox_request_init(byref(request), c_size_t(sizeof(request))))
if len(sys.argv) > 1:
    options.model = sys.argv[1].encode()
request.text, request.has_seed, request.seed = b"Hello from Python.", 1, 1

engine, result = c_void_p(), c_void_p()
check(lib.chatterbox_engine_create(byref(options), byref(engine)))
check(lib.chatterbox_engine_generate(engine, byref(request), byref(result)))
samples, count = lib.chatterbox_result_samples(result), lib.chatterbox_result_sample_count(result)
check(lib.chatterbox_audio_write(b"hello_python.wav", FORMAT_AUTO, samples, count, 1,
                                 lib.chatterbox_result_sample_rate(result)))
print(f"{count} samples")
lib.chatterbox_result_destroy(result)
lib.chatterbox_engine_destroy(engine)
