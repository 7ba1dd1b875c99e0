#!/usr/bin/env python3
"""Stage 8: trains the vocoder further, against discriminators. Writes WORK/adversarial.pt and, of it, WORK/hift.pt.

What it is asked for by spectra are now only mels, so that nothing but the discriminators says how fine structure is:
losses on amplitudes want the mean of all noises, which is a tone.
"""
import torch
from torch import nn
from torch.nn.functional import l1_loss

import config
import discriminators
import models
import stage
import train_hift
from acoustic import Acoustic

MELS, FEATURES, PERIODIC = 15.0, 2.0, 1.0  # weights of the losses beside that of the discriminators
MEL_NOISE = 0.05


class Game(nn.Module):
    """Both players: one optimizer trains them, for neither's loss reaches the other's weights."""

    def __init__(self, hift):
        super().__init__()
        self.hift, self.discriminators = hift, discriminators.make_discriminators()


def mel_loss(made, real):
    """Log mels at the resolutions of the stage before."""
    total = 0.0
    for window, hop in train_hift.RESOLUTIONS:
        bands = train_hift.BANDS[window].to(made.device)
        mels = (torch.log((bands @ train_hift.spectrum(wave, window, hop)).clamp_min(1e-5)) for wave in (made, real))
        total = total + l1_loss(*mels)
    return total / len(train_hift.RESOLUTIONS)


def losses(game, mel, hertz, wave):
    """That of the vocoder, that of the discriminators, and numbers to show"""
    noisy = mel + MEL_NOISE * torch.randn_like(mel)
    pitch = l1_loss(game.hift.f0_predictor(noisy), hertz) / 100
    made = train_hift.vocode(game.hift, noisy, hertz)
    told = discriminators.real_from_made(discriminators.judge(game.discriminators, wave),
                                         discriminators.judge(game.discriminators, made.detach()))
    game.discriminators.requires_grad_(False)
    with torch.no_grad():
        of_real = discriminators.judge(game.discriminators, wave)
    of_made = discriminators.judge(game.discriminators, made)
    game.discriminators.requires_grad_(True)
    sound, apart = mel_loss(made, wave), discriminators.features_apart(of_real, of_made)
    fooled, periodic = discriminators.fooled(of_made), train_hift.periodic_loss(made, wave, hertz)
    vocoder = MELS * sound + FEATURES * apart + fooled + PERIODIC * periodic + pitch
    return vocoder, told, {"mels": sound.item(), "features": apart.item(), "fooled": fooled.item(),
                           "told": told.item(), "periodic": periodic.item(), "pitch": pitch.item()}


def main():
    options = stage.parse(__doc__, config.Budget.adversarial)
    data, held_out = Acoustic(options.work / "acoustic"), Acoustic(options.work / "acoustic_held_out")
    torch.manual_seed(config.SEED)
    game = Game(stage.load_model(models.make_hift(config.Sizes()), options.work / "spectral.pt"))

    def batch(source, rng):
        return (t.to(options.device) for t in train_hift.batch(source, rng))

    def loss_of(step, rng):
        vocoder, told, values = losses(game, *batch(data, rng))
        return vocoder + told, values

    def watch():
        found = [losses(game, *batch(held_out, stage.draw(i, salt=3)))[2] for i in range(4)]
        return {name: sum(one[name] for one in found) / len(found) for name in found[0]}

    stage.train("adversarial", game, loss_of, options, rate=5e-4, watch=watch)
    prefix = "hift."
    stage.save({name.removeprefix(prefix): tensor for name, tensor in stage.load(options.work / "adversarial.pt").items()
                if name.startswith(prefix)}, options.work / "hift.pt")


if __name__ == "__main__":
    main()
