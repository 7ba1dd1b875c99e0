#!/usr/bin/env python3
"""Makes the goldens of the English family with the Python reference. See ../README.md.

  make_goldens.py --reference CHECKOUT --tiny FOLDER --full FOLDER [--out DIR] [--only NAME ...] [--compare]

Everything runs on the CPU in fp32. One torch.manual_seed(seed) before T3, as a user of the reference
seeds it; T3, the CFM and the vocoder then draw from the one generator in that order.
"""

import argparse
import json
import os
import pathlib
import sys

from golden_files import compare, compare_cases

TESTS = pathlib.Path(__file__).resolve().parents[2]
VOICE = "espeak_m3.wav"
# Options of generate() as the reference defines them by default.
DEFAULTS = {"temperature": 0.8, "cfg": 0.5, "exaggeration": 0.5, "top_p": 1.0, "min_p": 0.05, "rep": 1.2,
            "max_tokens": 1000, "seed": 0, "text": "Hello there, how are you today?"}
GOLDENS = {
    "en_tiny_default": {},
    "en_tiny_greedy": {"min_p": 1.0, "seed": 1, "max_tokens": 80,
                       "text": "The quick brown fox jumps over the lazy dog."},
    "en_tiny_cfg0.2_hot": {"cfg": 0.2, "temperature": 1.3, "exaggeration": 0.9, "top_p": 0.9, "min_p": 0.02,
                           "rep": 1.5, "seed": 7, "max_tokens": 120,
                           "text": "Numbers like 42 and 1,000 are read; so is this: one more - and more…"},
    "en_tiny_long": {"cfg": 1.0, "rep": 1.0, "temperature": 1.0, "seed": 3, "max_tokens": 300,
                     "text": "A longer text checks positions: it goes on for a while, says several things, "
                             "asks a question or two, doesn't it, and only then it ends. After that, there "
                             "is one more sentence."},
    "en_full_default": {"max_tokens": 40},
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", required=True, help="checkout of resemble-ai/chatterbox")
    parser.add_argument("--tiny", help="checkpoint folder for the en_tiny_* files")
    parser.add_argument("--full", help="checkpoint folder for the en_full_* files")
    parser.add_argument("--out", type=pathlib.Path, default=TESTS / "golden", help="[%(default)s]")
    parser.add_argument("--only", nargs="+", choices=[*GOLDENS, "text_english"], help="[all]")
    parser.add_argument("--compare", action="store_true", help="report differences; write nothing")
    return parser.parse_args()


def run_t3(model, ids, options):
    """Tokens as drawn, and the logits of the first forward passes (both rows, before guidance)."""
    import torch
    from recording import logits_of
    from torch.nn import functional

    text = functional.pad(ids.repeat(2, 1), (1, 0), value=model.t3.hp.start_text_token)
    text = functional.pad(text, (0, 1), value=model.t3.hp.stop_text_token)
    torch.manual_seed(options["seed"])
    with logits_of(model.t3) as logits:
        tokens = model.t3.inference(
            t3_cond=model.conds.t3, text_tokens=text, max_new_tokens=options["max_tokens"],
            temperature=options["temperature"], cfg_weight=options["cfg"], top_p=options["top_p"],
            min_p=options["min_p"], repetition_penalty=options["rep"])[0]
    return tokens, logits


def run_s3gen(model, tokens):
    s3gen, kept = model.s3gen, {}
    hook = s3gen.flow.encoder_proj.register_forward_hook(
        lambda _module, _inputs, output: kept.update(mu=output.clone()))
    mel = s3gen.flow_inference(tokens, ref_dict=model.conds.gen, finalize=True)
    hook.remove()
    f0 = s3gen.mel2wav.f0_predictor(mel)  # draws nothing
    wave, source = s3gen.hift_inference(mel, None)
    wave[:, : len(s3gen.trim_fade)] *= s3gen.trim_fade
    return {"s3gen.speech_tokens": tokens, "s3gen.mu": kept["mu"][0], "s3gen.mel": mel[0], "s3gen.f0": f0[0],
            "s3gen.source": source[0, 0], "s3gen.wav": wave[0]}


def make_golden(model, options):
    import torch
    from chatterbox.models.s3tokenizer import drop_invalid_tokens
    from chatterbox.tts import punc_norm
    from recording import voice_tensors

    with torch.inference_mode():
        model.prepare_conditionals(str(TESTS / "data" / VOICE), exaggeration=options["exaggeration"])
        ids = model.tokenizer.text_to_tokens(punc_norm(options["text"]))
        tokens, logits = run_t3(model, ids, options)
        speech = drop_invalid_tokens(tokens)
        tensors = {**voice_tensors(model.conds), "text.ids": ids[0].long(), "t3.tokens": tokens,
                   **logits,
                   **run_s3gen(model, speech[speech < 6561])}
        return {name: tensor.clone().contiguous() for name, tensor in tensors.items()}


def text_cases(folder, out):
    """Normalisation and ids of the inputs that text_english.json lists."""
    from chatterbox.models.tokenizers import EnTokenizer
    from chatterbox.tts import punc_norm

    tokenizer = EnTokenizer(f"{folder}/tokenizer.json")
    cases = []
    for case in json.loads((out / "text_english.json").read_text(encoding="utf-8")):
        normalized = punc_norm(case["input"])
        cases.append({"input": case["input"], "normalized": normalized,
                      "ids": tokenizer.text_to_tokens(normalized)[0].tolist()})
    return cases


def make_text(folder, arguments):
    path = arguments.out / "text_english.json"
    cases = text_cases(folder, arguments.out)
    if arguments.compare:
        return compare_cases("text_english", cases, json.loads(path.read_text(encoding="utf-8")))
    path.write_text(json.dumps(cases, indent=0, separators=(",", ":")), encoding="utf-8")
    return True


def make_all(size, folder, arguments):
    import reference_models
    import torch
    from safetensors.torch import save_file

    model = reference_models.load_english(folder, size == "tiny")
    equal = True
    for name, changes in GOLDENS.items():
        if not name.startswith(f"en_{size}_") or (arguments.only and name not in arguments.only):
            continue
        options = {**DEFAULTS, **changes}
        tensors = make_golden(model, options)
        path = arguments.out / f"{name}.safetensors"
        if arguments.compare:
            equal &= compare(name, tensors, path)
            continue
        metadata = {key: str(value) for key, value in options.items()}
        metadata.update(voice=VOICE, tiny=str(size == "tiny"), torch=torch.__version__, steps="None")
        save_file(tensors, path, metadata=metadata)
        print(f"{path}: {len(tensors['t3.tokens'])} tokens, {len(tensors['s3gen.wav']) / 24000:.2f} s")
    return equal


def main():
    arguments = parse_arguments()
    if not arguments.tiny and not arguments.full:
        sys.exit("give --tiny, --full, or both")
    os.environ["REFERENCE"] = arguments.reference
    equal = True
    for size in ("tiny", "full"):
        folder = getattr(arguments, size)
        if folder:
            equal &= make_all(size, folder, arguments)
    if not arguments.only or "text_english" in arguments.only:
        equal &= make_text(arguments.tiny or arguments.full, arguments)
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
