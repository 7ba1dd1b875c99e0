#!/usr/bin/env python3
"""Measures how far streamed speech is from the same speech made in one go.

Sentence n is spoken with seed n, in the voices in turn, in every way; the tokens are always the same. Distances are
mean differences of log-mels as a share of the distance between two draws of the noise, which is what the ear does not
mind. What the figures mean is in bench/README.md. Prints a markdown table and writes all figures as JSON.

  quality.py --setup              make the environment that this runs in, too
  streaming.py                    the demo voice
  streaming.py DIR --voices FILE  a checkpoint of your own
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile
import time

from compare_reference import machine
from sides import ROOT, existing, run_library, say

SENTENCES = ROOT / "bench" / "quality_sentences.txt"
CHUNKS = "12,25,50,100"
OFFLINE, OTHER_NOISE, ONE_CHUNK = "offline", "other noise", "one chunk"


class Way:
    """A name, options of `chatterbox speak`, and of a stream its plan, in tokens."""

    def __init__(self, name, options, chunks="", left=50, right=6):
        self.name, self.options = name, options.split()
        self.chunks = [int(size) for size in chunks.split(",")] if chunks else []
        if chunks:
            self.options += ["--stream", "--chunks", chunks, "--left-tokens", str(left), "--right-tokens", str(right)]


WAYS = [
    Way(OFFLINE, "--noise by-frame"),
    Way(OTHER_NOISE, "--noise reference"),
    Way(ONE_CHUNK, "", "4096"),
    Way("chunks of 12, 25, 50, 100", "", CHUNKS),
    Way("low latency", "--halo low-latency", CHUNKS),
    Way("3 tokens to the right", "", CHUNKS, right=3),
    Way("13 tokens to the right", "", CHUNKS, right=13),
    Way("1 s to the left", "", CHUNKS, left=25),
    Way("chunks of 25", "", "25"),
]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", metavar="DIR", nargs="?", default="demo", help="trained checkpoint [%(default)s]")
    parser.add_argument("--voices", default="low,high", help="names or files, in turn [%(default)s]")
    parser.add_argument("--sentences", metavar="N", type=int, default=40, help="1 to 100 [%(default)s]")
    parser.add_argument("--options", default="", help="of the program, for all ways, as in '--precision bf16'")
    parser.add_argument("--environment", metavar="DIR", type=pathlib.Path, default=ROOT / "build" / "quality-env",
                        help="made by quality.py --setup [%(default)s]")
    parser.add_argument("--build", metavar="DIR", type=pathlib.Path, default=ROOT / "build" / "release",
                        help="build folder of the library [%(default)s]")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=pathlib.Path, help="JSON file [bench/results/TIME.json]")
    arguments = parser.parse_args()
    if not 1 <= arguments.sentences <= 100:
        parser.error(f"--sentences must be 1 to 100, got {arguments.sentences}")
    if arguments.threads < 1:
        parser.error(f"--threads must be at least 1, got {arguments.threads}")
    return arguments


def enter(environment):
    """Goes on in the environment: this script again, by its Python."""
    python = existing(environment / "bin" / "python", "run quality.py --setup first")
    if pathlib.Path(sys.prefix).resolve() != environment.resolve():
        os.execv(python, [str(python), *sys.argv])


def speak(arguments, way, text, voice, seed, out):
    """Writes OUT.wav and OUT.safetensors."""
    run_library(arguments, "chatterbox", [
        "speak", text, "--model", arguments.model, "--voice", voice, "--seed", seed, "--watermark", "off",
        "--threads", arguments.threads, "--output", f"{out}.wav", "--dump", f"{out}.safetensors",
        *arguments.options.split(), *way.options])


def measure(arguments, folder):
    from streaming_figures import figures  # needs the environment
    sentences = SENTENCES.read_text(encoding="utf-8").splitlines()[:arguments.sentences]
    voices = [voice for voice in arguments.voices.split(",") if voice]
    for number, way in enumerate(WAYS):
        say(f"speaking: {way.name}")
        for n, text in enumerate(sentences):
            speak(arguments, way, text, voices[n % len(voices)], n, folder / f"{number}_{n}")
    return {"version": run_library(arguments, "chatterbox", ["--version"]).split()[-1], "machine": machine(),
            "model": pathlib.Path(arguments.model).name, "options": arguments.options, "sentences": len(sentences),
            "rows": figures(WAYS, sentences, folder, arguments.threads)}


def main():
    arguments = parse_arguments()
    existing(arguments.build / "bin" / "chatterbox", "build the program, or give --build")
    enter(arguments.environment)
    with tempfile.TemporaryDirectory() as folder:
        report = measure(arguments, pathlib.Path(folder))
    from readme_table import streaming_table
    print("\n".join(streaming_table(report)))
    output = arguments.output or ROOT / "bench" / "results" / time.strftime("%Y%m%dT%H%M%SZ.json", time.gmtime())
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"figures: {output}")


if __name__ == "__main__":
    main()
