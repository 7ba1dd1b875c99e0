"""What the reference computes on its way, recorded while it runs as it is."""

import contextlib
from unittest import mock

LOGITS_KEPT = 3


def voice_tensors(conditionals):
    return {"voice.speaker_emb": conditionals.t3.speaker_emb,
            "voice.cond_prompt_speech_tokens": conditionals.t3.cond_prompt_speech_tokens,
            **s3gen_voice_tensors(conditionals.gen)}


def s3gen_voice_tensors(conditionals):
    return {f"voice.gen.{key}": value for key, value in conditionals.items() if value is not None}


@contextlib.contextmanager
def seen(owner, name, see, **forced):
    """Meanwhile owner.name is called with the arguments `forced` too, and see(result, args, kwargs) after each call."""
    original = getattr(owner, name)

    def call(*args, **kwargs):
        kwargs.update(forced)
        result = original(*args, **kwargs)
        see(result, args, kwargs)
        return result

    with mock.patch.object(owner, name, call):
        yield


@contextlib.contextmanager
def outputs_of(module, see):
    hook = module.register_forward_hook(lambda _module, _inputs, output: see(output))
    try:
        yield
    finally:
        hook.remove()


@contextlib.contextmanager
def logits_of(t3):
    """t3.logits0, ... of the first forward passes: all rows, before guidance and the sampler."""
    kept = {}

    def see(output):
        if len(kept) < LOGITS_KEPT:
            kept[f"t3.logits{len(kept)}"] = output[:, -1].clone()

    with outputs_of(t3.speech_head, see):
        yield kept


@contextlib.contextmanager
def stages_of(s3gen):
    """s3gen.* of one call of inference()."""
    kept = {}

    def see_flow(mel, args, _kwargs):
        kept["s3gen.speech_tokens"] = args[0].reshape(-1).clone()
        kept["s3gen.mel"] = mel[0].clone()

    def see_vocoder(result, _args, _kwargs):
        kept["s3gen.wav"] = result[0][0]  # no copy: inference() fades it in place
        kept["s3gen.source"] = result[1][0, 0].clone()

    # The solver calls the estimator's forward(), which runs no hooks.
    estimator = s3gen.flow.decoder.estimator
    original = estimator.forward

    def forward(*args, **kwargs):
        kept.setdefault("s3gen.z", (args[0] if args else kwargs["x"])[0].clone())
        return original(*args, **kwargs)

    with contextlib.ExitStack() as stack:
        for one in (seen(s3gen, "flow_inference", see_flow),
                    seen(s3gen, "hift_inference", see_vocoder),
                    mock.patch.object(estimator, "forward", forward),
                    outputs_of(s3gen.flow.encoder_proj, lambda mu: kept.update({"s3gen.mu": mu[0].clone()})),
                    outputs_of(s3gen.mel2wav.f0_predictor, lambda f0: kept.update({"s3gen.f0": f0[0].clone()}))):
            stack.enter_context(one)
        yield kept
