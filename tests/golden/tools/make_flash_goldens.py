#!/usr/bin/env python3
"""Makes the goldens of Flash with the Python package chatterbox-flash 0.1.0. See ../README.md.

  make_flash_goldens.py --package FOLDER [--reference CHECKOUT] [--tiny FOLDER] [--full FOLDER] [--out DIR]
                        [--only NAME ...] [--compare]

PACKAGE: the wheel, unpacked or installed. The folders are checkpoints of Flash. Everything runs on the CPU in fp32 on
the engine "torch", by the package's own generate(): the prior and the voice come first, which draws no random numbers,
then torch.manual_seed(seed). The texts of text_flash.json go through the package again, with any of the folders.
"""

import argparse
import json
import os
import pathlib
import sys
from unittest import mock

from golden_files import compare

TESTS = pathlib.Path(__file__).resolve().parents[2]
VOICE = "espeak_m3.wav"
MASK = 8194
# What each file leaves out ("without") is in another file, or would only make it bigger.
FEAT, NOISE, SOURCE = "voice.gen.prompt_feat", "s3gen.z", "s3gen.source"
# Options that are not named are the package's defaults.
GOLDENS = {
    "flash_tiny_default": {"seed": 0, "without": [FEAT, SOURCE], "text": "Hello there, this is a test."},
    "flash_tiny_quantile": {"seed": 4, "block_size": 32, "steps": 4, "temperature": 0.9, "cfg": 2.0, "tau": 0.8,
                            "exaggeration": 0.9, "without": [FEAT, SOURCE, NOISE],
                            "text": "Numbers: 42 apples cost $3.50."},
    "flash_tiny_nocfg": {"seed": 5, "block_size": 12, "steps": 5, "temperature": 0.8, "cfg": 0.0, "tau": 0.6,
                         "t_shift": 1.0, "position_temperature": 0.0, "prior": False, "max_tokens": 70,
                         "cfm_steps": 3, "without": [FEAT, SOURCE, NOISE],
                         "text": "Dr. Smith lives on 5th Ave., doesn't he?"},
    "flash_tiny_greedy": {"seed": 1, "temperature": 0.0, "position_temperature": 0.0, "tau": 1.0, "max_tokens": 60,
                          "normalize": False, "without": [FEAT, SOURCE, NOISE],
                          "text": "Greedy decoding, no random order."},
    "flash_tiny_short": {"seed": 0, "without": [FEAT, SOURCE, NOISE], "text": "Yes."},
    "flash_full_default": {"seed": 0, "max_tokens": 64, "without": [FEAT, SOURCE, NOISE],
                           "text": "Sometimes it is better to let things go."},
}
DEFAULTS = {"steps": 10, "temperature": 0.6, "tau": 0.1, "t_shift": 0.5, "cfg": 1.0, "position_temperature": 5.0,
            "exaggeration": 0.5, "max_tokens": None, "cfm_steps": 2, "block_size": 16, "prior": True,
            "normalize": True}
# As generate() of the package calls them.
NAMES = {"steps": "num_steps", "temperature": "temperature", "tau": "time_shift_tau",
         "t_shift": "omnivoice_schedule_t_shift", "cfg": "cfg_scale", "position_temperature": "position_temperature",
         "max_tokens": "max_speech_tokens", "cfm_steps": "n_cfm_timesteps", "normalize": "normalize_text",
         "prior": "pmi_uncond_prior_precompute"}


def load(folder, tiny, block_size):
    import reference_models as models
    from chatterbox.models.tokenizers import EnTokenizer
    from chatterbox_flash import ChatterboxFlashT3, ChatterboxFlashTTS

    with mock.patch.object(models, "T3", lambda config: ChatterboxFlashT3(config, drf_block_size=block_size)):
        t3 = models.build_t3("english", tiny)
    return ChatterboxFlashTTS(models.with_weights(t3, folder, "t3_flash"),
                              models.with_weights(models.build_s3gen(tiny, meanflow=True), folder, "s3gen"),
                              models.with_weights(models.build_voice_encoder(tiny), folder, "ve"),
                              EnTokenizer(f"{folder}/tokenizer.json"), "cpu")


