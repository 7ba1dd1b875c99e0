#!/usr/bin/env python3
"""Stage 3: trains the S3 tokenizer: its tokens are to say the phoneme, and of the mel what the teacher meant by it.

Two networks give the digits of a token: the tokenizer, of a recording, and the foreteller, of what the teacher meant.
They are drawn to each other, and of the digits of either a decoder makes the mel, which also knows who speaks. The
decoder is not needed afterwards. The foreteller is: it gives the tokens of texts that are never spoken aloud
(make_tokens.py). It knows the phonemes, so its tokens are to say them all but without fault, even where those of a
recording do not. Writes WORK/autoencoder.pt and, of it, WORK/tokenizer.pt.
"""
from pathlib import Path

import numpy as np
import torch
from torch import nn

import config
import models
import stage
from acoustic import Acoustic, AcousticModel

BATCH, LONGEST = 32, 64  # utterances, tokens
# The deviation of noise on the input, so that a token hangs on no detail: two resamplers give the same.
NOISE = 0.02
LOWEST_PITCH = 50.0  # Hz: the teacher's pitch is near 0 where there is none
# Weights of the losses beside those of the mels: of the phones in the sound's tokens and in the foretold ones, and of
# what lies between the two.
PHONE, MEANT_PHONE, FORETOLD = 0.5, 2.0, 3.0
# Weights of a token's quarters in the loss of phones: its first one the token before may tell, too.
QUARTER_WEIGHTS = (0.4, 0.8, 1.0, 0.8)


def residual(convs, x):
    """[B, N, C] -> [B, N, C], each convolution over N beside its input"""
    x = x.transpose(1, 2)
    for conv in convs:
        x = x + conv(nn.functional.gelu(x))
    return x.transpose(1, 2)


class Decoder(nn.Module):
    """Digits [B, N, 8] and a voice's number [B] -> mel [B, 2N, 80], its bands at mean 0 and deviation 1."""

    def __init__(self, width=192, layers=4):
        super().__init__()
        self.enter = nn.Linear(config.FREE_DIGITS, width)
        self.voice = nn.Embedding(len(config.VOICES), width)
        self.convs = nn.ModuleList(nn.Conv1d(width, width, 3, padding=1) for _ in range(layers))
        self.leave = nn.Linear(width, config.FRAMES_PER_TOKEN * config.MELS)

    def forward(self, digits, voice):
        x = residual(self.convs, self.enter(digits) + self.voice(voice).unsqueeze(1))
        return self.leave(x).unflatten(2, (config.FRAMES_PER_TOKEN, -1)).flatten(1, 2)


def make_phone_head(phones, width=256):
    """Digits [B, N, 8] -> logits of the phone of each quarter [B, N, 4, P]: from a token alone, which must say it."""
    return nn.Sequential(nn.Linear(config.FREE_DIGITS, width), nn.GELU(), nn.Linear(width, width), nn.GELU(),
                         nn.Linear(width, config.QUARTERS * phones), nn.Unflatten(2, (config.QUARTERS, phones)))


def prosody_features(prosody):
    """Pitch in Hz and loudness [..., 2] -> whether there is a pitch, how high it is, how loud it is [..., 3]"""
    voiced = (prosody[..., 0] > LOWEST_PITCH).float()
    octaves = voiced * (prosody[..., 0].clamp_min(LOWEST_PITCH) / 150).log2()
    return torch.stack((voiced, octaves, prosody[..., 1] / 10), -1)


