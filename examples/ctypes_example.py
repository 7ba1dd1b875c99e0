"""Speaks one sentence from Python through the C ABI: python3 ctypes_example.py [MODEL_DIR]

The library is found as libchatterbox.so, or where CHATTERBOX_LIBRARY says.
"""
import ctypes
import os
import sys

lib = ctypes.CDLL(os.environ.get("CHATTERBOX_LIBRARY", "libchatterbox.so"))
lib.chatterbox_last_error.restype = ctypes.c_char_p
lib.chatterbox_result_samples.restype = ctypes.POINTER(ctypes.c_float)
lib.chatterbox_result_sample_count.restype = ctypes.c_uint64
for name in ("samples", "sample_count", "sample_rate", "destroy"):
    getattr(lib, f"chatterbox_result_{name}").argtypes = [ctypes.c_void_p]
lib.chatterbox_engine_destroy.argtypes = [ctypes.c_void_p]
lib.chatterbox_audio_write.argtypes = [
    ctypes.c_char_p, ctypes.POINTER(ctypes.c_float), ctypes.c_uint64, ctypes.c_int32, ctypes.c_int32]


class EngineOptions(ctypes.Structure):  # the beginning of chatterbox_engine_options
    _fields_ = [("struct_size", ctypes.c_uint32), ("precision", ctypes.c_int32),
                ("model", ctypes.c_char_p), ("rest", ctypes.c_uint8 * 40)]


class Request(ctypes.Structure):  # the beginning of chatterbox_request
    _fields_ = [("struct_size", ctypes.c_uint32), ("has_seed", ctypes.c_int32),
                ("seed", ctypes.c_uint64), ("text", ctypes.c_char_p), ("rest", ctypes.c_uint8 * 72)]


def check(status):
    if status != 0:
        sys.exit("error: " + lib.chatterbox_last_error().decode())


options, request = EngineOptions(), Request()
check(lib.chatterbox_engine_options_init(ctypes.byref(options), ctypes.c_size_t(ctypes.sizeof(options))))
check(lib.chatterbox_request_init(ctypes.byref(request), ctypes.c_size_t(ctypes.sizeof(request))))
if len(sys.argv) > 1:
    options.model = sys.argv[1].encode()
request.text, request.has_seed, request.seed = b"Hello from Python.", 1, 1

engine, result = ctypes.c_void_p(), ctypes.c_void_p()
check(lib.chatterbox_engine_create(ctypes.byref(options), ctypes.byref(engine)))
check(lib.chatterbox_engine_generate(engine, ctypes.byref(request), ctypes.byref(result)))
samples, count = lib.chatterbox_result_samples(result), lib.chatterbox_result_sample_count(result)
check(lib.chatterbox_audio_write(b"hello_python.wav", samples, count, 1,
                                 lib.chatterbox_result_sample_rate(result)))
print(f"{count} samples")
lib.chatterbox_result_destroy(result)
lib.chatterbox_engine_destroy(engine)