def watched(owner, name, after):
    """owner.name, which also hands its result and its arguments to `after`."""
    original = getattr(owner, name)

    def call(*args, **kwargs):
        result = original(*args, **kwargs)
        after(result, args, kwargs)
        return result

    return mock.patch.object(owner, name, call)


class Passes:
    """What each pass over a block drew and scored, and which positions it filled."""

    def __init__(self, block_size):
        self.size, self.block, self.now, self.logits = block_size, -1, {}, {}
        self.rows = {name: [] for name in ("sampled", "pmi", "noise", "state", "info")}
        self.filled_in = []

    def watch(self, stack, t3):
        from chatterbox_flash import model

        def keep(name):
            return lambda result, args, kwargs: self.now.__setitem__(name, result.clone())

        def scored(result, args, kwargs):
            self.now["sampled"] = args[1].clone()
            self.now.setdefault("pmi", result.clone())  # the conditional row's, which guidance replaces

        stack.enter_context(watched(model, "_gumbel_sample", keep("noise")))
        stack.enter_context(watched(model, "compute_pmi", scored))
        stack.enter_context(watched(model, "pmi_cfg_combine", keep("pmi")))
        stack.enter_context(watched(model, "_pmi_count_early_step_unmask", self.add))
        keep_logits = keep("logits")
        hook = t3.speech_head.register_forward_hook(lambda module, args, out: keep_logits(out, args, {}))
        stack.callback(hook.remove)

    def add(self, result, args, kwargs):
        import torch

        step, length, before, state = kwargs["k"], kwargs["bl"], args[1], result["xt_step"]
        self.block += step == 0
        now, self.now = self.now, {}
        if (self.block, step) in ((0, 0), (0, 1), (1, 0)):
            self.logits[f"t3.logits.b{self.block}k{step}"] = now["logits"][:, [0, length - 1]]
        noise = now.get("noise", torch.zeros_like(now["pmi"]))
        masked, filled = before == MASK, before != state
        early = 0
        if kwargs["time_shift_tau"] > 0 and step < kwargs["K"] - 1:
            scores = (now["pmi"] + noise)[masked]
            share = max(0.0, 1.0 - kwargs["time_shift_tau"] * (step + 1) / kwargs["K"])
            early = int((scores >= torch.quantile(scores, share)).sum())
        self.filled_in += [-1] * (self.block * self.size + length - len(self.filled_in))
        for i in filled.nonzero()[:, 0].tolist():
            self.filled_in[self.block * self.size + i] = len(self.rows["info"])
        info = [self.block, step, masked.sum(), kwargs["omnivoice_unmask_schedule_k"], early, filled.sum()]
        self.rows["info"].append(torch.tensor([int(number) for number in info]))
        for name, values, filler in (("sampled", now["sampled"], -1), ("pmi", now["pmi"], 0.0), ("noise", noise, 0.0),
                                     ("state", state, -1)):
            padding = (0, self.size - length)
            self.rows[name].append(torch.nn.functional.pad(values.clone(), padding, value=filler))

    def tensors(self):
        import torch

        stacked = {f"flash.{name}": torch.stack(rows) for name, rows in self.rows.items()}
        return {**stacked, "flash.committed_in": torch.tensor(self.filled_in), **self.logits}


