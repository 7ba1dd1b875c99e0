#!/usr/bin/env python3
"""Makes the goldens of Turbo, Multilingual and voice conversion with the Python reference. See ../README.md.

  make_family_goldens.py --reference CHECKOUT [--turbo FOLDER] [--multilingual FOLDER] [--out DIR] [--only NAME ...]
                         [--compare]
  make_family_goldens.py --multilingual FOLDER ...   with the installed chatterbox-tts 0.1.7, the last release with
                                                     the alignment analyzer: mtl_tiny_017_* and analyzer_logic

The folders are tiny checkpoints; that of Multilingual has both versions. Everything runs on the CPU in fp32, by the
reference's own generate(): the voice is prepared, which draws no random numbers, then torch.manual_seed(seed).
"""

import argparse
import json
import logging
import os
import pathlib
import sys
import tempfile
import wave

from golden_files import close, compare, compare_cases

TESTS = pathlib.Path(__file__).resolve().parents[2]
VOICE = "espeak_m3.wav"
OFFICIAL_MAX_TOKENS = 1000
# What each file leaves out ("without") is in another file, or would only make it bigger.
FEAT, NOISE, SOURCE = "voice.gen.prompt_feat", "s3gen.z", "s3gen.source"
HEADS = [[2, 1], [1, 0], [0, 1]]  # (layer, head), in place of the official ones, which a tiny model has not
# Options of generate() that are not named are the reference's defaults.
GOLDENS = {
    "turbo_tiny_default": {"kind": "turbo", "seed": 3, "without": [SOURCE],
                           "text": "Hi there, this is a small test [laugh] of the turbo model."},
    "turbo_tiny_short": {"kind": "turbo", "seed": 6, "without": [FEAT],
                         "text": "Oh, that is funny [chuckle] — tell me more: what happened next?"},
    "turbo_tiny_greedy": {"kind": "turbo", "seed": 1, "top_k": 1, "max_tokens": 40, "without": [FEAT, SOURCE],
                          "text": "Greedy decoding of a short sentence."},
    "turbo_tiny_plain": {"kind": "turbo", "seed": 2, "temperature": 1.0, "top_k": 0, "top_p": 1.0, "rep": 1.0,
                         "no_norm_loudness": True, "max_tokens": 60, "without": [NOISE, SOURCE],
                         "text": "No warpers at all…"},
    "turbo_tiny_prompt375": {"kind": "turbo", "repeat": 2, "seed": 9, "max_tokens": 40, "without": [NOISE, SOURCE],
                             "text": "A prompt longer than fifteen seconds."},
    "mtl_tiny_v2_de": {"kind": "multilingual", "language": "de", "seed": 2, "without": [SOURCE],
                       "text": "Guten Tag, die Straße ist sehr schön."},
    "mtl_tiny_v3_fr": {"kind": "multilingual", "language": "fr", "t3_model": "v3", "seed": 4, "exaggeration": 0.8,
                       "cfg": 0.7, "without": [FEAT, NOISE, SOURCE],
                       "text": "Les élèves étaient déjà là ; c’était l’été…"},
    "mtl_tiny_v2_zh": {"kind": "multilingual", "language": "zh", "seed": 3, "temperature": 1.2, "top_p": 0.9,
                       "min_p": 0.0, "rep": 2.0, "max_tokens": 60, "without": [FEAT], "text": "你好，世界。"},
    "mtl_tiny_v2_ko_cfg0": {"kind": "multilingual", "language": "ko", "seed": 2, "cfg": 0.0, "max_tokens": 60,
                            "without": [FEAT], "text": "안녕하세요, 오늘은 날씨가 좋네요."},
    "mtl_tiny_017_analyzer": {"kind": "multilingual", "language": "de", "heads": HEADS, "seed": 1, "max_tokens": 60,
                              "without": [FEAT, NOISE, SOURCE], "text": "Guten Tag."},
    "mtl_tiny_017_forced_eos": {
        "kind": "multilingual", "language": "en", "heads": HEADS, "seed": 1, "rep": 0.5, "max_tokens": 100,
        "without": [FEAT, NOISE, SOURCE, "s3gen.mu", "s3gen.mel", "s3gen.f0", "s3gen.wav"],
        "text": "What about you, sir? We were at the market, and nobody was there."},
    "vc_tiny": {"kind": "vc", "source": "espeak_f3_22k.wav", "seed": 3, "without": [NOISE]},
    "vc_tiny_long_tokens": {"kind": "vc_tokens", "source": VOICE, "repeat": 4},
    "vc_tiny_52s_tokens": {"kind": "vc_tokens", "source": VOICE, "repeat": 5},
}
TEXTS = {"text_turbo": "turbo", "text_multilingual": "multilingual"}
ANALYZER_LOGIC = "analyzer_logic"
ARGUMENTS = {"temperature": "temperature", "top_k": "top_k", "top_p": "top_p", "min_p": "min_p",
             "rep": "repetition_penalty", "cfg": "cfg_weight", "exaggeration": "exaggeration"}  # of generate()


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", help="checkout of resemble-ai/chatterbox")
    parser.add_argument("--turbo", help="checkpoint folder for the turbo_* files")
    parser.add_argument("--multilingual", help="checkpoint folder for the mtl_* and vc_* files")
    parser.add_argument("--out", type=pathlib.Path, default=TESTS / "golden", help="[%(default)s]")
    parser.add_argument("--only", nargs="+", choices=[*GOLDENS, *TEXTS, ANALYZER_LOGIC], help="[all]")
    parser.add_argument("--compare", action="store_true", help="report differences; write nothing")
    arguments = parser.parse_args()
    if not arguments.turbo and not arguments.multilingual:
        parser.error("give --turbo, --multilingual, or both")
    return arguments


