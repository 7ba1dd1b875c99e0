#!/usr/bin/env python3
"""One utterance through the Python reference, stage by stage, in a process of its own; or with --texts
several, one after the other.

Runs in the environment that `compare_reference.py --setup` makes. Writes timings as JSON and the tokens
and the wave as safetensors. Stages are those of the family's generate(), without the watermark. All of
them run once before they are timed, on the same text (with --texts: on the first, for a few tokens), so
that nothing is imported, compiled or chosen for the first time while the clock runs.
"""

import argparse
import json
import os
import resource
import sys
import time
from importlib.metadata import version

from reference_families import load_family


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", help="a checkpoint folder of any family")
    parser.add_argument("--voice", required=True, help="recording to speak as (WAV)")
    text = parser.add_mutually_exclusive_group(required=True)
    text.add_argument("--text")
    text.add_argument("--texts", help="file with a text a line; request i speaks line i, in turn, with seed + i")
    parser.add_argument("--requests", type=int, default=1, help="how many, with --texts")
    parser.add_argument("--language", default="en", help="of Multilingual")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--max-new-tokens", type=int, default=1000)
    parser.add_argument("--reference", help="checkout to run instead of the installed package")
    parser.add_argument("--json", required=True, help="timings are written there")
    parser.add_argument("--dump", help="tokens and wave are written there")
    return parser.parse_args()


class Stopwatch:
    def __init__(self):
        self.seconds = {}

    def run(self, name, function):
        start = time.perf_counter()
        result = function()
        self.seconds[name] = time.perf_counter() - start
        return result


def speech_tokens(family, ids, max_new_tokens, seconds):
    """T3; the first forward divides its time into prefill and decode."""
    forwards = []
    hook = family.head().register_forward_hook(lambda *_: forwards.append(time.perf_counter()))
    start = time.perf_counter()
    drawn = family.draw(ids, max_new_tokens)
    end = time.perf_counter()
    hook.remove()
    seconds["prefill"] = forwards[0] - start
    seconds["decode"] = end - forwards[0]
    return drawn, len(forwards) - 1


def wave_of(model, tokens, watch):
    s3gen = model.s3gen
    mel = watch.run("flow", lambda: s3gen.flow_inference(tokens, ref_dict=model.conds.gen, finalize=True))
    wave, _ = watch.run("vocoder", lambda: s3gen.hift_inference(mel, None))
    wave[:, : len(s3gen.trim_fade)] *= s3gen.trim_fade
    return wave[0]


def resident_mib():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def speak(family, text, seed, max_new_tokens, watch):
    """Tokens and wave; returns the text's ids, the tokens as drawn, the decode steps and the wave."""
    import torch

    torch.manual_seed(seed)
    ids = watch.run("text", lambda: family.ids(text))
    drawn, steps = speech_tokens(family, ids, max_new_tokens, watch.seconds)
    wave = wave_of(family.model, family.spoken(drawn), watch)
    return ids, drawn, steps, wave


def figures(ids, drawn, steps, wave, seconds):
    return {
        "text_tokens": ids.shape[1],
        "speech_tokens": len(drawn),
        "decode_steps": steps,
        "audio_seconds": len(wave) / 24000,
        "timings": seconds,
    }


def dump(path, drawn, wave):
    from safetensors.torch import save_file

    save_file({"t3.tokens": drawn.long().contiguous(), "s3gen.wav": wave.contiguous()}, path)


def speak_one(family, arguments, watch):
    for _ in range(2):  # the second overwrites the first one's times
        watch.run("voice", lambda: family.model.prepare_conditionals(arguments.voice))
        ids, drawn, steps, wave = speak(family, arguments.text, arguments.seed, arguments.max_new_tokens, watch)
    if arguments.dump:
        dump(arguments.dump, drawn, wave)
    return figures(ids, drawn, steps, wave, watch.seconds)


def speak_many(family, arguments):
    warmup_tokens = 10
    with open(arguments.texts, encoding="utf-8") as file:
        texts = file.read().splitlines()
    family.model.prepare_conditionals(arguments.voice)
    speak(family, texts[0], arguments.seed, min(warmup_tokens, arguments.max_new_tokens), Stopwatch())
    requests = []
    start = time.perf_counter()
    for i in range(arguments.requests):
        watch = Stopwatch()
        spoken = speak(family, texts[i % len(texts)], arguments.seed + i, arguments.max_new_tokens, watch)
        requests.append(figures(*spoken, watch.seconds))
    return {"seconds": time.perf_counter() - start, "requests": requests}


def main():
    arguments = parse_arguments()
    if arguments.reference:
        sys.path.insert(0, os.path.join(arguments.reference, "src"))
    import torch

    torch.set_num_threads(arguments.threads)
    watch = Stopwatch()
    family = watch.run("load", lambda: load_family(arguments.checkpoint, arguments.language))
    with torch.inference_mode():
        report = speak_many(family, arguments) if arguments.texts else speak_one(family, arguments, watch)
    report.update({
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rss_mib": resident_mib(),
        "reference": "checkout" if arguments.reference else f"{family.package} {version(family.package)}",
        "torch": torch.__version__,
        "python": sys.version.split()[0],
    })
    with open(arguments.json, "w", encoding="utf-8") as file:
        json.dump(report, file)


if __name__ == "__main__":
    main()
