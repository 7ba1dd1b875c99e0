"""Writes voice_vectors.safetensors: what librosa, torchaudio and the Python reference say of small inputs.

REFERENCE=<checkout of resemble-ai/chatterbox> python voice_vectors.py CHECKPOINT DATA OUT.safetensors
CHECKPOINT: the tiny synthetic checkpoint of seed 0 (ve.safetensors, s3gen.safetensors); DATA: tests/data.
"""
import sys
import tempfile
from types import SimpleNamespace

import librosa
import numpy as np
import reference_models
import soundfile
import torch
import torchaudio.compliance.kaldi as kaldi
from chatterbox import tts
from chatterbox.models.s3gen.utils.mel import mel_spectrogram
from chatterbox.models.voice_encoder.melspec import melspectrogram
from safetensors.torch import load_file, save_file

CHECKPOINT, DATA, OUT = sys.argv[1:]
out = {}


def filter_banks():
    banks = {
        "speaker": librosa.filters.mel(sr=16000, n_fft=400, n_mels=40, fmin=0, fmax=8000),
        "s3": librosa.filters.mel(sr=16000, n_fft=400, n_mels=128),
        "s3gen": librosa.filters.mel(sr=24000, n_fft=1920, n_mels=80, fmin=0, fmax=8000),
        "kaldi": np.pad(kaldi.get_mel_banks(80, 512, 16000.0, 20.0, 0.0, 100.0, -500.0, 1.0)[0].numpy(), ((0, 0), (0, 1))),
    }
    for name, bank in banks.items():
        rows = [0, 1, len(bank) // 2, len(bank) - 1]
        out[f"bank.{name}"] = torch.from_numpy(bank[rows].copy())


def spectrograms(ve, tokenizer):
    n = np.arange(4000)
    rng = np.random.default_rng(0)
    chirp = 0.4 * np.sin(2 * np.pi * (100 + n / 4) * n / 16000) + 0.05 * rng.standard_normal(len(n)) + 0.02
    wave = chirp.astype(np.float32)
    wave[2500:3000] = 0
    row = torch.from_numpy(wave)[None]
    out["wave"] = row[0]
    out["mel.speaker"] = torch.from_numpy(melspectrogram(wave, ve.hp).T.copy())
    out["mel.s3"] = tokenizer.log_mel_spectrogram(row)[0]
    out["mel.s3gen"] = mel_spectrogram(row)[0].T
    out["mel.kaldi"] = kaldi.fbank(row, num_mel_bins=80)


def trims():
    # length, begin and end of the loud part, its height and that of the rest -> begin and end
    cases = [(20000, 6000, 12000, 0.5, 0.0), (20000, 6000, 12000, 0.5, 0.049), (20000, 6000, 12000, 0.5, 0.051),
             (9000, 0, 9000, 0.1, 0.0), (9000, 0, 0, 0.0, 0.0), (10240, 10239, 10240, 1.0, 0.0), (10000, 0, 1, 1.0, 0.0)]
    spans = []
    for length, begin, end, loud, quiet in cases:
        sign = np.where(np.arange(length) % 2 == 0, 1, -1)
        height = np.full(length, quiet)
        height[begin:end] = loud
        spans.append(librosa.effects.trim((sign * height).astype(np.float32), top_db=20)[1])
    out["trim.cases"] = torch.tensor(cases, dtype=torch.float32)
    out["trim.spans"] = torch.tensor(np.array(spans), dtype=torch.int64)


def voices(ve, s3gen):
    model = tts.ChatterboxTTS.__new__(tts.ChatterboxTTS)
    model.t3 = SimpleNamespace(hp=SimpleNamespace(speech_cond_prompt_len=150))
    model.ve, model.s3gen, model.device = ve, s3gen, "cpu"
    m3, rate = soundfile.read(f"{DATA}/espeak_m3.wav", dtype="float32")
    f3, f3_rate = soundfile.read(f"{DATA}/espeak_f3_22k.wav", dtype="float32")
    short = m3[rate:rate + rate // 2]
    prepare(model, "short", short, rate)
    prepare(model, "f3_22k", f3, f3_rate)
    # The same samples at other rates: another voice, but one that needs no file of its own.
    prepare(model, "stereo_44k", np.stack([f3, f3[::-1] / 2], axis=1), 44100)
    prepare(model, "8k", f3[:7201], 8000)
    prepare(model, "192k", m3[rate:rate + 120001], 192000)
    # What the voice encoder hears is the whole recording, but for silence at both ends.
    prepare(model, "four_times", np.tile(m3, 4), rate, ["voice.speaker_emb"])
    silence = np.zeros(rate, dtype=np.float32)
    prepare(model, "in_silence", np.concatenate([silence, short, silence]), rate, ["voice.speaker_emb"])


def prepare(model, name, samples, rate, kept=None):
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        soundfile.write(file.name, samples, rate, subtype="FLOAT")
        model.prepare_conditionals(file.name)
    t3, gen = model.conds.t3, model.conds.gen
    tensors = {"voice.speaker_emb": t3.speaker_emb, "voice.cond_prompt_speech_tokens": t3.cond_prompt_speech_tokens,
               "voice.gen.prompt_token": gen["prompt_token"], "voice.gen.embedding": gen["embedding"],
               "voice.gen.prompt_feat": gen["prompt_feat"]}
    out.update({f"{name}.{key}": tensors[key] for key in kept or tensors})


ve = reference_models.build_voice_encoder(True)
ve.load_state_dict(load_file(f"{CHECKPOINT}/ve.safetensors"))
s3gen = reference_models.build_s3gen(True)
s3gen.load_state_dict(load_file(f"{CHECKPOINT}/s3gen.safetensors"), strict=False)
ve.eval(), s3gen.eval()
filter_banks()
spectrograms(ve, s3gen.tokenizer)
trims()
voices(ve, s3gen)
save_file({k: v.detach().contiguous() for k, v in out.items()}, OUT)
