"""The `chatterbox` program, as a user runs it."""
import json
import subprocess

import numpy as np

import config


class Program:
    def __init__(self, path, model, folder, threads=0, most_tokens=0):
        """`most_tokens`: of a request; 0: the program's default"""
        self.path, self.model, self.folder = path, model, folder
        self.limit = ["--max-new-tokens", str(most_tokens)] if most_tokens else []
        # The watermark is noise some 17 dB below the speech; what is judged here is the model.
        self.common = ["--model", str(model), "--watermark", "off", "--threads", str(threads)]
        folder.mkdir(parents=True, exist_ok=True)

    def run(self, *arguments):
        command = [str(self.path), *map(str, arguments), *self.common]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:  # it has said why
            raise SystemExit(f"error: {self.path} {arguments[0]} failed")
        return done.stdout

    def voice(self, name):
        return str(self.model / f"{name}.voice")

    def batch(self, name, requests, *arguments):
        """Speaks all, and gives the statistics of each by its id and the summary."""
        file = self.folder / f"{name}.jsonl"
        file.write_text("".join(json.dumps(r) + "\n" for r in requests))
        output = self.run("batch", file, "-o", self.folder / name, *self.limit, *arguments)
        lines = [json.loads(line) for line in output.splitlines()]
        return {line["id"]: line for line in lines if "summary" not in line}, lines[-1]["summary"]

    def spoken(self, name, identity):
        return read_wav(self.folder / name / f"{identity}.wav")

    def converted(self, recording, voice, out):
        """A recording's own tokens through S3Gen: the second half of the pipeline after the best first half."""
        self.run("convert", recording, "--voice", self.voice(voice), "-o", out, "--seed", 1)
        return read_wav(out)

    def made_voice(self, recording, out):
        self.run("voice", "make", recording, "-o", out)
        return out


def read_wav(path):
    """16 bit mono, as the program writes it."""
    data = path.read_bytes()
    begin = data.index(b"data") + 8
    return np.frombuffer(data[begin:begin + (len(data) - begin) // 2 * 2], np.int16).astype(np.float32) / 32768


def write_wav(wave, path):
    samples = (wave * 32767).clip(-32767, 32767).astype("<i2").tobytes()
    rate = config.RATE
    header = b"RIFF" + (36 + len(samples)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    header += (1).to_bytes(2, "little") * 2 + rate.to_bytes(4, "little") + (2 * rate).to_bytes(4, "little")
    header += (2).to_bytes(2, "little") + (16).to_bytes(2, "little") + b"data" + len(samples).to_bytes(4, "little")
    path.write_bytes(header + samples)
