"""Attention as a stream has it, for training: what is spoken in chunks knows little of what comes after a chunk.

CosyVoice 2 (https://arxiv.org/abs/2412.10117, 2.3.4) trains its flow with such masks in a part of the batches, and the
official S3Gen is of its make. Here the prompt is a chunk by itself in half of them, as where a stream keeps its states.

The conformer sees three tokens ahead in its first convolution. What its attention looks for behind those is what a
chunk's last frames lack in a stream, so training asks it to look back alone (looks_ahead()).
"""
from contextlib import contextmanager

import torch
from chatterbox.models.s3gen import decoder
from chatterbox.models.s3gen.transformer import upsample_encoder
from chatterbox.models.s3gen.transformer.attention import RelPositionMultiHeadedAttention

CHUNKS = (12, 100)  # tokens; the library's plan is 12, 25, 50, 100
RIGHT = (3, 13)     # tokens after a chunk that are known: the look-ahead, and what the library waits for at most


def known_ends(length, prompt, rng):
    """[N]: to which token, exclusive, each of `length` tokens sees; the first `prompt` of them are the prompt's."""
    alone = prompt > 0 and rng.random() < 0.5
    ends = torch.empty(length, dtype=torch.long)
    right = rng.randint(*RIGHT)
    ends[:prompt] = prompt if alone else min(length, prompt + CHUNKS[0] + right)
    begin = prompt
    while begin < length:
        end = begin + rng.randint(*CHUNKS)
        ends[begin:end] = min(length, end + right)
        begin = end
    return ends


@contextmanager
def masked(ends):
    """Within it, each attention of the flow is masked by known_ends()."""
    def chunk_mask(xs, masks, *_):
        scale = xs.size(1) // len(ends)  # frames of a token
        last = ends.repeat_interleave(scale).to(xs.device) * scale
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
