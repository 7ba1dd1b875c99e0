"""What streaming.py says of each way, beside the same speech made in one go.

Frames are those of S3Gen's mel, 50 a second. A stream's dump has the tensors of chunk n under names that end with n, so
that its joins, its pitch and the frames that each chunk took are what the program made, not what a plan says.
"""

import sys

import numpy as np

from compare_reference import read_header
from recognise import edits, normalised, recognise
from sides import ROOT

sys.path.append(str(ROOT / "examples" / "demo_voice"))
import config
from program import read_wav

RATE, SAMPLES_PER_FRAME = config.RATE, config.SAMPLES_PER_TOKEN // config.FRAMES_PER_TOKEN
AT_JOIN = 4       # frames to either side
VOICED = 10.0     # Hz; below it HiFT's source has no harmonics (hifigan.py, nsf_voiced_threshold)
CLICK, NEIGHBOURHOOD = RATE // 500, RATE // 20  # samples: 2 ms at a join, and 50 ms to either side of it
TYPES = {"F32": np.float32, "I64": np.int64}


def read_tensors(path):
    """{name: array} of a safetensors file."""
    with open(path, "rb") as file:
        header, data = read_header(file), file.read()
    header.pop("__metadata__", None)
    return {name: np.frombuffer(data[slice(*entry["data_offsets"])], TYPES[entry["dtype"]]).reshape(entry["shape"])
            for name, entry in header.items()}


class Speech:
    """What one request wrote; speech that was made in one go is a single chunk."""

    def __init__(self, stem):
        tensors = read_tensors(stem.with_name(stem.name + ".safetensors"))
        suffixes = [""] if "s3gen.mel" in tensors else [
            str(n) for n in range(sum(name.startswith("s3gen.mel") for name in tensors))]
        mels = [tensors["s3gen.mel" + suffix] for suffix in suffixes]
        self.chunks = [mel.shape[1] for mel in mels]
        self.mel = np.concatenate(mels, 1).T  # [T, 80]
        self.f0 = np.concatenate([tensors["s3gen.f0" + suffix].ravel() for suffix in suffixes
                                  if "s3gen.f0" + suffix in tensors])  # [T]
        self.computed = [tensors["s3gen.mu" + suffix].shape[0] for suffix in suffixes]  # frames of the estimator
        self.joins = np.cumsum(self.chunks)[:-1]
        self.wave = read_wav(stem.with_name(stem.name + ".wav"))


def cents(a, b):
    return np.abs(1200 * np.log2(a / b))


def pitch_steps(made, offline):
    """In cents, of the joins between frames that are voiced in both: [[of what was made], [of offline, there]]"""
    places = [(one.f0, whole.f0, at) for one, whole in zip(made, offline) for at in one.joins
              if min(*one.f0[at - 1:at + 1], *whole.f0[at - 1:at + 1]) > VOICED]
    return [[float(cents(pair[side][at], pair[side][at - 1])) for *pair, at in places] for side in (0, 1)]


def peaks(wave, places):
    """Of the second difference near each sample, over the median of its neighbourhood."""
    second = np.abs(np.diff(wave, 2))
    found = []
    for at in places:
        near, around = second[max(0, at - CLICK):at + CLICK], second[max(0, at - NEIGHBOURHOOD):at + NEIGHBOURHOOD]
        found.append(float(near.max() / max(np.median(around), 1e-6)))
    return found


def clicks(made, offline):
    """Joins that stand out of their file (above the 99th percentile of all places), and offline do not."""
    count = 0
    for one, whole in zip(made, offline):
        limits = [np.percentile(peaks(side.wave, range(SAMPLES_PER_FRAME, len(side.wave), SAMPLES_PER_FRAME)), 99)
                  for side in (one, whole)]
        places = SAMPLES_PER_FRAME * one.joins
        count += sum(here > limits[0] and there <= limits[1]
                     for here, there in zip(peaks(one.wave, places), peaks(whole.wave, places)))
    return int(count)


