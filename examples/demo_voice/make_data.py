#!/usr/bin/env python3
"""Stage 2: the mels and the pitch of what the teacher said.

Writes WORK/acoustic/*.pt, WORK/acoustic_held_out/*.pt and WORK/speakers.pt. What is there is not made again.
"""
import multiprocessing

import numpy as np
import torch

import audio
import config
import speech
import stage


def features(utterance):
    """All that the acoustic stages need of one utterance.

    Arrays of numpy: each tensor that a worker hands over would hold a file descriptor.
    """
    torch.set_num_threads(1)
    wave = speech.as_float(utterance["wave"])
    return {"text": utterance["text"], "voice": utterance["voice"], "tokens": len(utterance["places"]),
            "phones": utterance["phones"].astype(np.int64), "prosody": utterance["prosody"], "wave": utterance["wave"],
            "mel": audio.mel(wave).half().numpy(), "s3": audio.s3_mel(audio.to_16k(wave)).half().numpy(),
            "pitch": audio.pitch(wave).half().numpy()}


def joined(utterances):
    """A shard: one long tensor of each kind, which can be mapped into memory."""
    shard = {key: [u[key] for u in utterances] for key in ("text", "voice", "tokens")}
    for key in ("wave", "mel", "s3", "pitch", "phones", "prosody"):
        shard[key] = torch.from_numpy(np.concatenate([u[key] for u in utterances]))
    return shard


def make(pool, work, name, folder):
    path = work / folder / f"{name}.pt"
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        stage.save(joined(pool.map(features, speech.read(work, name), chunksize=10)), path)
        print(f"data: {folder}/{name} made", flush=True)


def main():
    options = stage.parse(__doc__)
    work, amounts = options.work, options.amounts
    if not (work / "speakers.pt").exists():
        waves = {name: np.concatenate([speech.as_float(u["wave"]) for u in speech.read(work, f"speaker_{name}")])
                 for name in config.SPEAKERS}
        stage.save({name: audio.to_16k(wave) for name, wave in waves.items()}, work / "speakers.pt")
    with multiprocessing.get_context("fork").Pool(stage.workers(options)) as pool:
        make(pool, work, "held_out", "acoustic_held_out")
        for name in speech.shards(work)[:amounts.acoustic // amounts.shard]:
            make(pool, work, name, "acoustic")


if __name__ == "__main__":
    main()