def speak(model, options, text, seed):
    """The tensors of a run."""
    import contextlib

    import torch

    model.t3.prime_uncond_block_prior(torch.float32, "cpu")
    model.prepare_conditionals(str(TESTS / "data" / VOICE), exaggeration=options["exaggeration"])
    voice = model.conds.t3
    out = {"voice.speaker_emb": voice.speaker_emb, "voice.cond_prompt_speech_tokens": voice.cond_prompt_speech_tokens}
    out.update({f"voice.gen.{key}": value for key, value in model.conds.gen.items() if value is not None})
    if options["prior"]:
        out["t3.prior"] = next(iter(model.t3._uncond_block_prior_cache.values()))

    def drawn(result, args, kwargs):
        out.update({"t3.tokens": result[0].clone(), "text.ids": kwargs["text_tokens"][0, 1:-1].long(),
                    "t3.budget": torch.tensor(kwargs["total_speech_len"])})
        state = torch.get_rng_state()
        out["rng.after_t3"] = torch.rand(4)
        torch.set_rng_state(state)

    def flowed(result, args, kwargs):
        out.update({"s3gen.speech_tokens": torch.atleast_2d(args[0])[0].clone(), "s3gen.mel": result[0].clone()})

    def vocoded(result, args, kwargs):
        out.update({"s3gen.source": result[1][0, 0].clone(), "s3gen.wav": result[0][0]})  # faded in place later

    passes = Passes(options["block_size"])
    flow = model.s3gen.flow
    with contextlib.ExitStack() as stack:
        passes.watch(stack, model.t3)
        stack.enter_context(watched(model.t3, "generate", drawn))
        stack.enter_context(watched(model.s3gen, "flow_inference", flowed))
        stack.enter_context(watched(model.s3gen, "hift_inference", vocoded))
        for module, name in ((flow.encoder_proj, "s3gen.mu"), (model.s3gen.mel2wav.f0_predictor, "s3gen.f0")):
            hook = module.register_forward_hook(lambda module, args, result, name=name:
                                                out.__setitem__(name, result[0].clone()))
            stack.callback(hook.remove)
        original = flow.decoder.estimator.forward

        def first_noise(*args, **kwargs):
            out.setdefault("s3gen.z", (args[0] if args else kwargs["x"])[0].clone())
            return original(*args, **kwargs)

        stack.enter_context(mock.patch.object(flow.decoder.estimator, "forward", first_noise))
        torch.manual_seed(seed)
        model.generate(text, backend="torch", **{NAMES[key]: value for key, value in options.items() if key in NAMES})
    return {**out, **passes.tensors()}


def metadata(options, golden, tiny):
    kept = {key: str(value) for key, value in options.items()}
    return {**kept, "kind": "flash", "text": golden["text"], "seed": str(golden["seed"]), "voice": VOICE,
            "tiny": str(tiny)}


def make(name, golden, folder, arguments):
    from safetensors.torch import save_file

    tiny = "_tiny_" in name
    options = {**DEFAULTS, **{key: value for key, value in golden.items() if key in DEFAULTS}}
    tensors = speak(load(folder, tiny, options["block_size"]), options, golden["text"], golden["seed"])
    tensors = {key: value.detach().clone().contiguous() for key, value in tensors.items()
               if key not in golden["without"]}
    if arguments.compare:
        return compare(name, tensors, arguments.out / f"{name}.safetensors")
    save_file(tensors, arguments.out / f"{name}.safetensors", metadata=metadata(options, golden, tiny))
    return True


def make_texts(folder, arguments):
    from chatterbox.models.tokenizers import EnTokenizer
    from chatterbox_flash import en_us_cleaner

    path = arguments.out / "text_flash.json"
    tokenizer = EnTokenizer(f"{folder}/tokenizer.json")
    stored = json.loads(path.read_text())
    texts = [{"input": text, "normalized": en_us_cleaner(text), "ids": tokenizer.encode(en_us_cleaner(text))}
             for text in (entry["input"] for entry in stored)]
    if arguments.compare:
        print(f"text_flash: {'equal' if texts == stored else 'different'}")
        return texts == stored
    path.write_text(json.dumps(texts, indent=0, separators=(",", ":")))
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", help="unset: the installed chatterbox-tts")
    parser.add_argument("--package", required=True)
    parser.add_argument("--tiny")
    parser.add_argument("--full")
    parser.add_argument("--out", type=pathlib.Path, default=TESTS / "golden")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--compare", action="store_true")
    arguments = parser.parse_args()
    if arguments.reference:
        os.environ["REFERENCE"] = arguments.reference
    import reference_models  # noqa: F401  puts the reference on the path

    sys.path.insert(0, arguments.package)
    folders = {"tiny": arguments.tiny, "full": arguments.full}
    same = True
    for name, golden in GOLDENS.items():
        folder = folders[name.split("_")[1]]
        if folder and (not arguments.only or name in arguments.only):
            same = make(name, golden, folder, arguments) and same
    if not arguments.only:
        same = make_texts(arguments.tiny or arguments.full, arguments) and same
    sys.exit(0 if same else 1)


main()
