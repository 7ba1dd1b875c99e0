#!/usr/bin/env python3
"""Stage 5: trains T3 to give the speech tokens of a text in a voice. Writes WORK/t3.pt.

A row is [conditioning 34 | text | start | start | speech], as the library builds it: two starts, both at speech
position 0. In 15 % of the rows the text's embedding is zero, so that guidance has something to guide away from.
"""
import math

import torch
from chatterbox.models.t3.modules.cond_enc import T3Cond
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence

import config
import models
import stage

POSITIONS = 4800   # of a batch, conditioning and padding included
CONDITIONING = 34
NO_TEXT = 0.15     # of the rows
SHORTEST_PROMPT = 25
FLATTEN = 0.01     # weight of the loss that keeps the logits' log-sum at 0
PARK = 0.001       # weight of the loss that keeps the logit of unused ids at PARKED


class Corpus:
    """Utterances in batches of similar length."""

    def __init__(self, utterances, sizes):
        self.utterances = [u for u in utterances
                           if len(u[0]) + 2 <= sizes.text_positions and len(u[2]) + 1 < sizes.speech_positions]
        lengths = [CONDITIONING + len(ids) + 4 + len(tokens) for ids, _, tokens in self.utterances]
        self.batches, batch = [], []
        for n in sorted(range(len(lengths)), key=lengths.__getitem__):
            if batch and (len(batch) + 1) * lengths[n] > POSITIONS:
                self.batches.append(batch)
                batch = []
            batch.append(n)
        self.batches.append(batch)

    def batch(self, rng):
        return [self.utterances[n] for n in rng.choice(self.batches)]


def conditioning(t3, rows, prompts, rng, device):
    """[B, 34, C]: a random prompt of each row's voice, of one random length for all."""
    picked = [rng.choice(prompts[list(config.VOICES)[voice]]) for _, voice, _ in rows]
    length = rng.randint(SHORTEST_PROMPT, min(len(p["t3_tokens"]) for p in picked))
    cond = T3Cond(
        speaker_emb=torch.stack([p["speaker_emb"] for p in picked]).to(device),
        cond_prompt_speech_tokens=torch.stack([p["t3_tokens"][:length] for p in picked]).to(device),
        emotion_adv=torch.tensor([rng.uniform(0, 1) for _ in rows], device=device))
    return t3.prepare_conditioning(cond)


def sequences(t3, rows, cond, texts, device):
    """The rows' embeddings, padded on the right [B, T, C], and what each position is to give [B, T], -100: nothing.

    `texts`: for each row 1, or 0 to leave its text out.
    """
    inputs, targets = [], []
    for row, (ids, _, tokens) in enumerate(rows):
        ids = torch.tensor([config.START_TEXT, *ids.tolist(), config.STOP_TEXT], device=device)
        speech = torch.tensor([config.START_SPEECH] * 2 + tokens.tolist(), device=device)
        text = t3.text_emb(ids) * texts[row] + t3.text_pos_emb.emb.weight[:len(ids)]
        at = torch.arange(-1, len(speech) - 1, device=device).clamp_min(0)
        inputs.append(torch.cat((cond[row], text, t3.speech_emb(speech) + t3.speech_pos_emb.emb(at))))
        target = torch.full((len(inputs[-1]),), -100, device=device)
        target[-len(tokens) - 1:-1] = speech[2:]
        target[-1] = config.CODES  # the end of speech follows the codes in used_rows()
        targets.append(target)
    return pad_sequence(inputs, batch_first=True), pad_sequence(targets, batch_first=True, padding_value=-100)


def used_rows(sizes):
    """The ids that are ever a target, and one that stands for all others."""
    return [*range(config.CODES), config.STOP_SPEECH, config.CODES], sizes.speech_rows - config.CODES - 1


def losses(t3, hidden, target, sizes):
    """Cross entropy over all ids, the unused ones sharing one row; export.py copies it to each.

    The second loss keeps logits near log probabilities, so that the repetition penalty, which multiplies or
    divides them by their sign, hardly moves the likely ones; and the unused ids in their place, with and without
    the text, so that guidance does not move them either.
    """
    rows, unused = used_rows(sizes)
    logits = (hidden @ t3.speech_head.weight[rows].T).float()
    logits = torch.cat((logits[:, :-1], logits[:, -1:] + math.log(unused)), 1)
    log_sum = logits.logsumexp(1).square().mean()
    parked = (logits[:, -1] - math.log(unused) - config.PARKED).square().mean()
    right = (logits.argmax(1) == target).float().mean()
    return cross_entropy(logits, target), FLATTEN * log_sum + PARK * parked, right


def forward(t3, rows, prompts, rng, no_text, device, sizes):
    cond = conditioning(t3, rows, prompts, rng, device)
    texts = [float(rng.random() >= no_text) for _ in rows]
    inputs, targets = sequences(t3, rows, cond, texts, device)
    hidden = t3.tfmr(inputs_embeds=inputs, use_cache=False)[0]  # causal: padding on the right reaches nothing
    spoken = targets >= 0
    return losses(t3, hidden[spoken], targets[spoken], sizes)


def main():
    options = stage.parse(__doc__, config.Budget.t3)
    sizes, work = config.Sizes(), options.work
    utterances = [u for path in sorted((work / "tokens").glob("*.pt")) for u in stage.load(path)]
    corpus, held_out = Corpus(utterances, sizes), Corpus(stage.load(work / "tokens_held_out.pt"), sizes)
    prompts = stage.load(work / "prompts.pt")
    print(f"t3: {len(corpus.utterances)} utterances, {sum(len(u[2]) for u in utterances) / 90_000:.1f} h")
    torch.manual_seed(config.SEED)
    t3 = models.make_t3(sizes)
    t3.text_head.requires_grad_(False)  # nothing reads it
    bf16 = stage.fast_autocast(options.device)

    def step_losses(rows, rng, no_text):
        with torch.autocast(torch.device(options.device).type, torch.bfloat16, enabled=bf16):
            return forward(t3, rows, prompts, rng, no_text, options.device, sizes)

    def loss_of(step, rng):
        loss, shape, right = step_losses(corpus.batch(rng), rng, NO_TEXT)
        return loss + shape, {"loss": loss.item(), "right": right.item(), "shape": shape.item()}

    def watch():
        rng = stage.draw(0, salt=1)
        found = torch.tensor([step_losses([held_out.utterances[n] for n in b], rng, 0) for b in held_out.batches])
        return dict(zip(("loss", "shape", "right"), found.mean(0).tolist()))

    stage.train("t3", t3, loss_of, options, rate=2e-3, watch=watch, decay=0.05)


if __name__ == "__main__":
    main()
