#!/usr/bin/env python3
"""Stage 1: speaks the acoustic part of the corpus and a little in many voices, and keeps waves, mels, pitch and
phonemes.

Writes WORK/texts.pt (the whole corpus and the held-out sentences), WORK/acoustic/*.pt and WORK/speakers.pt.
A shard that is there is not made again.
"""
import multiprocessing
from pathlib import Path

import numpy as np
import torch

import audio
import config
import stage
import texts


def features(job):
    """All that the acoustic stages need of one utterance; None where it is silent.

    Arrays of numpy: each tensor that a worker hands over would hold a file descriptor.
    """
    torch.set_num_threads(1)
    text, voice = job
    spoken = audio.speak(text, config.VOICES[voice])
    if spoken is None:
        return None
    wave = spoken.wave
    return {"text": text, "voice": voice, "tokens": len(spoken.phones), "phones": spoken.phones,
            "wave": (wave * 32767).clip(-32767, 32767).astype(np.int16),
            "mel": audio.mel(wave).half().numpy(), "s3": audio.s3_mel(audio.to_16k(wave)).half().numpy(),
            "pitch": audio.pitch(wave).half().numpy()}


def joined(utterances):
    """A shard: one long tensor of each kind, which can be mapped into memory."""
    shard = {key: [u[key] for u in utterances] for key in ("text", "voice", "tokens")}
    for key in ("wave", "mel", "s3", "pitch", "phones"):
        shard[key] = torch.from_numpy(np.concatenate([u[key] for u in utterances]))
    return shard


def speaker_wave(job):
    """Some utterances of one espeak-ng voice, one after the other, at 16 kHz."""
    torch.set_num_threads(1)
    voice, lines = job
    spoken = [audio.speak(line, voice) for line in lines]
    return audio.to_16k(np.concatenate([s.wave for s in spoken if s is not None]))


def list_texts(options):
    """What is to be spoken. The list of an earlier run is kept: its shards go by it."""
    path = options.work / "texts.pt"
    if not path.exists():
        source = texts.Texts(options.amounts, options.fortunes, options.words)
        corpus = source.corpus(options.amounts.corpus)
        stage.save({"corpus": corpus, "held_out": source.held_out}, path)
    return stage.load(path)


def extra(parser):
    parser.add_argument("--fortunes", type=Path, default=texts.FORTUNES,
                        help="folder of fortunes (default: %(default)s)")
    parser.add_argument("--words", type=Path, default=texts.WORDS,
                        help="word list (default: %(default)s)")


def main():
    options = stage.parse(__doc__, extra=extra)
    amounts, work = options.amounts, options.work
    listed = list_texts(options)
    pairs, held_out = listed["corpus"], listed["held_out"]
    with multiprocessing.get_context("fork").Pool(stage.workers(options)) as pool:
        stage.make_shards("data", pool, features, pairs[:amounts.acoustic], work / "acoustic", amounts.shard, joined)
        watched = [(text, voice) for text in held_out[:len(held_out) // 2] for voice in config.VOICES]
        stage.make_shards("data", pool, features, watched, work / "acoustic_held_out", len(watched), joined)
        if not (work / "speakers.pt").exists():
            lines = [text for text, _ in pairs if len(text) > 30][:amounts.speaker_utterances]
            waves = pool.map(speaker_wave, [(voice, lines) for voice in config.SPEAKERS], chunksize=1)
            stage.save(dict(zip(config.SPEAKERS, waves)), work / "speakers.pt")


if __name__ == "__main__":
    main()
