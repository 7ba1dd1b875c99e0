"""The Python reference's models at their official size, and at the size of the tiny checkpoints.

The tiny size keeps every tensor name and the head size of 64, and shrinks widths and depths. The
reference has no options for that, so the classes it builds from are replaced while it builds.

Where the environment variable REFERENCE names a checkout, that is the reference; else the installed package.
"""

import contextlib
import importlib.metadata
import os
import sys
from unittest import mock

if "REFERENCE" in os.environ:
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


def t3_config(family, tiny):
    if family in ("english", "multilingual"):
        config = T3Config.english_only() if family == "english" else T3Config.multilingual()
        if tiny:
            config.llama_config_name = "Llama_tiny"
        return config
    config = T3Config(text_tokens_dict_size=50276)  # from here on as in tts_turbo.py, from_local()
    config.llama_config_name = "GPT2_tiny" if tiny else {"turbo": "GPT2_medium", "nano": "GPT2_small"}[family]
    config.speech_tokens_dict_size = 6563
    config.input_pos_emb = None
    config.speech_cond_prompt_len = 375
    config.use_perceiver_resampler = False
    config.emotion_adv = False
    return config


def build_t3(family, tiny):
    if not tiny:
        return T3(t3_config(family, tiny))
    backbones = llama_configs.LLAMA_CONFIGS
    small = {"Llama_tiny": dict(backbones["Llama_520M"], hidden_size=TINY_WIDTH, intermediate_size=256,
                                num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=2),
             "GPT2_tiny": dict(backbones["GPT2_medium"], n_embd=TINY_WIDTH, hidden_size=TINY_WIDTH, n_head=2,
                               n_layer=3)}
    perceiver = cond_enc.Perceiver
    with mock.patch.dict(backbones, small), mock.patch.object(cond_enc, "Perceiver", lambda: perceiver(
            pre_attention_query_size=TINY_WIDTH, embedding_dim=TINY_WIDTH)):
        return T3(t3_config(family, tiny))


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


def build_s3gen(tiny, meanflow=False):
    with tiny_s3gen_parts() if tiny else contextlib.nullcontext():
        return S3Gen(meanflow=meanflow)


def with_weights(model, folder, name):
    missing, unexpected = model.load_state_dict(load_file(f"{folder}/{name}.safetensors"), strict=False)
    # Buffers that the tokenizer computes for itself.
    if unexpected or not set(missing) <= {"tokenizer._mel_filters", "tokenizer.window"}:
        raise ValueError(f"{folder}/{name}: missing {missing}, unexpected {unexpected}")
    return model.eval()


class NoWatermark:
    def apply_watermark(self, wav, sample_rate):
        return wav


def assembled(cls, **parts):
    """An object of the reference's class, on the CPU; its constructor would load the watermark's model."""
    made = cls.__new__(cls)
    vars(made).update(sr=tts.S3GEN_SR, device="cpu", watermarker=NoWatermark(), **parts)
    return made


def load_english(folder, tiny):
    return assembled(
        tts.ChatterboxTTS, ve=with_weights(build_voice_encoder(tiny), folder, "ve"),
        t3=with_weights(build_t3("english", tiny), folder, "t3_cfg"),
        s3gen=with_weights(build_s3gen(tiny), folder, "s3gen"),
        tokenizer=EnTokenizer(f"{folder}/tokenizer.json"), conds=None)


def load_turbo(folder, tiny, family="turbo"):
    """family: turbo or nano."""
    from chatterbox import tts_turbo
    from transformers import AutoTokenizer

    t3 = with_weights(build_t3(family, tiny), folder, f"t3_{family}_v1")
    del t3.tfmr.wte
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    return assembled(
        tts_turbo.ChatterboxTurboTTS, ve=with_weights(build_voice_encoder(tiny), folder, "ve"), t3=t3,
        s3gen=with_weights(build_s3gen(tiny, meanflow=True), folder, "s3gen_meanflow"), tokenizer=tokenizer,
        conds=None, model_label=family.title())


def multilingual_tokenizer(folder):
    """The reference fetches Cangjie5_TC.json even where it is given a folder: this takes the folder's."""
    from chatterbox.models.tokenizers import tokenizer

    with mock.patch.object(tokenizer, "hf_hub_download", lambda filename, **_: f"{folder}/{filename}"):
        return tokenizer.MTLTokenizer(f"{folder}/grapheme_mtl_merged_expanded_v1.json")


def load_multilingual(folder, tiny, version="v2"):
    from chatterbox import mtl_tts

    return assembled(
        mtl_tts.ChatterboxMultilingualTTS, ve=with_weights(build_voice_encoder(tiny), folder, "ve"),
        t3=with_weights(build_t3("multilingual", tiny), folder, f"t3_mtl23ls_{version}"),
        s3gen=with_weights(build_s3gen(tiny), folder, "s3gen"), tokenizer=multilingual_tokenizer(folder), conds=None)


def load_conversion(folder, tiny):
    from chatterbox import vc

    return assembled(vc.ChatterboxVC, s3gen=with_weights(build_s3gen(tiny), folder, "s3gen"), ref_dict=None)
