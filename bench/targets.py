"""What compare_reference.py demands of the library, by precision and by what the CPU has.

Ratios to the reference, which runs in fp32. The lower precisions lean on instructions, so they have a column for
each kind of CPU.
"""

import pathlib

# Stage of one request: the largest ratio of the times.
STAGES_FP32 = {"decode step": 0.42, "prefill": 1.0, "S3Gen": 0.9, "voice preparation": 1.0, "peak RSS": 0.75}
STAGES_FAST = {  # precision auto
    "AMX": {"decode step": 0.18, "- flow": 0.22, "peak RSS": 0.30},
    "AVX512-BF16": {"decode step": 0.18, "- flow": 0.42},
    "AVX2": {"decode step": 0.27, "- flow": 0.75},
}
# Measure of many requests, way to run the library: the least ratio of the speeds.
THROUGHPUT_FP32 = {
    "T3 decode tokens/s": {"sequential": None, "dynamic 8": 5, "dynamic 16": 7},
    "end to end s per s of sound": {"sequential": 1.5, "dynamic 8": 2},
}
THROUGHPUT_FAST = {
    "AMX": {"T3 decode tokens/s": {"dynamic 8": 30},
            "end to end s per s of sound": {"dynamic 8": 8, "dynamic 8, mean flow": 20}},
    "AVX512-BF16": {"T3 decode tokens/s": {"dynamic 8": 18},
                    "end to end s per s of sound": {"dynamic 8": 5, "dynamic 8, mean flow": 14}},
    "AVX2": {"T3 decode tokens/s": {"dynamic 8": 8},
             "end to end s per s of sound": {"dynamic 8": 3, "dynamic 8, mean flow": 7}},
}
# Of Flash, in the lower precisions.
THROUGHPUT_FLASH = {"T3 decode tokens/s": {"dynamic 1": 2}, "end to end s per s of sound": {"dynamic 8": 3}}


def instructions(limit=None):
    """The kind of this CPU, or what it is limited to: a column of the tables above."""
    if limit:
        return limit
    try:
        flags = set(pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        return "AVX2"
    if "amx_bf16" in flags:
        return "AMX"
    return "AVX512-BF16" if "avx512_bf16" in flags else "AVX2"


def stage_target(arguments, precision, stage):
    """Of English; the other families have none."""
    if arguments.family != "english":
        return None
    if precision == "fp32":
        return STAGES_FP32.get(stage)
    return STAGES_FAST[instructions(arguments.limit)].get(stage) if precision == "auto" else None


def throughput_target(arguments, precision, measure, way):
    if arguments.family == "flash" and precision != "fp32":
        return THROUGHPUT_FLASH.get(measure, {}).get(way)
    if arguments.family != "english":
        return None
    if precision == "fp32":
        return THROUGHPUT_FP32.get(measure, {}).get(way)
    if precision != "auto":
        return None
    return THROUGHPUT_FAST[instructions(arguments.limit)].get(measure, {}).get(way)
