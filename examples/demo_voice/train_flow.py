#!/usr/bin/env python3
"""Stage 10: trains the flow, which makes mels of tokens, after a prompt and in a voice. Writes WORK/flow.pt.

The conformer also learns to give the mel by itself (mu), which a small estimator then only has to sharpen. What both
make is compared with the recording in the features of a classifier of phones, too (train_phones.py).
"""
import torch
from torch.nn.functional import cross_entropy, mse_loss, normalize

import config
import models
import stage
import stream_windows
from acoustic import Acoustic
from train_phones import PhoneClassifier

TOKENS = 1200            # of a batch
SHORTEST, LONGEST = 40, 330  # tokens of a row: the prompt is up to 250
NO_CONDITION = 0.2       # of the rows (configs.py: training_cfg_rate)
NO_PROMPT = 0.2          # of the rows
FORETOLD = 0.75          # of the utterances: with the tokens that T3 learns, the others with those of their sound
STREAMED = 0.5           # of the batches: in one go and as in a stream, half as many rows
APART = 60.0             # weight of what lies between the two
EDGE, AT_EDGE = 0.6, 2   # what a chunk's last frames weigh besides: what comes next is missing there
AHEAD = 2.0              # weight of what the conformer's attention wants of frames to come
# In half of the rows up to so many of the tokens have another digit, so that the flow learns no utterance by heart
# and forgives T3 a token beside the right one.
ALTERED = 0.15
RATE = 1.5e-3
PHONES, FEATURES = 1.0, 5.0  # weights of what the classifier hears, beside the flow's direction
OF_MU = 0.5                  # of the losses of mu, beside those of the flow


def row(data, tokens, voice, length, rng):
    """Utterances of a voice one after the other (tokens[n]: of the sound, foretold), cut to `length` tokens:
    ids [N], mel [2N, 80], numbers of phones [4N]"""
    ids, mels, phones, have = [], [], [], 0
    while have < length:
        n = rng.choice(data.of_voice[voice])
        ids.append(tokens[n][rng.random() < FORETOLD])
        mels.append(data.get(n, "mel"))
        phones.append(data.get(n, "phones"))
        have += len(ids[-1])
    return (torch.cat(ids)[:length].long(), torch.cat(mels)[:config.FRAMES_PER_TOKEN * length],
            torch.cat(phones)[:config.QUARTERS * length])


def altered(ids, rng):
    """The ids, some of them with another digit."""
    if rng.random() < 0.5:
        return ids
    digits = models.digits_of(ids) + 1
    changes = torch.rand(digits.shape) < rng.uniform(0, ALTERED) / config.FREE_DIGITS
    digits = torch.where(changes, (digits + torch.randint(1, 3, digits.shape)) % 3, digits)
    return (digits.long() * 3 ** torch.arange(config.FREE_DIGITS)).sum(1)


