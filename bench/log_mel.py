"""How far two sounds of the same tokens are apart: the mean absolute difference of their log-mels, in nats.

The mel is S3Gen's own (mel.py of the reference): 80 bands to 8 kHz of Slaney's scale, 50 frames a second, the natural
logarithm of magnitudes. 0.1 nats are 0.87 dB.
"""

from functools import lru_cache

import numpy as np

RATE, WINDOW, HOP = 24_000, 1920, 480  # Hz, samples
BANDS, HIGHEST = 80, 8_000  # Hz
# 60 dB below what speech reaches: in softer bands the rounding to 16 bits would count as a difference. With this floor
# that rounding makes 0.0006 nats, and white noise 50 dB below the speech 0.01.
FLOOR = 1e-3


def _hertz(mels):
    """Slaney's scale: linear to 1 kHz, 15 mels, then 27 mels for a factor of 6.4."""
    return np.where(mels < 15, mels * 200 / 3, 1000 * 6.4 ** ((mels - 15) / 27))


@lru_cache
def filters():
    """Triangles of equal area. [80, 961]"""
    highest = 15 + 27 * np.log(HIGHEST / 1000) / np.log(6.4)
    edges = _hertz(np.linspace(0, highest, BANDS + 2))[:, None]
    bins = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2])


def log_mel(wave):
    """wave at 24 kHz -> [T, 80]"""
    padded = np.pad(wave, (WINDOW - HOP) // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    window = np.hanning(WINDOW + 1)[:-1]
    return np.log(np.maximum(np.abs(np.fft.rfft(frames * window)) @ filters().T, FLOOR))


def distance(a, b):
    """Of two waves of equal length."""
    return float(np.abs(log_mel(a) - log_mel(b)).mean())
