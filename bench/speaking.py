"""How quality.py speaks sentences with the chatterbox program, and what it takes of voices."""

import json
import sys

import numpy as np

from compare_reference import read_tensor
from sides import ROOT, run_library

sys.path.append(str(ROOT / "examples" / "demo_voice"))
import config
import teacher
from program import read_wav, write_wav

RATE = config.RATE
EMBEDDING = "voice.gen.embedding"  # the x-vector by CAM++, which S3Gen speaks by


def identity(n):
    return f"{n:03d}"


def speech_tokens(folder, n):
    return read_tensor(folder / f"{identity(n)}.safetensors", "s3gen.speech_tokens")


class Speaker:
    """The program with a model, and the requests: sentence n in voice n (in turn), with seed n."""

    def __init__(self, arguments, sentences, folder):
        self.arguments, self.sentences, self.folder = arguments, sentences, folder
        self.voices = [arguments.voices[n % len(arguments.voices)] for n in range(len(sentences))]
        self.requests = folder / "requests.jsonl"
        self.requests.write_text("".join(
            json.dumps({"id": identity(n), "text": text, "voice": voice, "seed": n}) + "\n"
            for n, (text, voice) in enumerate(zip(sentences, self.voices))), encoding="utf-8")

    def run(self, *options):
        return run_library(self.arguments, "chatterbox", [
            *options, "--model", self.arguments.model, "--device", self.arguments.device, "--watermark", "off",
            "--threads", self.arguments.threads])

    def batch(self, folder, options):
        """Speaks all: sounds and tensors into `folder`. Returns how many ended by themselves, and the engine."""
        output = self.run("batch", self.requests, "--output", folder, "--dump", folder, *options)
        lines = [json.loads(line) for line in output.splitlines()]
        return sum(line.get("finish_reason") == "eos" for line in lines), lines[-1]["summary"]["engine"]

    def waves(self, folder):
        return [read_wav(folder / f"{identity(n)}.wav") for n in range(len(self.sentences))]

    def has_recordings(self):
        return self.arguments.model == "demo" and set(self.voices) <= set(config.VOICES)

    def recordings(self):
        """The sentences by the demo voice's teacher, in the voices that it learned from."""
        for text, voice in zip(self.sentences, self.voices):
            yield config.GAIN * teacher.speak(text, config.VOICES[voice]).wave

    def embedding_of_voice(self, voice):
        out = self.folder / "asked.voice"
        self.run("speak", "a", "--voice", voice, "--seed", 0, "--max-new-tokens", 10, "--save-voice", out,
                 "--output", self.folder / "asked.wav")
        return np.array(read_tensor(out, EMBEDDING))

    def embedding_of_sound(self, wave):
        recording, out = self.folder / "joined.wav", self.folder / "joined.voice"
        write_wav(wave, recording)
        self.run("voice", "make", recording, "--output", out, "--precision", "fp32")
        return np.array(read_tensor(out, EMBEDDING))
