"""The official modules at the sizes of the demo voice.

They are those of the Python package (chatterbox-tts 0.1.7, s3tokenizer), so that what is trained is what
is computed. Where the package fixes a width that its constructors do not take, the part is put in place
of the one that was made.
"""
import torch
from chatterbox.models.s3gen.decoder import ConditionalDecoder
from chatterbox.models.s3gen.f0_predictor import ConvRNNF0Predictor
from chatterbox.models.s3gen.flow import CausalMaskedDiffWithXvec
from chatterbox.models.s3gen.hifigan import HiFTGenerator
from chatterbox.models.s3gen.transformer import upsample_encoder
from chatterbox.models.s3gen.xvector import FCM, CAMPPlus, TDNNLayer
from chatterbox.models.t3 import T3
from chatterbox.models.t3.llama_configs import LLAMA_CONFIGS
from chatterbox.models.t3.modules.perceiver import Perceiver
from chatterbox.models.t3.modules.t3_config import T3Config
from chatterbox.models.voice_encoder import VoiceEncoder
from chatterbox.models.voice_encoder.config import VoiceEncConfig
from s3tokenizer.model_v2 import AudioEncoderV2, FSQVectorQuantization
from torch import nn
from torch.nn.utils import parametrize

import config

HEAD = 64
CODE_SCALE = 0.9990000128746033  # s3tokenizer.model_v2.FSQCodebook


