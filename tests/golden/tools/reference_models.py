"""The Python reference's models at their official size, and at the size of the tiny checkpoints.

The tiny size keeps every tensor name and the head size of 64, and shrinks widths and depths. The
reference has no options for that, so the classes it builds from are replaced while it builds.
"""

import contextlib
import importlib.metadata
import os
import sys
from unittest import mock

# The reference asks for its own version, which a checkout that is not installed has not.
_version = importlib.metadata.version
importlib.metadata.version = lambda name: "0" if name == "chatterbox-tts" else _version(name)
sys.path.insert(0, os.path.join(os.environ["REFERENCE"], "src"))

from chatterbox import tts  # noqa: E402
from chatterbox.models.s3gen import S3Gen, s3gen  # noqa: E402
from chatterbox.models.s3gen.transformer import upsample_encoder  # noqa: E402
from chatterbox.models.t3 import T3, llama_configs  # noqa: E402
from chatterbox.models.t3.modules import cond_enc  # noqa: E402
from chatterbox.models.t3.modules.t3_config import T3Config  # noqa: E402
from chatterbox.models.tokenizers import EnTokenizer  # noqa: E402
from chatterbox.models.voice_encoder import VoiceEncoder  # noqa: E402
from chatterbox.models.voice_encoder.config import VoiceEncConfig  # noqa: E402
from s3tokenizer.model_v2 import ModelConfig, S3TokenizerV2  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

TINY_WIDTH = 128


def build_t3(tiny):
    if not tiny:
        return T3()
    llama_configs.LLAMA_CONFIGS["Llama_tiny"] = dict(
        llama_configs.LLAMA_CONFIGS["Llama_520M"], hidden_size=TINY_WIDTH, intermediate_size=256,
        num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=2)
    config = T3Config.english_only()
    config.llama_config_name = "Llama_tiny"
    perceiver = cond_enc.Perceiver
    with mock.patch.object(cond_enc, "Perceiver", lambda: perceiver(
            pre_attention_query_size=TINY_WIDTH, embedding_dim=TINY_WIDTH)):
        return T3(config)


def build_voice_encoder(tiny):
    config = VoiceEncConfig()
    if tiny:
        config.ve_hidden_size = 64
    return VoiceEncoder(config)


@contextlib.contextmanager
def tiny_s3gen_parts():
    def smaller(module, name, **changes):
        original = getattr(module, name)
        return mock.patch.object(module, name, lambda *args, **given: original(*args, **{**given, **changes}))

    tokenizer = ModelConfig(n_audio_state=TINY_WIDTH, n_audio_head=2, n_audio_layer=2)
    with contextlib.ExitStack() as stack:
        for patch in (
            # S3Tokenizer does not pass a configuration on; this is its base's default.
            mock.patch.object(S3TokenizerV2.__init__, "__defaults__", (tokenizer,)),
            smaller(upsample_encoder, "PreLookaheadLayer", channels=TINY_WIDTH),
            smaller(upsample_encoder, "Upsample1D", channels=TINY_WIDTH, out_channels=TINY_WIDTH),
            smaller(s3gen, "CAMPPlus", growth_rate=8, init_channels=32),
            smaller(s3gen, "UpsampleConformerEncoder", output_size=TINY_WIDTH, input_size=TINY_WIDTH,
                    attention_heads=2, linear_units=256, num_blocks=2),
            smaller(s3gen, "ConditionalDecoder", channels=[64], n_blocks=1, num_mid_blocks=2, num_heads=2),
            smaller(s3gen, "CausalMaskedDiffWithXvec", input_size=TINY_WIDTH),
            smaller(s3gen, "ConvRNNF0Predictor", cond_channels=64),
            smaller(s3gen, "HiFTGenerator", base_channels=64),
        ):
            stack.enter_context(patch)
        yield


def build_s3gen(tiny):
    with tiny_s3gen_parts() if tiny else contextlib.nullcontext():
        return S3Gen()


def load_english(folder, tiny):
    """ChatterboxTTS of a checkpoint folder, in fp32 on the CPU, without the watermark's model."""
    models = {"ve": build_voice_encoder(tiny), "t3_cfg": build_t3(tiny), "s3gen": build_s3gen(tiny)}
    for name, model in models.items():
        missing, unexpected = model.load_state_dict(load_file(f"{folder}/{name}.safetensors"), strict=False)
        # Buffers that the tokenizer computes for itself.
        if unexpected or not set(missing) <= {"tokenizer._mel_filters", "tokenizer.window"}:
            raise ValueError(f"{folder}/{name}: missing {missing}, unexpected {unexpected}")
        model.eval()
    english = tts.ChatterboxTTS.__new__(tts.ChatterboxTTS)
    english.sr, english.device, english.conds = tts.S3GEN_SR, "cpu", None
    english.ve, english.t3, english.s3gen = models.values()
    english.tokenizer = EnTokenizer(f"{folder}/tokenizer.json")
    return english