class Foreteller(nn.Module):
    """What the teacher meant -> the digits [B, N, 8], as far as that tells them, which is what T3 can learn.

    Classes of phones [B, 4 N], prosody [B, 4 N, 2], a voice's number [B].
    """

    def __init__(self, phones, width=192, layers=4):
        super().__init__()
        self.enter = nn.Embedding(phones, width // config.QUARTERS)
        self.prosody = nn.Linear(3 * config.QUARTERS, width)
        self.voice = nn.Embedding(len(config.VOICES), width)
        self.convs = nn.ModuleList(nn.Conv1d(width, width, 5, padding=2) for _ in range(layers))
        self.leave = nn.Linear(width, config.FREE_DIGITS)

    def forward(self, phones, prosody, voice):
        entered = self.enter(phones).unflatten(1, (-1, config.QUARTERS)).flatten(2)
        meant = self.prosody(prosody_features(prosody).unflatten(1, (-1, config.QUARTERS)).flatten(2))
        return torch.tanh(self.leave(residual(self.convs, entered + meant + self.voice(voice).unsqueeze(1))))


class Autoencoder(AcousticModel):
    """The tokenizer, and what is trained with it."""

    def __init__(self, mean, deviation, phones):
        super().__init__(mean, deviation, phones)
        self.tokenizer = models.Tokenizer(config.Sizes())
        self.decoder = Decoder()
        self.phone_head = make_phone_head(len(phones))
        self.foreteller = Foreteller(len(phones))

    def forward(self, s3, voice):
        """The mel of the decoder, and the digits that vary, before and after their rounding."""
        lengths = torch.full((s3.size(0),), s3.size(2), device=s3.device)
        soft, digits = (d[..., :config.FREE_DIGITS] for d in self.tokenizer.soft_and_digits(s3, lengths))
        return self.decoder(digits, voice), soft, digits

    @torch.no_grad()
    def foretold_tokens(self, phones, prosody, voice):
        """Ids [B, N] of what the teacher meant: numbers of phones [B, 4 N], prosody [B, 4 N, 2], voice [B]"""
        digits = self.foreteller(self.classes(phones), prosody, voice).round() + 1
        return (digits.long() * 3 ** torch.arange(config.FREE_DIGITS)).sum(-1)


def batch(data, picked, length, device):
    s3 = torch.stack([data.get(n, "s3", first, length) for n, first in picked]).transpose(1, 2)  # [B, 128, 4N]
    mel = torch.stack([data.get(n, "mel", first, length) for n, first in picked])
    phones = torch.stack([data.get(n, "phones", first, length) for n, first in picked])    # [B, 4N]
    prosody = torch.stack([data.get(n, "prosody", first, length) for n, first in picked])  # [B, 4N, 2]
    voice = torch.tensor([list(config.VOICES).index(data.voice(n)) for n, _ in picked])
    return tuple(part.to(device) for part in (s3, mel, phones, prosody, voice))


def rounded(soft):
    """The gradient goes straight through the rounding."""
    return soft + (soft.round() - soft).detach()


def errors(model, s3, mel, phones, prosody, voice):
    """Of a batch's tokens, by the sound and as foretold: the errors of the mels [B, 2N, 80] and of the phones, and how
    far the digits [B, N, 8] are apart; and which tokens' middle phones were right, by either, and which tokens [B, N]."""
    wanted = (mel - model.mean) / model.deviation
    every = model.classes(phones)
    quarters = every.unflatten(1, (-1, config.QUARTERS))
    made, soft, digits = model(s3, voice)
    foretold = model.foreteller(every, prosody, voice)
    meant = rounded(foretold)
    logits = [model.phone_head(d) for d in (digits, meant)]
    weights = torch.tensor(QUARTER_WEIGHTS, device=mel.device)
    wrong = [(nn.functional.cross_entropy(one.movedim(-1, 1), quarters, reduction="none") * weights).mean()
             for one in logits]
    right = [(one.argmax(-1) == quarters)[..., config.QUARTERS // 2] for one in logits]
    return (made - wanted, model.decoder(meant, voice) - wanted), wrong, soft - foretold, right, (meant == digits).all(2)


def extra(parser):
    parser.add_argument("--tokenizer", type=Path, help="weights of a tokenizer to keep: the foreteller alone is trained")


def main():
    options = stage.parse(__doc__, config.Budget.tokenizer, extra)
    data, held_out = Acoustic(options.work / "acoustic"), Acoustic(options.work / "acoustic_held_out")
    torch.manual_seed(config.SEED)
    model = Autoencoder(*data.mel_statistics(), data.phones())
    if options.tokenizer:
        stage.load_model(model.tokenizer, options.tokenizer).requires_grad_(False)

    def loss_of(step, rng):
        s3, *rest = batch(data, *data.same_length_batch(rng, BATCH, LONGEST), options.device)
        mels, phones, apart, _, right = errors(model, s3 + NOISE * torch.randn_like(s3), *rest)
        mel = sum(error.square().mean() + error.abs().mean() for error in mels)
        loss = mel + PHONE * phones[0] + MEANT_PHONE * phones[1] + FORETOLD * apart.square().mean()
        return loss, {"mel": mels[0].square().mean().item(), "foretold mel": mels[1].square().mean().item(),
                      "phone": phones[0].item(), "foretold phone": phones[1].item(),
                      "foretold": right.float().mean().item()}

    def watch():
        found = {"explained": [], "foretold explains": [], "phone": [], "foretold phone": [], "foretold": []}
        used = set()
        for n in range(min(len(held_out), 60)):
            whole = batch(held_out, [(n, 0)], held_out.tokens(n), options.device)
            mels, _, _, named, right = errors(model, *whole)
            values = [1 - mel.square().mean() for mel in mels] + [one.float().mean() for one in (*named, right)]
            for values_of, value in zip(found.values(), values):
                values_of.append(value.item())
            used.update(model.tokenizer.tokens(whole[0], torch.tensor([whole[0].size(2)])).flatten().tolist())
        return {**{name: np.mean(values) for name, values in found.items()}, "codes": len(used)}

    stage.train("autoencoder", model, loss_of, options, rate=1e-3, watch=watch)
    split(options.work)


def split(work):
    """The tokenizer alone, under its own names."""
    state = stage.load(work / "autoencoder.pt")
    prefix = "tokenizer."
    tokenizer = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
    stage.save(tokenizer, work / "tokenizer.pt")


if __name__ == "__main__":
    main()