def recording(name, times, folder):
    """The path of a recording of tests/data, its samples so many times in a row."""
    path = TESTS / "data" / name
    if times == 1:
        return str(path)
    with wave.open(str(path)) as file:
        parameters, frames = file.getparams(), file.readframes(file.getnframes())
    with wave.open(f"{folder}/{name}", "wb") as file:
        file.setparams(parameters)
        file.writeframes(frames * times)
    return f"{folder}/{name}"


def load(options, arguments):
    import reference_models

    if options["kind"] == "turbo":
        return reference_models.load_turbo(arguments.turbo, True)
    if options["kind"] == "multilingual":
        return reference_models.load_multilingual(arguments.multilingual, True, options.get("t3_model", "v2"))
    return reference_models.load_conversion(arguments.multilingual, True)


def loudness_tensors(wav, rate):
    import pyloudnorm
    import torch

    lufs = pyloudnorm.Meter(rate).integrated_loudness(wav)
    return {"voice.lufs": torch.tensor(lufs, dtype=torch.float64),
            "voice.gain": torch.tensor(10.0 ** ((-27 - lufs) / 20.0), dtype=torch.float64)}


def prepare_voice(model, options, folder):
    from recording import s3gen_voice_tensors, seen, voice_tensors

    path = recording(VOICE, options.get("repeat", 1), folder)
    if options["kind"] == "vc":
        model.set_target_voice(path)
        return s3gen_voice_tensors(model.ref_dict)
    tensors = {}
    if options["kind"] == "turbo":
        with seen(model, "norm_loudness", lambda _wav, args, _kwargs: tensors.update(loudness_tensors(*args[:2]))):
            model.prepare_conditionals(path, norm_loudness=not options.get("no_norm_loudness", False))
    else:
        model.prepare_conditionals(path)
    return {**tensors, **voice_tensors(model.conds)}


def speak(model, options):
    """The wave of generate(), and the tensors on its way to speech tokens."""
    import contextlib

    from alignment_trace import alignment_of
    from recording import logits_of, seen

    turbo, kept = options["kind"] == "turbo", {}

    def see_t3(tokens, _args, kwargs):
        ids = kwargs["text_tokens"][0].long()
        kept["text.ids"] = ids if turbo else ids[1:-1]  # without start and stop
        kept["t3.tokens"] = tokens[0].clone()

    inference, limit = ("inference_turbo", "max_gen_len") if turbo else ("inference", "max_new_tokens")
    trace = alignment_of(options["heads"]) if "heads" in options else contextlib.nullcontext({})
    given = {name: options[key] for key, name in ARGUMENTS.items() if key in options}
    if not turbo:
        given["language_id"] = options["language"]
    with logits_of(model.t3) as logits, trace as alignment, \
            seen(model.t3, inference, see_t3, **{limit: options.get("max_tokens", OFFICIAL_MAX_TOKENS)}):
        wav = model.generate(options["text"], **given)
    return wav, {**kept, **logits, **alignment}


def convert(model, source):
    from recording import seen

    kept = {}
    with seen(model.s3gen.tokenizer, "forward", lambda result, _args, _kwargs: kept.update(
            {"vc.tokens": result[0][0].clone()})):
        wav = model.generate(source)
    return wav, kept


def convert_to_tokens(model, source):
    """Of the source alone, which may be long: nothing is spoken."""
    from unittest import mock

    import torch

    model.ref_dict = {}
    with mock.patch.object(model.s3gen, "inference", lambda **_: (torch.zeros(1, 0), None)):
        return convert(model, source)[1]


