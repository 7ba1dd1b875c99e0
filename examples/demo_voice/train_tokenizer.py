#!/usr/bin/env python3
"""Stage 2: trains the S3 tokenizer as the encoder of an autoencoder of mels.

The decoder sees the digits of a few tokens and which voice speaks, and serves no more but for the floor that
the evaluation compares with. Writes WORK/autoencoder.pt and, of it, WORK/tokenizer.pt.
"""
import torch
from torch import nn

import config
import models
import stage
from acoustic import Acoustic

BATCH, LONGEST = 32, 64  # utterances, tokens
# The deviation of noise on the input, so that a token hangs on no detail: two resamplers give the same.
NOISE = 0.02


class Decoder(nn.Module):
    """Digits [B, N, 6] and a voice's number [B] -> mel [B, 2N, 80], its bands at mean 0 and deviation 1."""

    def __init__(self, width=192, layers=4):
        super().__init__()
        self.enter = nn.Linear(config.FREE_DIGITS, width)
        self.voice = nn.Embedding(len(config.VOICES), width)
        self.convs = nn.ModuleList(nn.Conv1d(width, width, 3, padding=1) for _ in range(layers))
        self.leave = nn.Linear(width, config.FRAMES_PER_TOKEN * config.MELS)

    def forward(self, digits, voice):
        x = (self.enter(digits) + self.voice(voice).unsqueeze(1)).transpose(1, 2)
        for conv in self.convs:
            x = x + conv(nn.functional.gelu(x))
        return self.leave(x.transpose(1, 2)).unflatten(2, (config.FRAMES_PER_TOKEN, -1)).flatten(1, 2)


class Autoencoder(nn.Module):
    def __init__(self, mean, deviation):
        super().__init__()
        self.tokenizer = models.Tokenizer(config.Sizes())
        self.decoder = Decoder()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)

    def forward(self, s3, voice):
        lengths = torch.full((s3.size(0),), s3.size(2), device=s3.device)
        digits = self.tokenizer.digits(s3, lengths)
        return self.decoder(digits[..., :config.FREE_DIGITS], voice), digits


def batch(data, picked, length, device):
    s3 = torch.stack([data.get(n, "s3", first, length) for n, first in picked]).transpose(1, 2)  # [B, 128, 4N]
    mel = torch.stack([data.get(n, "mel", first, length) for n, first in picked])
    voice = torch.tensor([list(config.VOICES).index(data.voice(n)) for n, _ in picked])
    return s3.to(device), mel.to(device), voice.to(device)


def main():
    options = stage.parse(__doc__, config.Budget.tokenizer)
    data, held_out = Acoustic(options.work / "acoustic"), Acoustic(options.work / "acoustic_held_out")
    torch.manual_seed(config.SEED)
    model = Autoencoder(*data.mel_statistics())

    def loss_of(step, rng):
        s3, mel, voice = batch(data, *data.same_length_batch(rng, BATCH, LONGEST), options.device)
        made, _ = model(s3 + NOISE * torch.randn_like(s3), voice)
        error = made - (mel - model.mean) / model.deviation
        loss = error.square().mean() + error.abs().mean()
        return loss, {"loss": loss.item()}

    def watch():
        unexplained, used = 0.0, set()
        numbers = range(min(len(held_out), 60))
        for n in numbers:
            s3, mel, voice = batch(held_out, [(n, 0)], held_out.tokens(n), options.device)
            made, _ = model(s3, voice)
            unexplained += (made - (mel - model.mean) / model.deviation).square().mean().item() / len(numbers)
            used.update(model.tokenizer.tokens(s3, torch.tensor([s3.size(2)], device=s3.device)).flatten().tolist())
        return {"explained": 1 - unexplained, "codes": len(used)}

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
