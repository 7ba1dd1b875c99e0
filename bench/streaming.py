#!/usr/bin/env python3
"""Measures how far streamed speech is from the same speech made in one go.

Sentence n is spoken with seed n, in the voices in turn, in every way; the tokens are always the same. Distances are
mean differences of log-mels as a share of the distance between two draws of the noise, which is what the ear does not
mind. What the figures mean is in bench/README.md. Prints a markdown table, with what is asked of a figure in brackets,
and writes all figures as JSON.

  quality.py --setup              make the environment that this runs in, too
  streaming.py                    the demo voice
  streaming.py DIR --voices FILE  a checkpoint of your own
"""

import argparse
import json
import pathlib
import tempfile
import time

from compare_reference import machine
from sides import ROOT, enter, existing, run_library, say

SENTENCES = ROOT / "bench" / "quality_sentences.txt"
OTHERS = 2  # ways that are no streams: they come first

# What is asked of every stream, and of single ways; of the figures in streaming_figures.py, at most so much.
ASKED = {"seam": 1.03, "pitch_step_cents": 20, "pitch_cents": 30, "voicing": 0.01, "sharpness": 1.15, "clicks": 0,
         "frames_over_bound": 0, "words_more": 0.02}
ASKED_OF_THREE = {"distance": 0.09, "at_joins": 0.12, "worst_join": 0.27, "worst_sentence": 0.18, "frames": 2.7}


class Way:
    """A name, options of `chatterbox speak`, of a stream the tokens around a chunk, and what is asked of it."""

    def __init__(self, name, options, chunks="", left=50, right=6, **asked):
        self.name, self.options, self.chunks, self.left, self.right = name, options.split(), chunks, left, right
        self.asked = {**ASKED, **asked} if chunks else {}
        if chunks:
            self.options += ["--stream", "--left-tokens", str(left), "--right-tokens", str(right)]
            self.options += ["--chunks", chunks] if chunks != DEFAULT else []


DEFAULT, GROWING = "default", "12,25,50,100"
WAYS = [
    Way("in one go", "--noise by-frame"),
    Way("other noise", "--noise reference"),
    Way("one chunk", "", "4096", distance=0),
    Way("default", "", DEFAULT, distance=0.09, at_joins=0.12),
    Way("low latency", "--halo low-latency", DEFAULT, distance=0.09, at_joins=0.12),
    Way("12, 25, 50, 100; 3 to the right", "", GROWING, right=3, **ASKED_OF_THREE),
    Way("13 to the right", "", GROWING, right=13, distance=0.075, at_joins=0.09),
    Way("25, 25, ...; 3 to the right", "", "25", right=3, distance=0.11),
    Way("frozen prompt, 3 to the right", "--prompt frozen", GROWING, right=3, distance=0.11, at_joins=0.13, frames=1.3),
    Way("frozen prompt, low latency", "--prompt frozen --halo low-latency", DEFAULT, distance=0.11, at_joins=0.13),
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


def speak(arguments, way, text, voice, seed, out):
    """Writes OUT.wav and OUT.safetensors."""
    run_library(arguments, "chatterbox", [
        "speak", text, "--model", arguments.model, "--voice", voice, "--seed", seed, "--watermark", "off",
        "--threads", arguments.threads, "--output", f"{out}.wav", "--dump", f"{out}.safetensors",
        *arguments.options.split(), *way.options])


def missed(row):
    """The figures that are more than what is asked."""
    return [name for name, limit in row["asked"].items() if row.get(name, 0) > limit] + [
        name for name in ("lengths_equal",) if not row[name]]


def measured(arguments, ways, folder):
    """The figures of the ways; the first two are no streams."""
    from streaming_figures import figures  # needs the environment
    sentences = SENTENCES.read_text(encoding="utf-8").splitlines()[-arguments.sentences:]
    voices = [voice for voice in arguments.voices.split(",") if voice]
    for number, way in enumerate(ways):
        say(f"speaking: {way.name}")
        for n, text in enumerate(sentences):
            speak(arguments, way, text, voices[n % len(voices)], n, folder / f"{number}_{n}")
    return figures(ways, sentences, folder, arguments.threads)


def measure(arguments, folder):
    rows = measured(arguments, WAYS, folder)
    for way, row in zip(WAYS, rows["ways"]):
        row["asked"] = way.asked
    return {"version": run_library(arguments, "chatterbox", ["--version"]).split()[-1], "machine": machine(),
            "model": pathlib.Path(arguments.model).name, "options": arguments.options,
            "sentences": arguments.sentences, "rows": rows}


def main():
    arguments = parse_arguments()
    existing(arguments.build / "bin" / "chatterbox", "build the program, or give --build")
    enter(arguments.environment)
    with tempfile.TemporaryDirectory() as folder:
        report = measure(arguments, pathlib.Path(folder))
    from speech_tables import streaming_table
    print("\n".join(streaming_table(report)))
    output = arguments.output or ROOT / "bench" / "results" / time.strftime("%Y%m%dT%H%M%SZ.json", time.gmtime())
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"figures: {output}")
    for row in report["rows"]["ways"][OTHERS:]:
        if missed(row):
            say(f"more than asked: {row['way']}: {', '.join(missed(row))}")


if __name__ == "__main__":
    main()
