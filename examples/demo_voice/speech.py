"""What the teacher said, as make_speech.py keeps it."""
import soundfile

import stage


def shards(work):
    """Names of the corpus's shards that are there, in order."""
    names = sorted(path.stem for path in (work / "speech").glob("[0-9]*.pt"))
    if not names:
        raise SystemExit(f"error: no speech in {work / 'speech'}: run make_speech.py first")
    return names


def read(work, name):
    """Utterances with their waves (int16)."""
    utterances = stage.load(work / "speech" / f"{name}.pt")
    sound, _ = soundfile.read(work / "speech" / f"{name}.flac", dtype="int16")
    begin = 0
    for utterance in utterances:
        utterance["wave"] = sound[begin:begin + utterance["samples"]]
        begin += utterance["samples"]
    return utterances


def as_float(wave):
    return wave.astype("float32") / 32767
