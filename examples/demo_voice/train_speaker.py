#!/usr/bin/env python3
"""Stage 4: trains the two speaker encoders, the voice encoder (for T3) and CAM++ (for S3Gen).

Both learn to tell the voices of the teacher, and mixtures of two, apart by the angle to a learned vector of each. Writes
WORK/voice_encoder.pt and WORK/camplus.pt.
"""
import torch
from torch import nn

import audio
import config
import models
import stage

SCALE = 10.0  # of the cosine, as the voice encoder's own similarity_weight
PARTIAL = 160  # frames of the voice encoder's window
SHORTEST, LONGEST = 100, 300  # frames that CAM++ trains on
EACH = 2  # crops of every speaker in a batch


class Classifier(nn.Module):
    """An encoder and a vector for each speaker."""

    def __init__(self, encoder, size):
        super().__init__()
        self.encoder = encoder
        self.speakers = nn.Parameter(torch.randn(len(config.SPEAKERS), size))

    def forward(self, features):
        unit = nn.functional.normalize(self.encoder(features), dim=1)
        return SCALE * unit @ nn.functional.normalize(self.speakers, dim=1).T


def crops(features, rng, each, length):
    """`each` crops of every speaker, [speakers * each, length, bands], and who speaks."""
    rows, who = [], []
    for speaker, frames in enumerate(features):
        for _ in range(each):
            first = rng.randint(0, len(frames) - length)
            rows.append(frames[first:first + length])
            who.append(speaker)
    return torch.stack(rows), torch.tensor(who)


def train(name, classifier, features, options, share, length_of, centre):
    def loss_of(step, rng):
        rows, who = crops(features, rng, EACH, length_of(rng))
        if centre:  # as the front end does with a whole recording
            rows = rows - rows.mean(1, keepdim=True)
        scores = classifier(rows.to(options.device))
        who = who.to(options.device)
        loss = nn.functional.cross_entropy(scores, who, label_smoothing=0.05)
        return loss, {"loss": loss.item(), "right": (scores.argmax(1) == who).float().mean().item()}

    stage.train(f"{name}_classifier", classifier, loss_of, options, rate=1e-3, minutes=options.minutes * share)
    state = stage.load(options.work / f"{name}_classifier.pt")
    prefix = "encoder."
    encoder = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
    stage.save(encoder, options.work / f"{name}.pt")


def main():
    options = stage.parse(__doc__, config.Budget.speaker)
    waves = stage.load(options.work / "speakers.pt")
    torch.manual_seed(config.SEED)
    sizes = config.Sizes()
    train("voice_encoder", Classifier(models.make_voice_encoder(sizes), 256),
          [audio.speaker_mel(waves[name]) for name in config.SPEAKERS], options, share=0.25,
          length_of=lambda rng: PARTIAL, centre=False)
    train("camplus", Classifier(models.make_camplus(sizes), 192),
          [audio.fbank(waves[name]) for name in config.SPEAKERS], options, share=0.75,
          length_of=lambda rng: rng.randint(SHORTEST, LONGEST), centre=True)


if __name__ == "__main__":
    main()
