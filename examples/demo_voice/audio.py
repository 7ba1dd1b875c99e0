"""Speech of the teacher, and the front ends of the models as the Python package computes them."""
import warnings
from dataclasses import dataclass
from functools import lru_cache

import librosa
import numpy as np
import soxr
import torch
import torchaudio
from chatterbox.models.s3gen.utils.mel import mel_spectrogram
from chatterbox.models.s3gen.xvector import extract_feature
from chatterbox.models.voice_encoder.config import VoiceEncConfig
from chatterbox.models.voice_encoder.melspec import melspectrogram

import config
import teacher

warnings.filterwarnings("ignore", category=FutureWarning)

AUDIBLE = 0.01        # of full scale
# Samples that the teacher is heard before its first phoneme begins, and that its last one is not heard any more
# (medians of 50 sentences).
ONSET, FADED = 400, 10_000
LEAD, TAIL = 960, 1920  # samples kept around what is audible: the vocoder fades in over the first 40 ms


@dataclass
class Spoken:
    """An utterance at 24 kHz: N tokens of samples, its silence trimmed; and what the teacher meant by it."""
    wave: np.ndarray     # [960 N] float32; None where only the rest was asked for
    phones: np.ndarray   # [4 N] int64: which phoneme sounds in the middle of each quarter of a token, as a number
    prosody: np.ndarray  # [4 N, 2] float32: pitch in Hz, near 0 where unvoiced, and loudness, there
    places: np.ndarray   # [N] float32: where in the text it is in the middle of each token, from 0 to 1


def speak(text, voice):
    """Spoken, or None where nothing is heard, or the teacher takes no such text."""
    speech = teacher.speak(text, voice)
    if speech is None:
        return None
    wave = config.GAIN * speech.wave
    heard = np.flatnonzero(np.abs(wave) > AUDIBLE)
    if len(heard) == 0:
        return None
    wave = trim(wave, heard[0], heard[-1])
    return Spoken(wave, *meant(speech, len(text), heard[0] - LEAD, len(wave) // config.SAMPLES_PER_TOKEN))


def meant_by(text, voice):
    """As speak(), without the sound: cut where it would be about."""
    speech = teacher.speak(text, voice, aloud=False)
    if speech is None:
        return None
    last = max(i for i, symbol in enumerate(speech.symbols) if symbol not in teacher.PAUSES + " ")
    begin, end = speech.ends[0] - ONSET - LEAD, speech.ends[last] - FADED + TAIL
    return Spoken(None, *meant(speech, len(text), begin, -(-(end - begin) // config.SAMPLES_PER_TOKEN)))


def meant(speech, letters, begin, tokens):
    """Phones, prosody and places of so many tokens that begin at a sample of the speech."""
    quarters = begin + (np.arange(config.QUARTERS * tokens) + 0.5) * (config.SAMPLES_PER_TOKEN / config.QUARTERS)
    sounding = np.searchsorted(speech.ends, quarters, side="right").clip(max=len(speech.symbols) - 1)
    frames = (quarters // teacher.SAMPLES_PER_FRAME).astype(int).clip(0, len(speech.pitch) - 1)
    places = speech.places[sounding[config.QUARTERS // 2::config.QUARTERS]] / letters
    return (teacher.phones(speech.symbols)[sounding], np.stack((speech.pitch[frames], speech.loudness[frames]), 1),
            places.clip(0, 1).astype(np.float32))


def trim(wave, first, last):
    padded = np.pad(wave, (LEAD, TAIL))  # so that there is always enough around
    cut = padded[first:last + LEAD + TAIL]
    return np.pad(cut, (0, -len(cut) % config.SAMPLES_PER_TOKEN))


def to_16k(wave):
    out = soxr.resample(wave, config.RATE, config.RATE_16)
    length = len(wave) * config.RATE_16 // config.RATE
    return np.pad(out, (0, max(0, length - len(out))))[:length]


def prompt_to_16k(wave):
    """As S3Gen's prompt comes down (s3gen.py: embed_ref)."""
    return torchaudio.functional.resample(torch.from_numpy(wave), config.RATE, config.RATE_16).numpy()


def mel(wave):
    """S3Gen's, [T, 80] at 50 a second."""
    return mel_spectrogram(torch.from_numpy(wave).float()).squeeze(0).T


@lru_cache
def _s3_filters():
    return torch.from_numpy(librosa.filters.mel(sr=config.RATE_16, n_fft=400, n_mels=128))


def s3_mel(wave16):
    """The tokenizer's, [T, 128] at 100 a second (s3tokenizer.py: log_mel_spectrogram)."""
    wave = torch.from_numpy(wave16).float()
    spectrum = torch.stft(wave, 400, 160, window=torch.hann_window(400), return_complex=True)
    log = (_s3_filters() @ spectrum[:, :-1].abs().square()).clamp_min(1e-10).log10()
    return ((torch.maximum(log, log.max() - 8) + 4) / 4).T


def speaker_mel(wave16):
    """The voice encoder's, [T, 40] at 100 a second."""
    return torch.from_numpy(melspectrogram(wave16, VoiceEncConfig()).T.astype(np.float32))


def fbank(wave16):
    """CAM++'s, [T, 80] at 100 a second, its mean taken off."""
    return extract_feature([torch.from_numpy(wave16).float()])[0][0]


LOWEST, HIGHEST = 60, 400  # Hz
VOICED = 0.6               # of the normalised correlation


def pitch(wave):
    """Hz, 0 where unvoiced, of the frames of mel(): the first peak of the normalised autocorrelation. [T]"""
    window = 1920
    side = (window - 480) // 2
    frames = torch.nn.functional.pad(torch.from_numpy(wave).float(), (side, side)).unfold(0, window, 480)
    frames = frames - frames.mean(1, keepdim=True)
    correlation = torch.fft.irfft(torch.fft.rfft(frames, 2 * window).abs().square())
    energy = torch.cumsum(frames.square(), 1)
    lags = torch.arange(config.RATE // HIGHEST, config.RATE // LOWEST)
    front = energy[:, window - 1 - lags]                # of x[0 .. W - lag)
    back = energy[:, -1:] - energy[:, lags - 1]         # of x[lag .. W)
    score = correlation[:, lags] / (front * back).sqrt().clamp_min(1e-6)
    inner = score[:, 1:-1]
    peak = (inner >= score[:, :-2]) & (inner >= score[:, 2:])
    best = inner.max(1).values
    good = peak & (inner > 0.85 * best.unsqueeze(1))    # the first good one: not an octave below
    index = good.int().argmax(1)
    left, middle, right = (score.gather(1, (index + i).unsqueeze(1)).squeeze(1) for i in range(3))
    shift = 0.5 * (left - right) / (left - 2 * middle + right).clamp_max(-1e-6)
    hertz = config.RATE / (lags[0] + 1 + index + shift.clamp(-0.5, 0.5))
    loud = frames.square().mean(1) > 1e-5
    return torch.where(good.any(1) & (best > VOICED) & loud, hertz, torch.zeros(()))
