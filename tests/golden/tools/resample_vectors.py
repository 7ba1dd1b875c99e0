#!/usr/bin/env python3
"""Writes resample.json: short signals through librosa's soxr_hq and torchaudio's Resample.

  python resample_vectors.py OUT.json

The signal is x[i] = ((i * 7919) % 2001 - 1000) / 1250, which is the same on every machine in fp32
after one division.
"""
import json
import sys

import librosa
import numpy as np
import torch
import torchaudio

SIZE = 1601
PAIRS = [(22050, 24000), (24000, 16000), (44100, 24000), (8000, 24000), (192000, 24000), (48000, 24000)]


def signal(size):
    i = np.arange(size, dtype=np.int64)
    return (((i * 7919) % 2001 - 1000).astype(np.float32) / np.float32(1250)).astype(np.float32)


def entry(method, size, source, target, wave):
    """The first and the last 60 samples, and every 7th between."""
    keep = sorted({*range(min(60, len(wave))), *range(max(0, len(wave) - 60), len(wave)), *range(0, len(wave), 7)})
    return {"method": method, "size": size, "source": source, "target": target, "length": len(wave),
            "indices": keep, "values": [float(f"{wave[i]:.9g}") for i in keep]}


vectors = []
for source, target in PAIRS:
    for size in (1, 2, SIZE):
        wave = librosa.resample(signal(size), orig_sr=source, target_sr=target, res_type="soxr_hq")
        vectors.append(entry("soxr", size, source, target, wave))
for source, target in [(24000, 16000), (16000, 24000), (44100, 16000), (48000, 24000), (22050, 24000)]:
    for size in (1, 2, SIZE):
        wave = torchaudio.transforms.Resample(source, target)(torch.from_numpy(signal(size))).numpy()
        vectors.append(entry("sinc", size, source, target, wave))
with open(sys.argv[1], "w") as out:
    json.dump(vectors, out, separators=(",", ":"))
