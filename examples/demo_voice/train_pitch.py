#!/usr/bin/env python3
"""Stage 11: trains the vocoder's pitch predictor further, on what the flow makes of the foretold tokens.

The flow's mels are smoother than those of recordings. And where a predictor that only learned how high the pitch is
cannot tell whether there is one, it says something between, as 20 Hz, with which the vocoder hums; 2 % of the frames
are so, and 0.5 % after this. A stream asks for the pitch of frames of which it does not know yet what follows: without
it, a pitch was off by 4 Hz on average, and is by 0.3 Hz after this. Writes WORK/pitch_mels.pt and WORK/f0.pt, which
export.py puts into the vocoder.
"""
import torch
from torch.nn.functional import l1_loss

import audio
import config
import models
import stage
from acoustic import Acoustic
from train_flow import encode

UTTERANCES, BATCH, FRAMES = 800, 16, 40
REACH, CUT = 5, 25  # frames that a pitch depends on after its own; where a batch is cut off
BETWEEN, EARLY = 2.0, 3.0  # weights of the losses of these names
GUIDANCE, STEPS = 0.7, 10  # configs.py: inference_cfg_rate; flow.py: n_timesteps


@torch.no_grad()
def speak(flow, ids, prompt):
    """The flow's mel [80, 2N] of ids [N], after a prompt (flow.py, flow_matching.py: inference)"""
    tokens, before = prompt["tokens"].long(), prompt["mel"].T
    mu, speaker = encode(flow, torch.cat((tokens, ids.long()))[None], prompt["x_vector"][None])
    known = torch.zeros_like(mu)
    known[0, :, :before.size(1)] = before
    conditions = [torch.cat((c, torch.zeros_like(c))) for c in (mu, speaker, known)]
    times = 1 - torch.cos(torch.linspace(0, 1, STEPS + 1) * 0.5 * torch.pi)
    x = torch.randn_like(mu)
    mask = torch.ones(2, 1, mu.size(2))
    for now, then in zip(times, times[1:]):
        mu2, speaker2, known2 = conditions
        with_all, without = flow.decoder.estimator(x.expand(2, -1, -1), mask, mu2, now.expand(2), speaker2, known2)
        x = x + (then - now) * ((1 + GUIDANCE) * with_all - GUIDANCE * without)
    return x[0, :, before.size(1):]


def make_mels(options):
    """Pairs of the flow's mel [80, T] and the recording's pitch [T]; kept for a run that goes on."""
    path = options.work / "pitch_mels.pt"
    if not path.exists():
        data, tokens = Acoustic(options.work / "acoustic"), stage.load(options.work / "acoustic_tokens.pt")
        prompts = stage.load(options.work / "prompts.pt")
        flow = stage.load_model(models.make_flow(config.Sizes()), options.work / "flow.pt")
        rng = stage.draw(0, salt=4)
        pairs, picked = [], rng.sample(range(len(data)), min(len(data), UTTERANCES))
        for n in picked:
            mel = speak(flow, tokens[n][1], prompts[data.voice(n)][0])
            pairs.append((mel.half(), data.get(n, "pitch").half()))
            if len(pairs) % 100 == 0:
                print(f"pitch: {len(pairs)} of {len(picked)} mels", flush=True)
        stage.save(pairs, path)
    return [(mel.float(), pitch.float()) for mel, pitch in stage.load(path) if len(pitch) >= FRAMES]


def batch(pairs, rng):
    mels, pitches = [], []
    for mel, pitch in rng.choices(pairs, k=BATCH):
        first = rng.randint(0, len(pitch) - FRAMES)
        mels.append(mel[:, first:first + FRAMES])
        pitches.append(pitch[first:first + FRAMES])
    return torch.stack(mels), torch.stack(pitches)


def between(hertz):
    """How far from none a pitch is that is none, being below the lowest that speech has."""
    return torch.minimum(hertz, (audio.LOWEST - hertz).clamp_min(0)).mean()


def early(predictor, mel, hertz):
    """How far the last pitches before CUT are from these, where what follows is not there yet."""
    return l1_loss(predictor(mel[:, :, :CUT])[:, -REACH:], hertz[:, CUT - REACH:CUT])


def main():
    options = stage.parse(__doc__, config.Budget.pitch)
    pairs = make_mels(options)
    held_out, pairs = pairs[::20], [pair for n, pair in enumerate(pairs) if n % 20]
    hift = stage.load_model(models.make_hift(config.Sizes()), options.work / "hift.pt")
    predictor = hift.f0_predictor

    def loss_of(step, rng):
        mel, hertz = (t.to(options.device) for t in batch(pairs, rng))
        found = predictor(mel)
        error, undecided, apart = l1_loss(found, hertz), between(found), early(predictor, mel, found)
        return (error + BETWEEN * undecided + EARLY * apart) / 100, {
            "pitch": error.item(), "between": undecided.item(), "early": apart.item()}

    def watch():
        """The losses in Hz, and the median of what is predicted over what is true, where there is a pitch."""
        errors, ratios = [], []
        for mel, hertz in held_out:
            mel = mel[None].to(options.device)
            found = predictor(mel)
            errors.append((l1_loss(found[0].cpu(), hertz), between(found), early(predictor, mel, found)))
            ratios.append((found[0].cpu() / hertz)[hertz > 0])
        means = dict(zip(("pitch", "between", "early"), torch.tensor(errors).mean(0).tolist()))
        return {**means, "ratio": torch.cat(ratios).median().item()}

    stage.train("f0", predictor, loss_of, options, rate=5e-4, watch=watch)


if __name__ == "__main__":
    main()
