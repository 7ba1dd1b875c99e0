#!/usr/bin/env python3
"""Stage 7: trains the vocoder (HiFT) and its pitch predictor. Writes WORK/spectral.pt.

The source follows the tracked pitch while the predictor learns it beside the generator. Mels get a little noise,
because those of the flow are not those of recordings.
"""
import librosa
import torch
from torch.nn.functional import l1_loss

import config
import models
import stage
from acoustic import Acoustic

BATCH, TOKENS = 8, 10     # crops of 0.4 s
RESOLUTIONS = ((256, 64), (512, 128), (1024, 256), (2048, 512))  # window, hop
HOP, PERIODIC_WINDOW = 480, 1920
PERIODIC = 3.0            # weight of that loss
MEL_NOISE = 0.1           # its deviation, in log amplitude
WINDOWS = {n: torch.hann_window(n) for n, _ in RESOLUTIONS}
BANDS = {n: torch.from_numpy(librosa.filters.mel(sr=config.RATE, n_fft=n, n_mels=min(80, n // 16)))
         for n, _ in RESOLUTIONS}


def spectrum(wave, window, hop):
    stft = torch.stft(wave, window, hop, window=WINDOWS[window].to(wave.device), return_complex=True)
    return (stft.real.square() + stft.imag.square() + 1e-8).sqrt()


def spectral_loss(made, real):
    """Log amplitudes, spectral convergence and log mels at four resolutions."""
    total = 0.0
    for window, hop in RESOLUTIONS:
        a, b = spectrum(made, window, hop), spectrum(real, window, hop)
        bands = BANDS[window].to(made.device)
        mel_a, mel_b = (torch.log((bands @ x).clamp_min(1e-5)) for x in (a, b))
        convergence = (a - b).norm() / b.norm().clamp_min(1e-3)
        total = total + l1_loss(torch.log(a + 1e-4), torch.log(b + 1e-4)) + convergence + 2 * l1_loss(mel_a, mel_b)
    return total / len(RESOLUTIONS)


def periodicity(wave, hertz):
    """How alike each frame is to itself a period later: the normalised autocorrelation there. [B, L], [B, T] -> [B, T]

    Frames of 80 ms, a hop apart; where there is no pitch the value means nothing.
    """
    side = (PERIODIC_WINDOW - HOP) // 2
    frames = torch.nn.functional.pad(wave, (side, side)).unfold(1, PERIODIC_WINDOW, HOP)  # [B, T, W]
    lag = (config.RATE / hertz.clamp_min(60.0)).round().long()
    at = torch.arange(PERIODIC_WINDOW // 2, device=wave.device)
    later = frames.gather(2, at + lag.unsqueeze(2))
    first = frames[..., :PERIODIC_WINDOW // 2]
    energy = (first.square().sum(2) * later.square().sum(2) + 1e-8).sqrt()
    return (first * later).sum(2) / energy


def periodic_loss(made, real, hertz):
    """Spectra alone let the vocoder whisper: the harmonics of a low voice are finer than a mel band."""
    voiced = hertz > 0
    error = (periodicity(made, hertz) - periodicity(real, hertz)).abs()
    return (error * voiced).sum() / voiced.sum().clamp_min(1)


def vocode(hift, mel, hertz):
    """mel [B, 80, T], pitch [B, T] -> wave [B, 480 T] (hifigan.py: inference)"""
    source, _, _ = hift.m_source(hift.f0_upsamp(hertz[:, None]).transpose(1, 2))
    return hift.decode(x=mel, s=source.transpose(1, 2))


def batch(data, rng, count=BATCH):
    """Mels [B, 80, T], pitches [B, T] and waves [B, 480 T] of random crops"""
    mels, pitches, waves = [], [], []
    while len(mels) < count:
        n = rng.randrange(len(data))
        first = rng.randint(0, max(0, data.tokens(n) - TOKENS))
        if data.tokens(n) < TOKENS:
            continue
        mels.append(data.get(n, "mel", first, TOKENS).T)
        pitches.append(data.get(n, "pitch", first, TOKENS))
        waves.append(data.get(n, "wave", first, TOKENS))
    return tuple(torch.stack(part) for part in (mels, pitches, waves))


def losses(hift, mel, hertz, wave):
    """Of the spectra, of what repeats with the pitch, and of the pitch in units of 100 Hz (0 where unvoiced)"""
    noisy = mel + MEL_NOISE * torch.randn_like(mel)
    predicted = hift.f0_predictor(noisy)
    made = vocode(hift, noisy, hertz)
    return spectral_loss(made, wave), periodic_loss(made, wave, hertz), l1_loss(predicted, hertz) / 100


def main():
    options = stage.parse(__doc__, config.Budget.hift)
    data, held_out = Acoustic(options.work / "acoustic"), Acoustic(options.work / "acoustic_held_out")
    torch.manual_seed(config.SEED)
    hift = models.make_hift(config.Sizes())
    with torch.no_grad():  # the pitch begins at that of speech, and small steps of the weights move it by many Hz
        hift.f0_predictor.classifier.bias.fill_(130.0)
        torch.nn.init.normal_(hift.f0_predictor.classifier.weight, std=5.0)

    def step_losses(source, rng):
        return losses(hift, *(t.to(options.device) for t in batch(source, rng)))

    def loss_of(step, rng):
        sound, periodic, hertz = step_losses(data, rng)
        return sound + PERIODIC * periodic + hertz, {"sound": sound.item(), "periodic": periodic.item(),
                                                     "pitch": hertz.item()}

    def watch():
        found = torch.tensor([step_losses(held_out, stage.draw(i, salt=3)) for i in range(4)])
        return dict(zip(("sound", "periodic", "pitch"), found.mean(0).tolist()))

    stage.train("spectral", hift, loss_of, options, rate=1.5e-3, watch=watch)


if __name__ == "__main__":
    main()
