"""What a stream sees, for training: it makes speech in chunks, and knows little of what lies around a chunk.

CosyVoice 2 (https://arxiv.org/abs/2412.10117, 2.3.4) trains its flow with masks that hide what comes after a chunk in a
part of the batches, and the official S3Gen is of its make. This library's streams also forget what lies far before a
chunk, so here a window is cut out of the utterance, as a stream cuts it.

The conformer sees three tokens ahead in its first convolution. What its attention looks for behind those is what a
chunk's last frames lack in a stream, so training asks it to look back alone (looks_ahead()).
"""
from contextlib import contextmanager

import torch
from chatterbox.models.s3gen import decoder
from chatterbox.models.s3gen.transformer import upsample_encoder
from chatterbox.models.s3gen.transformer.attention import RelPositionMultiHeadedAttention

import config

SHORTEST, CHUNKS = 6, (12, 100)  # tokens; the library's plan is 25, 50, 100, and a last chunk has at least 6
LEFT = 50           # tokens before a chunk that a stream computes again
LOOK_AHEAD = 3      # tokens (upsample_encoder.py, pre_lookahead_len)
RIGHT = (LOOK_AHEAD, 13)  # tokens after a chunk that are known, and what the library waits for at most
FROZEN = 0.5        # of the windows: the prompt is a chunk by itself, as where a stream keeps its states


class Window:
    """What a stream takes to make a chunk: the prompt, LEFT tokens before the chunk, the chunk, and what is known of
    the tokens after it. The conformer sees all of it; of the last LOOK_AHEAD tokens it makes no frames, unless speech
    ends with them (flow.py: inference, finalize)."""

    def __init__(self, length, prompt, rng):
        begin = rng.randint(prompt, length - SHORTEST)
        end = min(length, begin + rng.randint(*CHUNKS))
        left, right = max(prompt, begin - LEFT), min(length, end + rng.randint(*RIGHT))
        self.tokens = torch.cat((torch.arange(prompt), torch.arange(left, right)))
        self.chunk = slice(scaled(begin), scaled(end))  # frames of the utterance
        self.made = slice(scaled(prompt + begin - left), scaled(prompt + end - left))  # and of the window
        self.ends = torch.full_like(self.tokens, len(self.tokens))  # to which token, exclusive, each one sees
        if rng.random() < FROZEN:
            self.ends[:prompt] = prompt
        self.made_of = self.tokens if right == length else self.tokens[:-LOOK_AHEAD]

    def ids(self, ids):
        return ids[:, self.tokens]

    def frames(self, mel):
        """Those of an utterance [B, 80, 2N] that the flow makes [B, 80, 2W]"""
        return mel.unflatten(2, (-1, config.FRAMES_PER_TOKEN))[:, :, self.made_of].flatten(2)


def scaled(tokens):
    return config.FRAMES_PER_TOKEN * tokens


@contextmanager
def masked(ends):
    """Within it, each attention of the flow sees as far as Window.ends says."""
    def chunk_mask(xs, masks, *_):
        scale = round(xs.size(1) / len(ends))  # frames of a token; the flow has none of the last tokens
        last = ends.repeat_interleave(scale)[:xs.size(1)].to(xs.device) * scale
        return masks & (torch.arange(xs.size(1), device=xs.device) < last[:, None])

    modules = (decoder, upsample_encoder)
    before = [module.add_optional_chunk_mask for module in modules]
    for module in modules:
        module.add_optional_chunk_mask = chunk_mask
    try:
        yield
    finally:
        for module, function in zip(modules, before):
            module.add_optional_chunk_mask = function


@contextmanager
def looks_ahead():
    """Gives a list, to which each attention of the conformer within it adds -log(the share that is not of what comes
    after the frame), the mean of its frames."""
    found, attend = [], RelPositionMultiHeadedAttention.forward_attention

    def watched(self, value, scores, *mask):
        ahead = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        behind = scores.masked_fill(ahead, -torch.inf).float().logsumexp(-1)
        found.append((scores.float().logsumexp(-1) - behind).mean())
        return attend(self, value, scores, *mask)

    RelPositionMultiHeadedAttention.forward_attention = watched
    try:
        yield found
    finally:
        RelPositionMultiHeadedAttention.forward_attention = attend