def at_joins(made, offline, difference, scale):
    """Figures of the joins; none where there are no joins."""
    near = [d[at - AT_JOIN:at + AT_JOIN].mean() for d, one in zip(difference, made) for at in one.joins]
    if not near:
        return {}
    sides = list(zip(made, offline))

    def of_all(function):
        return [[value for pair in sides for value in function(pair[side], pair[0].joins)] for side in (0, 1)]

    seams = of_all(lambda one, joins: [np.abs(one.mel[at] - one.mel[at - 1]).mean() for at in joins])
    sharp = of_all(lambda one, joins: peaks(one.wave, SAMPLES_PER_FRAME * joins))
    p95 = [[float(np.percentile(side, 95)) for side in figure] if all(figure) else [0.0, 0.0]
           for figure in (pitch_steps(made, offline), sharp)]
    return {"joins": len(near), "at_joins": float(np.mean(near) / scale), "worst_join": float(max(near) / scale),
            "seam": float(np.mean(seams[0]) / np.mean(seams[1])), "pitch_step_cents": p95[0][0] - p95[0][1],
            "sharpness": p95[1][0] / p95[1][1], "clicks": clicks(made, offline)}


def pitch(made, offline):
    difference, changed = [], []
    for one, whole in zip(made, offline):
        voiced = [side.f0 > VOICED for side in (one, whole)]
        both = voiced[0] & voiced[1]
        difference.append(cents(one.f0[both], whole.f0[both]))
        changed.append(voiced[0] != voiced[1])
    return {"pitch_cents": float(np.mean(np.concatenate(difference))),
            "voicing": float(np.mean(np.concatenate(changed)))}


def work(way, made, offline):
    """Frames that the estimator computed: of offline's, and of a chunk."""
    frames = {"frames": sum(sum(one.computed) for one in made) / sum(sum(one.computed) for one in offline)}
    if not way.chunks:
        return frames
    over = []
    for one, whole in zip(made, offline):
        prompt = 0 if "frozen" in way.options else sum(whole.computed) - len(whole.mel)
        context = prompt + config.FRAMES_PER_TOKEN * (way.left + way.right)
        over += [computed - context - chunk for computed, chunk in zip(one.computed, one.chunks)]
    return {**frames, "first_chunk_frames": max(one.computed[0] for one in made),
            "chunk_frames": max(max(one.computed) for one in made), "frames_over_bound": int(max(over))}


def row_of(way, made, offline, scale):
    difference = [np.abs(a.mel - b.mel).mean(1) for a, b in zip(made, offline)]
    return {"way": way.name, "distance": float(np.mean(np.concatenate(difference)) / scale),
            "worst_sentence": float(max(d.mean() for d in difference) / scale),
            "lengths_equal": all(len(a.wave) == len(b.wave) for a, b in zip(made, offline)),
            "equal": all(np.array_equal(a.wave, b.wave) for a, b in zip(made, offline)),
            **at_joins(made, offline, difference, scale), **pitch(made, offline), **work(way, made, offline)}


def figures(ways, sentences, folder, threads):
    """The first way is speech made in one go, the second the same with other noise."""
    said, rows, baseline = [normalised(text) for text in sentences], [], None
    offline, other = ([Speech(folder / f"{number}_{n}") for n in range(len(sentences))] for number in (0, 1))
    scale = np.mean(np.concatenate([np.abs(a.mel - b.mel).mean(1) for a, b in zip(other, offline)]))
    for number, way in enumerate(ways):
        made = [Speech(folder / f"{number}_{n}") for n in range(len(sentences))]
        heard = recognise([(one.wave, RATE) for one in made], sentences, threads)
        wrong = sum(map(edits, said, heard)) / sum(map(len, said))
        baseline = wrong if baseline is None else baseline
        rows.append({**row_of(way, made, offline, scale), "words": wrong, "words_more": wrong - baseline})
    return {"other_noise_nats": float(scale), "ways": rows}
