"""The optimizer of the stages: Muon for matrices and convolutions, AdamW for all else.

Muon (https://kellerjordan.github.io/posts/muon) makes each step of a matrix orthogonal, so that all its directions
learn at one speed: at these sizes as good as AdamW in about half of the steps.
"""
import torch
from torch import nn

MOMENTUM = 0.95
QUINTIC = (3.4445, -4.7750, 2.0315)  # of the Newton-Schulz iteration, as its authors tuned it
ITERATIONS = 5
ADAMW_LIKE = 1.0
NARROWEST = 16  # of what counts as a matrix


def orthogonal(matrix):
    """About U Vᵀ of the singular value decomposition U S Vᵀ. [R, C] -> [R, C]"""
    a, b, c = QUINTIC
    tall = matrix.size(0) > matrix.size(1)
    x = (matrix.T if tall else matrix).bfloat16()
    x = x / (x.norm() + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.T if tall else x).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """Parameters of two and more dimensions, each seen as [first, all others]."""

    def __init__(self, parameters, lr, weight_decay=0.0):
        super().__init__(parameters, dict(lr=lr, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
                momentum.lerp_(p.grad, 1 - MOMENTUM)
                step = orthogonal(p.grad.lerp(momentum, MOMENTUM).flatten(1)).view_as(p)
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(step, alpha=-group["lr"] * ADAMW_LIKE * max(step.size(0), step[0].numel()) ** 0.5)


def split(module):
    """The parameters that are trained: those for Muon, and the others: vectors, tables and the heads that mirror them."""
    tables = {id(one.weight) for one in module.modules() if isinstance(one, nn.Embedding)}
    matrices, others = [], []
    for name, p in module.named_parameters():
        if p.requires_grad:
            mixes = p.ndim >= 2 and min(p.size(0), p[0].numel()) >= NARROWEST
            (matrices if mixes and id(p) not in tables and "speech_head" not in name else others).append(p)
    return matrices, others


class Optimizers:
    """The two as one."""

    def __init__(self, module, rate, decay):
        matrices, others = split(module)
        self.each = [Muon(matrices, rate, decay)] if matrices else []
        self.each.append(torch.optim.AdamW(others, rate, betas=(0.9, 0.98), weight_decay=decay))

    def set_rate(self, rate):
        for one in self.each:
            for group in one.param_groups:
                group["lr"] = rate

    def zero_grad(self):
        for one in self.each:
            one.zero_grad(set_to_none=True)

    def step(self):
        for one in self.each:
            one.step()

    def state_dict(self):
        return [one.state_dict() for one in self.each]

    def load_state_dict(self, states):
        for one, state in zip(self.each, states):
            one.load_state_dict(state)
