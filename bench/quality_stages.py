"""How far each stage's tensors are from fp32, for a checkpoint of any size: the second half of quality.py.

Every way speaks the same text twice: as it is, for the tensors of T3, and with T3 in fp32, for those of S3Gen, which
then has the same tokens to begin with. Runs in the environment that `quality.py --setup` makes.
"""

import numpy as np

import log_mel
from compare_reference import read_tensor
from sides import run_library, say

# Tensors of `chatterbox speak --dump` (tests/golden/README.md); what they are.
FIRST_STAGE = [
    ("t3.logits0", "logits of the prefill"),
    ("t3.logits1", "of the first decode step"),
    ("t3.logits2", "of the second"),
]
SECOND_STAGE = [
    ("s3gen.mu", "encoder"),
    ("s3gen.mel", "mel, after all Euler steps"),
    ("s3gen.f0", "pitch"),
    ("s3gen.source", "the vocoder's excitation"),
    ("s3gen.wav", "wave"),
]
LOG_MEL = ("log_mel", "log-mel distance of the waves, nats")


def relative_error(values, expected):
    """|a - b| / |b| in the norm of all values."""
    return float(np.linalg.norm(values - expected) / np.linalg.norm(expected))


def same_at_first(tokens, expected):
    """How many tokens come before the first that differs."""
    for i, (a, b) in enumerate(zip(tokens, expected)):
        if a != b:
            return i
    return min(len(tokens), len(expected))


def tensors(dumps, name):
    return [np.array(read_tensor(dump, name)) for dump in dumps]


def speak(arguments, options, dump):
    voice = ["--voice", arguments.voice] if arguments.voice else []
    run_library(arguments, "chatterbox", [
        "speak", arguments.text, "--model", arguments.stages, *voice, "--device", arguments.device,
        "--watermark", "off", "--threads", arguments.threads, "--seed", 0, "--max-new-tokens", arguments.tokens,
        *options, "--output", dump.with_suffix(".wav"), "--dump", dump])
    return dump


def first_stage_errors(*dumps):
    """Of a way and the baseline. A step's logits are comparable as long as the tokens before it are the same."""
    tokens, expected = (values.tolist() for values in tensors(dumps, "t3.tokens"))
    same = same_at_first(tokens, expected)
    errors = {name: relative_error(*tensors(dumps, name)) if same >= step else None
              for step, (name, _) in enumerate(FIRST_STAGE)}
    return {**errors, "same_tokens": same, "tokens": len(expected)}


def second_stage_errors(*dumps):
    if not np.array_equal(*tensors(dumps, "s3gen.speech_tokens")):
        return {name: None for name, _ in [*SECOND_STAGE, LOG_MEL]}
    errors = {name: relative_error(*tensors(dumps, name)) for name, _ in SECOND_STAGE}
    return {**errors, LOG_MEL[0]: log_mel.distance(*tensors(dumps, "s3gen.wav"))}


def compare_stages(arguments, ways, folder):
    """{way: {tensor: error}} of all but the baseline."""
    baseline, *others = ways
    say(f"stages: {baseline.name}")
    expected = speak(arguments, baseline.options, folder / "baseline.safetensors")
    errors = {}
    for way in others:
        say(f"stages: {way.name}")
        dump = speak(arguments, way.options, folder / "way.safetensors")
        errors[way.name] = first_stage_errors(dump, expected)
        say(f"stages: {way.name}, T3 in fp32")
        dump = speak(arguments, way.with_equal_tokens(), folder / "way.safetensors")
        errors[way.name].update(second_stage_errors(dump, expected))
    return {"tensors": [*FIRST_STAGE, *SECOND_STAGE, LOG_MEL], "ways": errors}