class Tokenizer(nn.Module):
    """S3TokenizerV2 without its inference mode: names and arithmetic are the same."""

    def __init__(self, sizes):
        super().__init__()
        width = sizes.tokenizer_width
        self.encoder = AudioEncoderV2(128, width, width // HEAD, sizes.tokenizer_layers, stride=2, use_sdpa=False)
        self.quantizer = FSQVectorQuantization(width, config.ALL_CODES)
        self._fix_last_digits()

    def _fix_last_digits(self):
        """The last digits are tanh(-10) = -1, which is 0 in the id, and no gradient reaches them."""
        down = self.quantizer._codebook.project_down
        with torch.no_grad():
            down.weight[config.FREE_DIGITS:] = 0
            down.bias[config.FREE_DIGITS:] = -10
        free = torch.zeros(8)
        free[:config.FREE_DIGITS] = 1
        down.weight.register_hook(lambda grad: grad * free.to(grad).unsqueeze(1))
        down.bias.register_hook(lambda grad: grad * free.to(grad))

    def soft_and_digits(self, mel, lengths):
        """[B, 128, 4N] -> numbers from -1 to 1, and rounded [B, N, 8]; the gradient goes straight through that."""
        hidden, _ = self.encoder(mel, lengths)
        soft = torch.tanh(self.quantizer._codebook.project_down(hidden)) * CODE_SCALE
        return soft, soft + (soft.round() - soft).detach()

    @torch.no_grad()
    def tokens(self, mel, lengths):
        """[B, 128, 4N] -> ids [B, N]"""
        powers = 3 ** torch.arange(8, device=mel.device)
        return ((self.soft_and_digits(mel, lengths)[1].round() + 1).long() * powers).sum(-1)


def digits_of(tokens):
    """Ids [...] -> the digits that vary, in -1, 0, 1 [..., FREE_DIGITS]"""
    powers = 3 ** torch.arange(config.FREE_DIGITS, device=tokens.device)
    return (tokens.unsqueeze(-1) // powers % 3 - 1).float()


class DigitRows(nn.Module):
    """Adds to the rows of codes what a small network makes of their digits, so that a code which is seldom heard has
    learned from those like it. For nn.utils.parametrize: what ships is the sum.
    """

    def __init__(self, width, hidden=256):
        super().__init__()
        self.made = nn.Sequential(nn.Linear(config.FREE_DIGITS, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.register_buffer("digits", digits_of(torch.arange(config.CODES)), persistent=False)

    def forward(self, table):
        return table + nn.functional.pad(self.made(self.digits), (0, 0, 0, len(table) - config.CODES))


def tables_of_codes(model):
    """Those modules of T3 or of the flow whose weight has a row for each code."""
    return [getattr(model, name) for name in ("speech_emb", "speech_head", "input_embedding") if hasattr(model, name)]


def share_digits(model):
    for module in tables_of_codes(model):
        parametrize.register_parametrization(module, "weight", DigitRows(module.weight.size(1)))


def unshare_digits(model):
    """Each table as one again, under the official name, where it was shared."""
    for module in filter(parametrize.is_parametrized, tables_of_codes(model)):
        parametrize.remove_parametrizations(module, "weight")


def make_voice_encoder(sizes):
    hp = VoiceEncConfig()
    hp.ve_hidden_size = sizes.speaker_hidden
    encoder = VoiceEncoder(hp)
    nn.init.constant_(encoder.proj.bias, 0.1)  # the last ReLU must not give a vector of zeros
    return encoder


def make_camplus(sizes):
    model = CAMPPlus(growth_rate=sizes.camplus_growth, init_channels=sizes.camplus_width, memory_efficient=False)
    model.head = FCM(m_channels=sizes.camplus_planes)  # its planes of 80 bands are most of the work
    model.xvector.tdnn = TDNNLayer(model.head.out_channels, sizes.camplus_width, 5, stride=2, padding=-1)
    return model


def make_t3(sizes):
    width = sizes.t3_width
    LLAMA_CONFIGS["Llama_demo"] = dict(
        LLAMA_CONFIGS["Llama_520M"], hidden_size=width, intermediate_size=sizes.t3_inner,
        num_hidden_layers=sizes.t3_layers, num_attention_heads=width // HEAD, num_key_value_heads=width // HEAD)
    hp = T3Config.english_only()
    hp.llama_config_name = "Llama_demo"
    hp.max_text_tokens = sizes.text_positions - 2
    hp.max_speech_tokens = sizes.speech_positions - 4
    hp.speech_tokens_dict_size = sizes.speech_rows
    t3 = T3(hp)
    t3.cond_enc.perceiver = Perceiver(pre_attention_query_size=width, embedding_dim=width)
    for name, table in t3.named_parameters():
        if name.endswith(("_emb.weight", "_emb.emb.weight")):
            nn.init.normal_(table, std=0.05)
    for module in t3.tfmr.modules():
        if isinstance(module, nn.Linear):  # torch's own, not 0.02: at this width T3 would not find the text for long
            module.reset_parameters()
    park_unused_ids(t3)
    return t3.float()


def park_unused_ids(t3):
    """Ids that are no code begin at a logit of about PARKED: all speech embeddings share an offset, and the rows of
    the head look for nothing else. The training holds them there (train_t3.py)."""
    offset = 0.2
    with torch.no_grad():
        t3.speech_emb.weight[:, 0] += offset
        size = t3.speech_emb.weight + t3.speech_pos_emb.emb.weight[:1]  # what the last norm divides by, roughly
        unused = [i for i in range(config.CODES, len(size)) if i != config.STOP_SPEECH]
        t3.speech_head.weight[unused] = 0
        t3.speech_head.weight[unused, 0] = config.PARKED / (offset / size.square().mean().sqrt())


def make_flow(sizes):
    width = sizes.flow_width
    encoder = upsample_encoder.UpsampleConformerEncoder(
        input_size=width, output_size=width, attention_heads=width // HEAD, linear_units=sizes.flow_inner,
        num_blocks=sizes.flow_blocks, dropout_rate=0.0, positional_dropout_rate=0.0, attention_dropout_rate=0.0)
    encoder.pre_lookahead_layer = upsample_encoder.PreLookaheadLayer(channels=width, pre_lookahead_len=3)
    encoder.up_layer = upsample_encoder.Upsample1D(channels=width, out_channels=width, stride=2)
    encoder.up_encoders = encoder.up_encoders[:sizes.flow_up_blocks]
    estimator = ConditionalDecoder(
        in_channels=4 * config.MELS, out_channels=config.MELS, causal=True, channels=[sizes.cfm_width], dropout=0.0,
        attention_head_dim=HEAD, n_blocks=1, num_mid_blocks=sizes.cfm_middle, num_heads=sizes.cfm_heads,
        act_fn="gelu")
    decoder = nn.Module()  # stands for CausalConditionalCFM, which has no weights of its own
    decoder.estimator = estimator
    return CausalMaskedDiffWithXvec(input_size=width, vocab_size=config.CODES, encoder=encoder, decoder=decoder)


def make_hift(sizes):
    return HiFTGenerator(
        sampling_rate=config.RATE, base_channels=sizes.hift_width, upsample_rates=[8, 5, 3],
        upsample_kernel_sizes=[16, 11, 7], source_resblock_kernel_sizes=[7, 7, 11],
        source_resblock_dilation_sizes=[[1, 3, 5]] * 3,
        f0_predictor=ConvRNNF0Predictor(cond_channels=sizes.f0_width))
