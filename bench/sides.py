"""How compare_reference.py starts the two sides of the comparison, each run in a process of its own."""

import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def say(text):
    print(text, file=sys.stderr, flush=True)


def existing(path, hint):
    if not path.exists():
        sys.exit(f"{path} is missing: {hint}")
    return path


def run_quietly(command, threads):
    """Runs a program and returns its standard output; shows all it wrote only where it fails."""
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def run_reference(arguments, checkpoint, folder, options):
    """The report of reference_run.py."""
    report = folder / "reference.json"
    python = existing(arguments.reference_env / "bin" / "python", "run --setup first")
    command = [python, ROOT / "bench" / "reference_run.py", checkpoint, "--voice", arguments.voice,
               "--seed", arguments.seed, "--threads", arguments.threads,
               "--max-new-tokens", arguments.max_new_tokens, "--json", report, *options]
    if arguments.reference:
        command += ["--reference", existing(arguments.reference / "src" / "chatterbox", "not a checkout").parents[1]]
    run_quietly(command, arguments.threads)
    return json.loads(report.read_text(encoding="utf-8"))


def library_options(arguments, checkpoint):
    return ["--model", checkpoint, "--voice", arguments.voice, "--device", "cpu", "--precision", arguments.precision,
            "--watermark", "off",
            "--seed", arguments.seed, "--threads", arguments.threads,
            "--max-new-tokens", arguments.max_new_tokens]


def run_library(arguments, program, options):
    """What a program of the library's build writes."""
    program = existing(arguments.build / "bin" / program, "build the library and the benchmarks, or give --build")
    return run_quietly([program, *options], arguments.threads)


def run_bench(arguments, checkpoint, options):
    """The report of chatterbox-bench, without paths."""
    report = json.loads(run_library(arguments, "chatterbox-bench", [
        *library_options(arguments, checkpoint), "--output", "json", *options]))
    for path in ("model", "voice"):
        report.pop(path)
    return report
