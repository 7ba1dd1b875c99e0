#!/usr/bin/env python3
"""Stage 9: trains the flow, which makes mels of tokens, after a prompt and in a voice. Writes WORK/flow.pt.

The conformer also learns to give the mel by itself (mu), which a small estimator then only has to sharpen.
"""
import torch
from torch.nn.functional import mse_loss, normalize

import config
import models
import stage
import stream_masks
from acoustic import Acoustic

TOKENS = 1200            # of a batch
SHORTEST, LONGEST = 40, 330  # tokens of a row: the prompt is up to 250
NO_CONDITION = 0.2       # of the rows (configs.py: training_cfg_rate)
NO_PROMPT = 0.2          # of the rows
FORETOLD = 0.75          # of the utterances: with the tokens that T3 learns, the others with those of their sound
STREAMED = 0.35          # of the batches: as in a stream
# In half of the rows up to so many of the tokens have another digit, so that the flow learns no utterance by heart
# and forgives T3 a token beside the right one.
ALTERED = 0.15


def row(data, tokens, voice, length, rng):
    """Utterances of a voice one after the other (tokens[n]: of the sound, foretold), cut to `length` tokens: ids [N], mel [2N, 80]"""
    ids, mels, have = [], [], 0
    while have < length:
        n = rng.choice(data.of_voice[voice])
        ids.append(tokens[n][rng.random() < FORETOLD])
        mels.append(data.get(n, "mel"))
        have += len(ids[-1])
    return torch.cat(ids)[:length].long(), torch.cat(mels)[:config.FRAMES_PER_TOKEN * length]


def altered(ids, rng):
    """The ids, some of them with another digit."""
    if rng.random() < 0.5:
        return ids
    digits = models.digits_of(ids) + 1
    changes = torch.rand(digits.shape) < rng.uniform(0, ALTERED) / config.FREE_DIGITS
    digits = torch.where(changes, (digits + torch.randint(1, 3, digits.shape)) % 3, digits)
    return (digits.long() * 3 ** torch.arange(config.FREE_DIGITS)).sum(1)


def batch(data, tokens, prompts, rng, training):
    """Rows of one length: ids [B, N], mel [B, 80, 2N], x-vectors [B, 192], prompts' mels [B, 80, 2N]; and how far each
    token sees [N], or None: as far as there are tokens."""
    length = rng.randint(SHORTEST, LONGEST)
    streamed = training and rng.random() < STREAMED
    common = rng.randint(0, length // 2) if streamed else None  # the chunks of all rows are the same
    ids, mels, vectors, prompt = [], [], [], []
    for _ in range(max(1, TOKENS // length)):
        voice = rng.choice(list(config.VOICES))
        one, mel = row(data, tokens, voice, length, rng)
        kept = 0 if rng.random() < NO_PROMPT else rng.randint(0, int(1.4 * length))
        if streamed:
            kept = config.FRAMES_PER_TOKEN * common
        ids.append(altered(one, rng) if training else one)
        mels.append(mel.T)
        vectors.append(rng.choice(prompts[voice])["x_vector"])
        prompt.append(torch.cat((mel[:kept], torch.zeros_like(mel[kept:]))).T)
    ends = stream_masks.known_ends(length, common, rng) if streamed else None
    return tuple(torch.stack(part) for part in (ids, mels, vectors, prompt)), ends


def encode(flow, ids, vectors):
    """mu [B, 80, 2N] and the speakers [B, 80] (flow.py: inference)"""
    lengths = torch.full((len(ids),), ids.size(1), device=ids.device)
    hidden, _ = flow.encoder(flow.input_embedding(ids), lengths)
    return flow.encoder_proj(hidden).transpose(1, 2), flow.spk_embed_affine_layer(normalize(vectors, dim=1))


def losses(flow, ids, mel, vectors, prompt):
    """Of mu, and of the flow's direction (flow_matching.py: compute_loss)"""
    mu, speaker = encode(flow, ids, vectors)
    prior = mse_loss(mu, mel)
    time = 1 - torch.cos(torch.rand(len(ids), 1, 1, device=mel.device) * 0.5 * torch.pi)
    noise = torch.randn_like(mel)
    kept = (torch.rand(len(ids), 1, 1, device=mel.device) > NO_CONDITION).float()
    mask = torch.ones_like(mel[:, :1])
    direction = flow.decoder.estimator((1 - time) * noise + time * mel, mask, mu * kept, time.flatten(),
                                       speaker * kept[:, 0], prompt * kept)
    return prior, mse_loss(direction, mel - noise)


def main():
    options = stage.parse(__doc__, config.Budget.flow)
    work = options.work
    data, tokens = Acoustic(work / "acoustic"), stage.load(work / "acoustic_tokens.pt")
    held_out = Acoustic(work / "acoustic_held_out")
    held_out_tokens = stage.load(work / "acoustic_held_out_tokens.pt")
    prompts = stage.load(work / "prompts.pt")
    torch.manual_seed(config.SEED)
    flow = models.make_flow(config.Sizes())
    with torch.no_grad():  # mu begins at the mean mel
        flow.encoder_proj.bias.copy_(data.mel_statistics()[0])
    models.share_digits(flow)

    bf16 = stage.fast_autocast(options.device)

    def step_losses(source, ids, rng, training):
        rows, ends = batch(source, ids, prompts, rng, training)
        device = torch.device(options.device).type
        with stream_masks.masked(ends), torch.autocast(device, torch.bfloat16, enabled=bf16):
            return losses(flow, *(t.to(options.device) for t in rows))

    def loss_of(step, rng):
        prior, direction = step_losses(data, tokens, rng, True)
        return direction + 0.5 * prior, {"mu": prior.item(), "flow": direction.item()}

    def watch():
        found = torch.tensor([step_losses(held_out, held_out_tokens, stage.draw(i, salt=2), False) for i in range(4)])
        return dict(zip(("mu", "flow"), found.mean(0).tolist()))

    stage.train("flow", flow, loss_of, options, rate=1.5e-3, watch=watch, finish=lambda: models.unshare_digits(flow))


if __name__ == "__main__":
    main()
