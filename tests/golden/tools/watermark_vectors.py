"""Writes watermark.safetensors: what the package resemble-perth 1.0.1 makes of small inputs.

python watermark_vectors.py DATA OUT.safetensors
DATA: tests/data. Each input NAME gives NAME.samples, NAME.marked (apply_watermark) and NAME.detected: what
get_watermark(round=False) says of the input and of the marked one.
"""
import sys

import librosa
import numpy as np
import perth
import soundfile
import torch
from safetensors.torch import save_file

DATA, OUT = sys.argv[1:]
marker = perth.PerthImplicitWatermarker()
out = {}


def add(name, samples, rate):
    marked = np.asarray(marker.apply_watermark(samples, sample_rate=rate), dtype=np.float32)
    detected = [marker.get_watermark(x, sample_rate=rate, round=False).item() for x in (samples, marked)]
    print(name, rate, len(samples), "->", len(marked), detected)
    out[f"{name}.samples"] = torch.from_numpy(samples.copy())
    out[f"{name}.marked"] = torch.from_numpy(marked)
    out[f"{name}.detected"] = torch.tensor(detected)


m3, rate = soundfile.read(f"{DATA}/espeak_m3.wav", dtype="float32")
assert rate == 24000
speech = m3[24000:60000]  # whole hops at 32 kHz, as all that the models speak
add("speech", speech, 24000)
add("short", m3[30000:32401], 24000)  # 0.1 s and one sample
add("rate_44100", librosa.resample(m3[24000:36000], orig_sr=24000, target_sr=44100), 44100)
add("rate_32000", librosa.resample(m3[24000:36000], orig_sr=24000, target_sr=32000), 32000)

# The detector's resampler alone: the signal of resample_vectors.py.
i = np.arange(1601, dtype=np.int64)
signal = (((i * 7919) % 2001 - 1000).astype(np.float32) / np.float32(1250)).astype(np.float32)
for rate in (24000, 44100, 22050, 8000):
    out[f"polyphase.{rate}"] = torch.from_numpy(
        librosa.resample(signal, orig_sr=rate, target_sr=32000, res_type="polyphase").copy())

save_file(out, OUT, metadata={"package": "resemble-perth 1.0.1", "recording": "espeak_m3.wav"})
