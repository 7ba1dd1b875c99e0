"""What streaming.py says of each way, beside the same speech made in one go."""

import numpy as np

from compare_reference import read_tensor, tensor_names
from recognise import edits, normalised, recognise
from speaking import RATE, read_wav

FRAMES_PER_TOKEN, SAMPLES_PER_TOKEN = 2, 960
AT_JOIN = 4  # frames to either side
LAST = 6     # tokens: what is left of a stream below this is part of the chunk before (engine/scheduling/chunk_plan.h)
CLICK, NEIGHBOURHOOD = RATE // 500, RATE // 20  # samples: 2 ms at a join, and 50 ms to either side of it


class Speech:
    """What one request wrote. A stream has a mel for each chunk: s3gen.mel0, s3gen.mel1, ..."""

    def __init__(self, stem):
        dump = stem.with_name(stem.name + ".safetensors")
        names = sorted((name for name in tensor_names(dump) if name.startswith("s3gen.mel")),
                       key=lambda name: int(name.removeprefix("s3gen.mel") or 0))
        self.mel = np.concatenate([np.array(read_tensor(dump, name)).reshape(80, -1) for name in names], 1).T  # [T, 80]
        self.tokens = len(self.mel) // FRAMES_PER_TOKEN
        self.wave = read_wav(stem.with_name(stem.name + ".wav"))


def chunks(way, tokens):
    """The [begin, end) of a stream's chunks (engine/scheduling/chunk_plan.h)."""
    begin, sizes, found = 0, list(way.chunks), []
    while begin < tokens:
        size = sizes.pop(0) if len(sizes) > 1 else sizes[0]
        end = tokens if tokens - begin - size < LAST else begin + size
        found.append((begin, end))
        begin = end
    return found


def sharpness(wave, joins):
    """At each join the largest second difference over the median of its neighbourhood."""
    second = np.abs(np.diff(wave, 2))
    found = []
    for at in joins:
        near, around = second[max(0, at - CLICK):at + CLICK], second[max(0, at - NEIGHBOURHOOD):at + NEIGHBOURHOOD]
        found.append(near.max() / max(np.median(around), 1e-6))
    return found


def row_of(way, made, offline, scale):
    difference = [np.abs(a.mel - b.mel).mean(1) for a, b in zip(made, offline)]
    row = {"way": way.name, "distance": float(np.mean(np.concatenate(difference)) / scale),
           "worst_sentence": float(max(d.mean() for d in difference) / scale),
           "lengths_equal": all(len(a.wave) == len(b.wave) for a, b in zip(made, offline)),
           "equal": all(np.array_equal(a.wave, b.wave) for a, b in zip(made, offline))}
    if not way.chunks:
        return row
    joins = [[end for _, end in chunks(way, speech.tokens)[:-1]] for speech in made]
    near = [d[FRAMES_PER_TOKEN * at - AT_JOIN:FRAMES_PER_TOKEN * at + AT_JOIN].mean()
            for d, places in zip(difference, joins) for at in places]
    if near:
        sharp = [np.percentile([s for speech, places in zip(side, joins)
                                for s in sharpness(speech.wave, [SAMPLES_PER_TOKEN * at for at in places])], 95)
                 for side in (made, offline)]
        row.update(joins=len(near), at_joins=float(np.mean(near) / scale), worst_join=float(max(near) / scale),
                   sharpness=float(sharp[0] / sharp[1]))
    return row


def figures(ways, sentences, folder, threads):
    speech = {way.name: [Speech(folder / f"{number}_{n}") for n in range(len(sentences))]
              for number, way in enumerate(ways)}
    offline = speech["offline"]
    scale = np.mean(np.concatenate([np.abs(a.mel - b.mel).mean(1) for a, b in zip(speech["other noise"], offline)]))
    said, rows = [normalised(text) for text in sentences], []
    for way in ways:
        row = row_of(way, speech[way.name], offline, scale)
        heard = recognise([(one.wave, RATE) for one in speech[way.name]], sentences, threads)
        row["words"] = sum(map(edits, said, heard)) / sum(map(len, said))
        rows.append(row)
    return {"other_noise_nats": float(scale), "ways": rows}
