#!/usr/bin/env python3
"""Stage 6: trains T3 to give the speech tokens of a text in a voice. Writes WORK/t3.pt.

A row is [conditioning 34 | text | start | start | speech], as the library builds it: two starts, both at speech
position 0. In 15 % of the rows the text's embedding is zero, so that guidance has something to guide away from.
"""
import math
from functools import partial

import torch
from chatterbox.models.t3.modules.cond_enc import T3Cond
from torch.nn.functional import cross_entropy
from torch.nn.utils import parametrize
from torch.nn.utils.rnn import pad_sequence
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

import config
import models
import stage

POSITIONS = 3200   # of a batch, conditioning and padding included
CONDITIONING = 34
NO_TEXT = 0.15     # of the rows
# In a third of the rows up to so much of the speech that was said is not shown, so that T3 must look at the text.
HIDDEN = 0.6
SHORTEST_PROMPT = 25
RATE = 2e-3
FLATTEN = 0.01     # weight of the loss that keeps the logits' log-sum at 0
PARK = 0.001       # weight of the loss that keeps the logit of unused ids at PARKED


# Without help, T3 learns for long what speech follows speech before it looks at the text. The teacher tells where in
# the text a token is, so the first head of each of these layers is shown where to look. The three are also what the
# library's alignment analyzer watches (rank_heads.py).
GUIDED_LAYERS = (2, 3, 4)
GUIDED = 0.3       # weight of the loss of that
REACH = 2.0        # ids of the text, to either side


class Watch:
    """What heads of T3 attend to: `heads` gives of each layer how many of its first ones are looked at."""

    def __init__(self, t3, heads):
        self.attended = []  # of each layer that is looked at, [B, heads, T, T]
        for layer, count in heads.items():
            t3.tfmr.layers[layer].self_attn.register_forward_pre_hook(partial(self._attend, count), with_kwargs=True)

    def _attend(self, count, attention, args, kwargs):
        hidden = kwargs["hidden_states"] if "hidden_states" in kwargs else args[0]
        width = count * attention.head_dim
        q, k = ((hidden @ projection.weight[:width].T).unflatten(2, (count, -1)).transpose(1, 2)
                for projection in (attention.q_proj, attention.k_proj))
        q, k = apply_rotary_pos_emb(q, k, *kwargs["position_embeddings"])
        scores = q @ k.transpose(2, 3) * attention.head_dim ** -0.5
        later = torch.ones(scores.shape[2:], dtype=torch.bool, device=scores.device).triu(1)
        self.attended.append(scores.masked_fill(later, -torch.inf).softmax(3))

    def take(self):
        attended, self.attended = self.attended, []
        return attended


class Guide:
    """Draws the first head of each guided layer to each token's place in the text."""

    def __init__(self, t3):
        self.watch = Watch(t3, {layer: 1 for layer in GUIDED_LAYERS})

    def loss(self, rows, texts):
        """Mean of -log of the attention that is near each token's place in the text, of rows with their text."""
        attended = self.watch.take()
        near = torch.stack([near_places(len(ids), places, attended[0].size(2)) for ids, _, _, places in rows])
        near = near.to(attended[0].device)
        counts = near.amax(2) * torch.tensor(texts, device=near.device)[:, None]
        total = sum(-((a[:, 0] * near).sum(2) + 1e-4).log().mul(counts).sum() for a in attended)
        return total / (len(GUIDED_LAYERS) * counts.sum().clamp_min(1))


def near_places(letters, places, size):
    """[size, size]: 1 where a position that gives a token may look, 0 elsewhere"""
    near = torch.zeros(size, size)
    begin = CONDITIONING + letters + 3  # the second start gives the first token
    at = torch.from_numpy(places).float()
    text = torch.arange(letters) + 0.5
    near[begin:begin + len(at), CONDITIONING + 1:CONDITIONING + 1 + letters] = (
        (text[None] - at[:, None]).abs() <= REACH).float()
    return near


