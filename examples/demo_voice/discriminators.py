"""What tells the vocoder's sound from a recording, as in HiFi-GAN and UnivNet but small. In training only.

Spectral losses alone blur the harmonics above those of the source into noise and leave tones that never stop.
"""
import torch
from torch import nn
from torch.nn.functional import leaky_relu, pad
from torch.nn.utils.parametrizations import weight_norm

SLOPE = 0.1  # of the leaky ReLU
PERIODS = (2, 3, 5, 7, 11)                           # HiFi-GAN, section 2.3
RESOLUTIONS = ((512, 128), (1024, 256), (2048, 512))  # window, hop


class Discriminator(nn.Module):
    """A stack of 2-D convolutions over a picture of the wave; gives the layers' outputs, the last the judgement."""

    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList(weight_norm(layer) for layer in layers)

    def forward(self, wave):
        x, outputs = self.picture(wave).unsqueeze(1), []
        for layer in self.layers[:-1]:
            x = leaky_relu(layer(x), SLOPE)
            outputs.append(x)
        return [*outputs, self.layers[-1](x)]


class PeriodDiscriminator(Discriminator):
    """Sees every `period`-th sample: [B, L] as [B, L / period, period]."""

    def __init__(self, period, widths=(16, 32, 64, 128)):
        pairs = list(zip((1, *widths), widths))
        layers = [nn.Conv2d(a, b, (5, 1), (3, 1), (2, 0)) for a, b in pairs]
        super().__init__([*layers, nn.Conv2d(widths[-1], 1, (3, 1), padding=(1, 0))])
        self.period = period

    def picture(self, wave):
        return pad(wave.unsqueeze(1), (0, -wave.size(1) % self.period), "reflect").squeeze(1).unflatten(
            1, (-1, self.period))


class ResolutionDiscriminator(Discriminator):
    """Sees the amplitudes of a spectrogram [B, F, T]."""

    def __init__(self, window, hop, width=16):
        layers = [nn.Conv2d(1, width, (7, 3), (2, 1), (3, 1))]
        layers += [nn.Conv2d(width, width, (5, 3), (2, 1), (2, 1)) for _ in range(3)]
        super().__init__([*layers, nn.Conv2d(width, 1, 3, padding=1)])
        self.hop = hop
        self.register_buffer("window", torch.hann_window(window), persistent=False)

    def picture(self, wave):
        stft = torch.stft(wave, self.window.numel(), self.hop, window=self.window, return_complex=True)
        return (stft.real.square() + stft.imag.square() + 1e-8).sqrt()


def make_discriminators():
    return nn.ModuleList([*map(PeriodDiscriminator, PERIODS),
                          *(ResolutionDiscriminator(*sizes) for sizes in RESOLUTIONS)])


def judge(discriminators, wave):
    return [one(wave) for one in discriminators]


def real_from_made(of_real, of_made):
    """The discriminators' loss (least squares): 1 for a recording, 0 for the vocoder."""
    return sum((a[-1] - 1).square().mean() + b[-1].square().mean() for a, b in zip(of_real, of_made))


def fooled(of_made):
    """The vocoder's loss."""
    return sum((b[-1] - 1).square().mean() for b in of_made)


def features_apart(of_real, of_made):
    """The other loss of the vocoder: how different the layers see the two."""
    return sum((x.detach() - y).abs().mean() for a, b in zip(of_real, of_made) for x, y in zip(a[:-1], b[:-1]))
