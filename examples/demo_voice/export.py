#!/usr/bin/env python3
"""Stage 13: writes the official folder in fp16: t3_cfg, s3gen and ve .safetensors, tokenizer.json, conds.pt.

Beside them low.voice and high.voice, for --voice; conds.pt, the default, is the low one. Fails above 24 MB.
"""
import math
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file

import config
import stage

LIMIT = 24_000_000  # bytes of the folder
LOUDNESS = 0.8      # of the vocoder: what it learned from reaches full scale, and what it makes would go beyond it
EMOTION = 0.5       # tts.py: the default exaggeration
# Of T3's logits: so small a model spreads its draws over more codes than it should. What is likely then lies around
# LIFTED, not far below 0, where the repetition penalty would multiply the differences.
SHARPENED, LIFTED = 3.0, 3.0


def t3_state(work):
    """T3 as it ships: its codes' logits sharper, the row that stands for all unused ids at each of them, larger;
    embeddings of ids that are never heard are 0."""
    state = stage.load(work / "t3.pt")
    unused = [i for i in range(config.CODES, config.Sizes.speech_rows) if i != config.STOP_SPEECH]
    used = [*range(config.CODES), config.STOP_SPEECH]
    head = state["speech_head.weight"].float()
    parked = head[config.CODES].clone()  # its logit is about PARKED, whatever was said
    head[used] = SHARPENED * head[used] + LIFTED / config.PARKED * parked
    head[unused] = config.PARKED_SCALE * parked
    state["speech_head.weight"] = head.half()
    state["speech_emb.weight"][[i for i in unused if i != config.START_SPEECH]] = 0
    state["text_head.weight"].zero_()  # of the training of the text, which nothing reads
    return state


def made_quieter(hift):
    """The last layer gives the logarithms of amplitudes, and then phases (hifigan.py: decode)."""
    bias = hift["conv_post.bias"].float()
    bias[:len(bias) // 2] += math.log(LOUDNESS)
    hift["conv_post.bias"] = bias.half()


def s3gen_state(work):
    parts = {"tokenizer": "tokenizer", "speaker_encoder": "camplus", "flow": "flow", "mel2wav": "hift",
             "mel2wav.f0_predictor": "f0"}  # which replaces that of the vocoder
    states = {prefix: stage.load(work / f"{file}.pt") for prefix, file in parts.items()}
    made_quieter(states["mel2wav"])
    return {f"{prefix}.{name}": tensor for prefix, state in states.items() for name, tensor in state.items()}


def alignment_heads(work):
    """What the library's alignment analyzer is to watch (src/t3/alignment_heads.h)."""
    heads = stage.load(work / "heads.pt")
    return {"chatterbox.alignment_heads": ",".join(f"{layer}.{head}" for layer, head in heads)}


def conditionals(prompt):
    """As Conditionals.save of tts.py"""
    tokens = prompt["tokens"][None]
    t3 = {"speaker_emb": prompt["speaker_emb"][None], "clap_emb": None,
          "cond_prompt_speech_tokens": prompt["t3_tokens"][None], "cond_prompt_speech_emb": None,
          "emotion_adv": EMOTION * torch.ones(1, 1, 1)}
    gen = {"prompt_token": tokens, "prompt_token_len": torch.tensor([tokens.size(1)]),
           "prompt_feat": prompt["mel"][None], "prompt_feat_len": None, "embedding": prompt["x_vector"][None]}
    return {"t3": t3, "gen": gen}


def write_voice(prompt, path):
    """As the library's Voice::save"""
    conds = conditionals(prompt)
    tensors = {"voice.speaker_emb": conds["t3"]["speaker_emb"],
               "voice.cond_prompt_speech_tokens": conds["t3"]["cond_prompt_speech_tokens"],
               "voice.emotion_adv": conds["t3"]["emotion_adv"],
               "voice.gen.prompt_token": conds["gen"]["prompt_token"],
               "voice.gen.prompt_feat": conds["gen"]["prompt_feat"],
               "voice.gen.embedding": conds["gen"]["embedding"]}
    save_file({k: t.contiguous() for k, t in tensors.items()}, path, {"format": "chatterbox.voice", "version": "1"})


def extra(parser):
    parser.add_argument("--out", type=Path, help="folder to write (default: WORK/model)")


def main():
    options = stage.parse(__doc__, extra=extra)
    work, out = options.work, options.out or options.work / "model"
    out.mkdir(parents=True, exist_ok=True)
    for name, state, metadata in (("t3_cfg", t3_state(work), alignment_heads(work)), ("s3gen", s3gen_state(work), None),
                                  ("ve", stage.load(work / "voice_encoder.pt"), None)):
        save_file({k: t.contiguous() for k, t in state.items()}, out / f"{name}.safetensors", metadata)
    shutil.copyfile(config.TOKENIZER_JSON, out / "tokenizer.json")
    prompts = stage.load(work / "prompts.pt")
    for voice in config.VOICES:
        write_voice(prompts[voice][0], out / f"{voice}.voice")
    torch.save(conditionals(prompts[next(iter(config.VOICES))][0]), out / "conds.pt")
    size = sum(path.stat().st_size for path in out.iterdir())
    print(f"export: {out}, {size / 1e6:.2f} MB")
    if size > LIMIT:
        raise SystemExit(f"error: {size} bytes, the limit is {LIMIT}: make a model of config.py smaller")


if __name__ == "__main__":
    main()