def batch(data, tokens, prompts, rng, training):
    """Rows of one length: ids [B, N], mel [B, 80, 2N], x-vectors [B, 192], prompts' mels [B, 80, 2N], phones [B, 4N];
    and a stream's window, or None."""
    length = rng.randint(SHORTEST, LONGEST)
    streamed = training and rng.random() < STREAMED
    common = rng.randint(0, length // 2) if streamed else None  # the windows of all rows are the same
    ids, mels, vectors, prompt, phones = [], [], [], [], []
    for _ in range(max(1, TOKENS // (2 if streamed else 1) // length)):
        voice = rng.choice(list(config.VOICES))
        one, mel, spoken = row(data, tokens, voice, length, rng)
        kept = 0 if rng.random() < NO_PROMPT else rng.randint(0, int(1.4 * length))
        if streamed:
            kept = config.FRAMES_PER_TOKEN * common
        ids.append(altered(one, rng) if training else one)
        mels.append(mel.T)
        vectors.append(rng.choice(prompts[voice])["x_vector"])
        prompt.append(torch.cat((mel[:kept], torch.zeros_like(mel[kept:]))).T)
        phones.append(spoken)
    window = stream_windows.Window(length, common, rng) if streamed else None
    return tuple(torch.stack(part) for part in (ids, mels, vectors, prompt, phones)), window


def encode(flow, ids, vectors):
    """mu [B, 80, 2N] and the speakers [B, 80] (flow.py: inference)"""
    lengths = torch.full((len(ids),), ids.size(1), device=ids.device)
    hidden, _ = flow.encoder(flow.input_embedding(ids), lengths)
    return flow.encoder_proj(hidden).transpose(1, 2), flow.spk_embed_affine_layer(normalize(vectors, dim=1))


class Listener:
    """Has heard recordings: mel [B, 80, 2N], numbers of phones [B, 4N]"""

    def __init__(self, classifier, mel, phones):
        self.classifier, self.classes = classifier, classifier.classes_of_frames(phones)
        with torch.no_grad():
            self.real = classifier.features(mel)

    def loss(self, made, weights):
        """How unlike the recordings the rows sound, each with its weight [B]"""
        features = self.classifier.features(made)
        wrong = cross_entropy(self.classifier.logits(features), self.classes, reduction="none").mean(1)
        apart = sum((a - b).abs().mean((1, 2)) / b.std() for a, b in zip(features, self.real)) / len(self.real)
        return ((PHONES * wrong + FEATURES * apart) * weights).sum() / weights.sum().clamp_min(1e-6)


class Drawn:
    """What chance decides of a batch (flow_matching.py: compute_loss): time and noise of the rows, whether a row keeps
    its conditions [B, 1, 1], and the point between noise and mel that the flow is asked at."""

    def __init__(self, mel):
        self.time = 1 - torch.cos(torch.rand(len(mel), 1, 1, device=mel.device) * 0.5 * torch.pi)
        self.noise = torch.randn_like(mel)
        self.kept = (torch.rand(len(mel), 1, 1, device=mel.device) > NO_CONDITION).float()
        self.between = (1 - self.time) * self.noise + self.time * mel


def run(flow, drawn, between, ids, vectors, prompt):
    """mu and the flow's direction, [B, 80, T] each as `between`; the conformer may see more ids"""
    mu, speaker = encode(flow, ids, vectors)
    mu = mu[:, :, :between.size(2)]
    kept, mask = drawn.kept, torch.ones_like(mu[:, :1])
    return mu, flow.decoder.estimator(between, mask, mu * kept, drawn.time.flatten(), speaker * kept[:, 0],
                                      prompt * kept)


def from_offline(flow, drawn, window, whole, ids, vectors, prompt):
    """How far the chunk of a stream's window is from what was made in one go (whole: mu and direction)"""
    with stream_windows.masked(window.ends):
        streamed = run(flow, drawn, window.frames(drawn.between), window.ids(ids), vectors, window.frames(prompt))
    both = ((a[:, :, window.chunk], b[:, :, window.made]) for a, b in zip(whole, streamed))
    return sum(mse_loss(a, b) + EDGE * mse_loss(a[:, :, -AT_EDGE:], b[:, :, -AT_EDGE:]) for a, b in both)


def losses(listener, drawn, mu, direction, mel):
    """Of mu, of the flow's direction, and of how the phones of both sound"""
    # Where a straight way from here leads: hardly anything at first, and at last nothing new.
    made, told = drawn.between + (1 - drawn.time) * direction, (drawn.kept * drawn.time * (1 - drawn.time)).flatten()
    sound = listener.loss(made, told) + OF_MU * listener.loss(mu, torch.ones_like(told))
    return mse_loss(mu, mel), mse_loss(direction, mel - drawn.noise), sound


def main():
    options = stage.parse(__doc__, config.Budget.flow, stage.start_option)
    work = options.work
    data, tokens = Acoustic(work / "acoustic"), stage.load(work / "acoustic_tokens.pt")
    held_out = Acoustic(work / "acoustic_held_out")
    held_out_tokens = stage.load(work / "acoustic_held_out_tokens.pt")
    prompts = stage.load(work / "prompts.pt")
    torch.manual_seed(config.SEED)
    flow = models.make_flow(config.Sizes())
    if options.start:
        stage.load_model(flow, options.start)
    else:
        with torch.no_grad():  # mu begins at the mean mel
            flow.encoder_proj.bias.copy_(data.mel_statistics()[0])
        models.share_digits(flow)
    classifier = PhoneClassifier.load(work / "phones.pt").requires_grad_(False).to(options.device)

    bf16 = stage.fast_autocast(options.device)

    def step_losses(source, ids, rng, training):
        """And how much the conformer looks ahead, and how far what a stream makes is from what is made in one go, 0
        without a stream."""
        rows, window = batch(source, ids, prompts, rng, training)
        ids, mel, vectors, prompt, phones = (t.to(options.device) for t in rows)
        drawn, device = Drawn(mel), torch.device(options.device).type
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            listener = Listener(classifier, mel, phones)
            with stream_windows.looks_ahead() as looks:
                whole = run(flow, drawn, drawn.between, ids, vectors, prompt)
            apart = from_offline(flow, drawn, window, whole, ids, vectors, prompt) if window else torch.zeros(())
            return *losses(listener, drawn, *whole, mel), sum(looks), apart

    def loss_of(step, rng):
        prior, direction, sound, ahead, apart = step_losses(data, tokens, rng, True)
        return direction + OF_MU * prior + sound + APART * apart + AHEAD * ahead, {
            "mu": prior.item(), "flow": direction.item(), "sound": sound.item(), "ahead": ahead.item(),
            "apart": apart.item()}

    def watch():
        found = torch.tensor([step_losses(held_out, held_out_tokens, stage.draw(i, salt=2), False) for i in range(4)])
        return dict(zip(("mu", "flow", "sound", "ahead"), found.mean(0).tolist()))

    stage.train("flow", flow, loss_of, options, rate=RATE, watch=watch,
                finish=lambda: models.unshare_digits(flow))


if __name__ == "__main__":
    main()
