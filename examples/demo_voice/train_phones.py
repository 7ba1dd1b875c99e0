#!/usr/bin/env python3
"""Stage 9: trains a network to tell the phone of each frame of a mel, for the flow's loss. Writes WORK/phones.pt.

A flow that is near in the mean square still blurs what tells one phone from another. So what it makes is also compared
as this network sees it: in its features and by the phones that it hears (deep feature losses,
https://arxiv.org/abs/1806.10522).
"""
import torch
from torch import nn

import config
import stage
from acoustic import Acoustic, AcousticModel

BATCH, LONGEST = 32, 64  # utterances, tokens
NOISE, LOUDNESS = 0.5, 0.3  # deviations of what is added to a mel: at most, of each value; of each utterance
SMOOTHING = 0.05  # of the labels


class PhoneClassifier(AcousticModel):
    """Mels [B, 80, T] -> logits of the phones [B, P, T]"""

    def __init__(self, mean, deviation, phones, width=192, layers=4):
        super().__init__(mean, deviation, phones)
        self.enter = nn.Conv1d(config.MELS, width, 5, padding=2)
        self.convs = nn.ModuleList(nn.Conv1d(width, width, 3, padding=1) for _ in range(layers))
        self.leave = nn.Conv1d(width, len(phones), 1)

    def features(self, mel):
        """[B, width, T] of each layer"""
        x = self.enter((mel - self.mean[:, None]) / self.deviation[:, None])
        found = []
        for conv in self.convs:
            x = x + conv(nn.functional.gelu(x))
            found.append(x)
        return found

    def logits(self, features):
        return self.leave(nn.functional.gelu(features[-1]))

    def forward(self, mel):
        return self.logits(self.features(mel))

    def classes_of_frames(self, phones):
        """Numbers of phones, of a quarter of a token each [..., 4 N] -> the place of each frame's [..., 2 N]"""
        return self.classes(phones)[..., ::config.QUARTERS // config.FRAMES_PER_TOKEN]


def main():
    options = stage.parse(__doc__, config.Budget.phones)
    data, held_out = Acoustic(options.work / "acoustic"), Acoustic(options.work / "acoustic_held_out")
    torch.manual_seed(config.SEED)
    model = PhoneClassifier(*data.mel_statistics(), data.phones())

    def loss_of(step, rng):
        picked, length = data.same_length_batch(rng, BATCH, LONGEST)
        mel = torch.stack([data.get(n, "mel", first, length) for n, first in picked]).transpose(1, 2)
        wanted = torch.stack([data.get(n, "phones", first, length) for n, first in picked])
        mel = mel + rng.uniform(0, NOISE) * torch.randn_like(mel) + LOUDNESS * torch.randn(len(mel), 1, 1)
        logits = model(mel.to(options.device))
        classes = model.classes_of_frames(wanted.to(options.device))
        loss = nn.functional.cross_entropy(logits, classes, label_smoothing=SMOOTHING)
        return loss, {"phones": loss.item()}

    def watch():
        right = [(model(held_out.get(n, "mel").T[None].to(options.device))[0].argmax(0) ==
                  model.classes_of_frames(held_out.get(n, "phones").to(options.device))).float().mean()
                 for n in range(min(len(held_out), 60))]
        return {"right": torch.stack(right).mean().item()}

    stage.train("phones", model, loss_of, options, rate=1.5e-3, watch=watch)


if __name__ == "__main__":
    main()
