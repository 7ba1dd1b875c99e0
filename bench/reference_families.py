"""The package's model of each family, and the stages of its generate() with that family's defaults.

Multilingual, Turbo and Nano load as the goldens' tools load them: the released package loads Multilingual's parts from
other files than the published folder has, and does not know Nano, whose backbone is named here.
"""

import sys

from families import family_of
from sides import ROOT

SPEECH_VOCABULARY = 6561


class English:
    """Llama with guidance: ChatterboxTTS."""

    package = "chatterbox-tts"
    sampling = {"temperature": 0.8, "cfg_weight": 0.5, "repetition_penalty": 1.2, "min_p": 0.05, "top_p": 1.0}

    def __init__(self, folder, language):
        self.language = language
        self.model = self.load(folder)

    def load(self, folder):
        from chatterbox.tts import ChatterboxTTS

        return ChatterboxTTS.from_local(folder, "cpu")

    def head(self):
        """What runs once in each of T3's forwards, and in the prefill."""
        return self.model.t3.speech_head

    def normalised_ids(self, text):
        from chatterbox.tts import punc_norm

        return self.model.tokenizer.text_to_tokens(punc_norm(text))

    def ids(self, text):
        import torch.nn.functional as functional

        ids, hp = self.normalised_ids(text), self.model.t3.hp
        ids = functional.pad(ids, (1, 0), value=hp.start_text_token)
        ids = functional.pad(ids, (0, 1), value=hp.stop_text_token)
        return ids.repeat(2, 1)  # conditional and unconditional

    def draw(self, ids, max_new_tokens):
        return self.model.t3.inference(t3_cond=self.model.conds.t3, text_tokens=ids, max_new_tokens=max_new_tokens,
                                       **self.sampling)[0]

    def spoken(self, drawn):
        """The tokens that S3Gen gets."""
        from chatterbox.models.s3tokenizer import drop_invalid_tokens

        kept = drop_invalid_tokens(drawn)
        return kept[kept < SPEECH_VOCABULARY]


class Multilingual(English):
    sampling = {**English.sampling, "repetition_penalty": 2.0}

    def load(self, folder):
        return golden_models().load_multilingual(folder, tiny=False)

    def normalised_ids(self, text):
        from chatterbox.mtl_tts import punc_norm

        return self.model.tokenizer.text_to_tokens(punc_norm(text), language_id=self.language)


class Turbo(English):
    """GPT-2 without guidance, and a mean flow: ChatterboxTurboTTS."""

    family = "turbo"
    sampling = {"temperature": 0.8, "top_k": 1000, "top_p": 0.95, "repetition_penalty": 1.2}

    def load(self, folder):
        return golden_models().load_turbo(folder, tiny=False, family=self.family)

    def ids(self, text):
        from chatterbox.tts_turbo import punc_norm

        return self.model.tokenizer(punc_norm(text), return_tensors="pt", padding=True, truncation=True).input_ids

    def draw(self, ids, max_new_tokens):
        return self.model.t3.inference_turbo(t3_cond=self.model.conds.t3, text_tokens=ids,
                                             max_gen_len=max_new_tokens, **self.sampling)[0]

    def spoken(self, drawn):
        import torch
        from chatterbox.models.s3gen.const import S3GEN_SIL

        return torch.cat([drawn[drawn < SPEECH_VOCABULARY], torch.full((3,), S3GEN_SIL)])


class Nano(Turbo):
    family = "nano"

    def load(self, folder):
        from chatterbox.models.t3 import llama_configs

        small = {"n_embd": 768, "hidden_size": 768, "n_head": 12, "n_layer": 12}  # GPT-2 small
        llama_configs.LLAMA_CONFIGS.setdefault("GPT2_small", {**llama_configs.LLAMA_CONFIGS["GPT2_medium"], **small})
        return super().load(folder)


class Flash(English):
    """Blocks of masked tokens with guidance, and a mean flow: ChatterboxFlashTTS, on its engine for any CPU, in fp32."""

    package = "chatterbox-flash"
    sampling = {"num_steps": 10, "temperature": 0.6, "time_shift_tau": 0.1, "omnivoice_schedule_t_shift": 0.5,
                "cfg_scale": 1.0, "position_temperature": 5.0}

    def load(self, folder):
        import torch
        from chatterbox_flash import ChatterboxFlashTTS

        return ChatterboxFlashTTS.from_local(folder, "cpu", dtype=torch.float32)

    def head(self):
        return self.model.t3.tfmr  # its passes over a finished block have no logits

    def ids(self, text):
        return self.model._encode_text(text)

    def draw(self, ids, max_new_tokens):
        import torch

        return self.model.t3.generate(t3_cond=self.model.conds.t3, text_tokens=ids,
                                      text_token_lens=torch.tensor([ids.shape[1]]), total_speech_len=max_new_tokens,
                                      backend="torch", batch_size=1, **self.sampling)[0]

    def spoken(self, drawn):
        return self.model._trim_to_eos(drawn)


FAMILIES = {"english": English, "multilingual": Multilingual, "turbo": Turbo, "nano": Nano, "flash": Flash}


def golden_models():
    sys.path.insert(0, str(ROOT / "tests" / "golden" / "tools"))
    import reference_models

    return reference_models


def load_family(folder, language):
    import perth

    # The watermark is no part of the comparison, and its model would count as memory.
    perth.PerthImplicitWatermarker = type("NoWatermark", (), {})
    return FAMILIES[family_of(folder)](folder, language)
