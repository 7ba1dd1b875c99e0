"""How a sound differs from another that says the same, besides its words."""
import numpy as np
import torch

import audio

DECIBELS = 20 / np.log(10)  # of a difference of natural logarithms of amplitudes
FLOOR = -9.0                # log amplitude of a band; below it nothing is heard
MODULATION_FRAMES = 64      # of a window, 1.28 s at 50 frames a second: modulations from 0.8 to 25 Hz


def _path(a, b):
    """Pairs of frames along the cheapest path through the mels a [N, 80] and b [M, 80]."""
    costs = torch.cdist(a, b).numpy().astype(np.float64)
    total = np.full((len(a) + 1, len(b) + 1), np.inf)
    total[0, 0] = 0
    for i in range(len(a)):
        for j in range(len(b)):
            total[i + 1, j + 1] = costs[i, j] + min(total[i, j], total[i, j + 1], total[i + 1, j])
    i, j, pairs = len(a), len(b), []
    while i > 0 and j > 0:
        pairs.append((i - 1, j - 1))
        i, j = min(((i - 1, j - 1), (i - 1, j), (i, j - 1)), key=lambda place: total[place])
    return np.array(pairs[::-1])


def modulation_spectrum(mel):
    """Mean log power of each band's modulations, [80, 32]: speech that is blurred in time has little."""
    windows = mel.T.unfold(1, MODULATION_FRAMES, MODULATION_FRAMES // 2)  # [80, W, 64]
    windows = (windows - windows.mean(2, keepdim=True)) * torch.hann_window(MODULATION_FRAMES)
    return (torch.fft.rfft(windows)[..., 1:].abs().square() + 1e-3).log().mean(1)


class Difference:
    """Sums over pairs of a sound that was made and the one that it should be."""

    def __init__(self):
        self.spectral, self.cents, self.voicing, self.made, self.real = [], [], [], [], []

    def add(self, made, real):
        mels = [audio.mel(wave).clamp_min(FLOOR) for wave in (made, real)]
        pitches = [audio.pitch(wave).numpy() for wave in (made, real)]
        i, j = _path(*mels).T
        self.spectral.append((mels[0][i] - mels[1][j]).square().mean(1).sqrt().mean().item() * DECIBELS)
        a, b = pitches[0][i.clip(max=len(pitches[0]) - 1)], pitches[1][j.clip(max=len(pitches[1]) - 1)]
        both = (a > 0) & (b > 0)
        self.cents += list(np.abs(1200 * np.log2(a[both] / b[both])))
        self.voicing.append(np.mean((a > 0) != (b > 0)))
        if min(map(len, mels)) >= MODULATION_FRAMES:
            self.made.append(modulation_spectrum(mels[0]))
            self.real.append(modulation_spectrum(mels[1]))

    def figures(self):
        modulation = torch.stack(self.made).mean(0) - torch.stack(self.real).mean(0)
        return {"log_spectral_db": float(np.mean(self.spectral)), "pitch_cents": float(np.median(self.cents)),
                "voicing": float(np.mean(self.voicing)), "modulation_db": float(modulation.abs().mean() * DECIBELS / 2)}