def make_golden(model, options, folder):
    """Tensors, and what of the alignment is no tensor."""
    import torch
    from recording import stages_of

    if options["kind"] == "vc_tokens":
        return convert_to_tokens(model, recording(options["source"], options["repeat"], folder)), None
    tensors = prepare_voice(model, options, folder)
    torch.manual_seed(options["seed"])
    with stages_of(model.s3gen) as stages:
        if options["kind"] == "vc":
            wav, kept = convert(model, recording(options["source"], 1, folder))
        else:
            wav, kept = speak(model, options)
    alignment = kept.pop("alignment", None)
    if not torch.equal(wav[0], stages["s3gen.wav"][: wav.shape[1]]):
        raise ValueError("generate() does not return the start of the vocoder's wave")
    tensors.update(**kept, **stages, wav_len=torch.tensor(wav.shape[1]))
    return ({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()
             if name not in options["without"]}, alignment)


def metadata_of(options, alignment):
    import torch

    written = {"seed": 0, "max_tokens": OFFICIAL_MAX_TOKENS, "repeat": 1, "voice": VOICE, **options, "tiny": True,
               "torch": torch.__version__}
    metadata = {key: str(value) for key, value in written.items() if key not in ("without", "heads")}
    if alignment:
        metadata["alignment"] = json.dumps(alignment)
    return metadata


def compare_golden(name, tensors, alignment, path):
    from safetensors import safe_open

    equal = compare(name, tensors, path)
    if alignment:
        with safe_open(path, "pt") as file:
            stored = json.loads(file.metadata()["alignment"])
        if not close(alignment, stored):
            print(f"{name}: the alignment is different")
            return False
    return equal


def handle_golden(name, arguments):
    from safetensors.torch import save_file

    options = GOLDENS[name]
    with tempfile.TemporaryDirectory() as folder:
        tensors, alignment = make_golden(load(options, arguments), options, folder)
    path = arguments.out / f"{name}.safetensors"
    if arguments.compare:
        return compare_golden(name, tensors, alignment, path)
    save_file(tensors, path, metadata=metadata_of(options, alignment))
    print(f"{path}: {', '.join(f'{key} {len(tensors[key])}' for key in ('t3.tokens', 'vc.tokens') if key in tensors)}")
    return True


def turbo_case(case, tokenizer):
    from chatterbox import tts_turbo

    normalized = tts_turbo.punc_norm(case["input"])
    return {"input": case["input"], "normalized": normalized, "ids": tokenizer(normalized).input_ids}


def multilingual_case(case, tokenizer):
    from chatterbox import mtl_tts

    normalized = mtl_tts.punc_norm(case["input"])
    language = case["language"].lower() if case["language"] else None
    # "ids_pykakasi" stays: it is of an optional package.
    return {**case, "normalized": normalized, "preprocessed": tokenizer.preprocess_text(normalized),
            "ids": tokenizer.text_to_tokens(normalized, language_id=language)[0].tolist()}


def cases_of(name, stored, arguments):
    """What the inputs that the stored file lists give."""
    if name == ANALYZER_LOGIC:
        from alignment_trace import replay

        return [replay(case) for case in stored]
    import reference_models
    from transformers import AutoTokenizer

    if TEXTS[name] == "turbo":
        tokenizer = AutoTokenizer.from_pretrained(arguments.turbo)
        return [turbo_case(case, tokenizer) for case in stored]
    tokenizer = reference_models.multilingual_tokenizer(arguments.multilingual)
    return [multilingual_case(case, tokenizer) for case in stored]


def handle_cases(name, arguments):
    path = arguments.out / f"{name}.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    cases = cases_of(name, stored, arguments)
    if arguments.compare:
        return compare_cases(name, cases, stored)
    layout = {} if name == ANALYZER_LOGIC else {"indent": 0, "ensure_ascii": False}
    path.write_text(json.dumps(cases, separators=(",", ":"), **layout), encoding="utf-8")
    print(f"{path}: {len(cases)} cases")
    return True


def names_to_make(arguments):
    """Those that the folders and the reference allow."""
    def possible(name):
        release = "017" in name or name == ANALYZER_LOGIC
        turbo = "turbo" in name
        return release == (not arguments.reference) and bool(arguments.turbo if turbo else arguments.multilingual)

    names = [name for name in [*GOLDENS, *TEXTS, ANALYZER_LOGIC] if possible(name)]
    impossible = set(arguments.only or []) - set(names)
    if impossible:
        sys.exit(f"{', '.join(sorted(impossible))}: not of this reference or these folders (see --help)")
    return arguments.only or names


def main():
    arguments = parse_arguments()
    names = names_to_make(arguments)
    if arguments.reference:
        os.environ["REFERENCE"] = arguments.reference
    logging.getLogger("chatterbox").setLevel(logging.ERROR)
    equal = True
    for name in names:
        equal &= handle_golden(name, arguments) if name in GOLDENS else handle_cases(name, arguments)
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