class Corpus:
    """Utterances in batches of similar length."""

    def __init__(self, utterances, sizes):
        self.utterances = [u for u in utterances
                           if len(u[0]) + 2 <= sizes.text_positions and len(u[2]) + 1 < sizes.speech_positions]
        lengths = [CONDITIONING + len(ids) + 4 + len(tokens) for ids, _, tokens, _ in self.utterances]
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
    picked = [rng.choice(prompts[list(config.VOICES)[voice]]) for _, voice, _, _ in rows]
    length = rng.randint(SHORTEST_PROMPT, min(len(p["t3_tokens"]) for p in picked))
    cond = T3Cond(
        speaker_emb=torch.stack([p["speaker_emb"] for p in picked]).to(device),
        cond_prompt_speech_tokens=torch.stack([p["t3_tokens"][:length] for p in picked]).to(device),
        emotion_adv=torch.tensor([rng.uniform(0, 1) for _ in rows], device=device))
    return t3.prepare_conditioning(cond)


def sequences(t3, rows, cond, texts, shown, device):
    """The rows' embeddings, padded on the right [B, T, C], and what each position is to give [B, T], -100: nothing.

    `texts`: for each row 1, or 0 to leave its text out. `shown`: for each row the share of its tokens that is seen.
    """
    inputs, targets = [], []
    for row, (ids, _, tokens, _) in enumerate(rows):
        ids = torch.tensor([config.START_TEXT, *ids.tolist(), config.STOP_TEXT], device=device)
        speech = torch.tensor([config.START_SPEECH] * 2 + tokens.tolist(), device=device)
        text = t3.text_emb(ids) * texts[row] + t3.text_pos_emb.emb.weight[:len(ids)]
        at = torch.arange(-1, len(speech) - 1, device=device).clamp_min(0)
        seen = (torch.rand(len(speech), 1, device=device) < shown[row]).float()
        said = t3.speech_emb(speech) * seen
        inputs.append(torch.cat((cond[row], text, said + t3.speech_pos_emb.emb(at))))
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


def forward(t3, guide, rows, prompts, rng, no_text, hidden, device, sizes):
    cond = conditioning(t3, rows, prompts, rng, device)
    texts = [float(rng.random() >= no_text) for _ in rows]
    shown = [1 - rng.uniform(0, hidden) if rng.random() < 1 / 3 else 1.0 for _ in rows]
    inputs, targets = sequences(t3, rows, cond, texts, shown, device)
    states = t3.tfmr(inputs_embeds=inputs, use_cache=False)[0]  # causal: padding on the right reaches nothing
    spoken = targets >= 0
    return *losses(t3, states[spoken], targets[spoken], sizes), guide.loss(rows, texts)


def main():
    options = stage.parse(__doc__, config.Budget.t3, stage.start_option)
    sizes, work = config.Sizes(), options.work
    utterances = [u for path in sorted((work / "tokens").glob("*.pt")) for u in stage.load(path)]
    corpus, held_out = Corpus(utterances, sizes), Corpus(stage.load(work / "tokens_held_out.pt"), sizes)
    prompts = stage.load(work / "prompts.pt")
    print(f"t3: {len(corpus.utterances)} utterances, {sum(len(u[2]) for u in utterances) / 90_000:.1f} h")
    torch.manual_seed(config.SEED)
    t3 = models.make_t3(sizes)
    if options.start:
        stage.load_model(t3, options.start)
    else:
        models.share_digits(t3)
    t3.text_head.requires_grad_(False)  # nothing reads it
    guide = Guide(t3)
    bf16 = stage.fast_autocast(options.device)

    def step_losses(rows, rng, no_text, hidden):
        with parametrize.cached(), torch.autocast(torch.device(options.device).type, torch.bfloat16, enabled=bf16):
            return forward(t3, guide, rows, prompts, rng, no_text, hidden, options.device, sizes)

    def loss_of(step, rng):
        loss, shape, right, look = step_losses(corpus.batch(rng), rng, NO_TEXT, HIDDEN)
        return loss + shape + GUIDED * look, {"loss": loss.item(), "right": right.item(), "look": look.item()}

    def watch():
        rng = stage.draw(0, salt=1)
        found = torch.tensor([step_losses([held_out.utterances[n] for n in b], rng, 0, 0) for b in held_out.batches])
        return dict(zip(("loss", "shape", "right", "look"), found.mean(0).tolist()))

    stage.train("t3", t3, loss_of, options, rate=RATE, watch=watch, decay=0.05,
                finish=lambda: models.unshare_digits(t3))


if __name__ == "__main__":
    main()
