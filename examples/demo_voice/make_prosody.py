#!/usr/bin/env python3
"""Stage 1b: what the teacher means by every text of the corpus, without speaking it: phones, pitch and loudness.

Takes a fiftieth of the time of the speech. Writes WORK/meant/*.pt; a file that is there is not made again.
"""
import multiprocessing

import numpy as np
import torch

import audio
import config
import make_speech
import stage
import texts

SHARD = 1000  # texts in a file
SHORTEST_TOKENS = 4  # of an utterance: what is shorter was not meant to be heard
LONGEST_TOKENS = config.LONGEST_SECONDS * config.RATE // config.SAMPLES_PER_TOKEN


def meant(job):
    """None where the models take no such text."""
    torch.set_num_threads(1)
    text, voice = job
    made = audio.meant_by(text, config.VOICES[voice])
    if made is None or not SHORTEST_TOKENS <= len(made.places) <= LONGEST_TOKENS:
        return None
    return {"text": text, "voice": voice, "phones": made.phones.astype(np.int16),
            "prosody": made.prosody.astype(np.float16), "places": made.places.astype(np.float16)}


def main():
    options = stage.parse(__doc__, extra=texts.options)
    amounts, folder = options.amounts, options.work / "meant"
    folder.mkdir(exist_ok=True)
    listed = make_speech.list_texts(options)
    pairs = listed["corpus"][:amounts.corpus]
    watched = [(text, voice) for text in listed["held_out"][:amounts.held_out // 2] for voice in config.VOICES]
    jobs = {f"{begin // SHARD:03d}": pairs[begin:begin + SHARD] for begin in range(0, len(pairs), SHARD)}
    make_speech.teacher_is_there()
    with multiprocessing.get_context("fork").Pool(stage.workers(options)) as pool:
        for name, some in {"held_out": watched, **jobs}.items():
            path = folder / f"{name}.pt"
            if not path.exists():
                stage.save([made for made in pool.imap(meant, some, chunksize=10) if made is not None], path)
                print(f"prosody: {name} made", flush=True)


if __name__ == "__main__":
    main()
