"""How compare_reference.py starts the two sides of the comparison, each run in a process of its own."""

import json
import os
import pathlib
import subprocess
import sys

from families import family_of

ROOT = pathlib.Path(__file__).resolve().parent.parent


def say(text):
    print(text, file=sys.stderr, flush=True)


def existing(path, hint):
    if not path.exists():
        sys.exit(f"{path} is missing: {hint}")
    return path


def enter(environment):
    """Goes on in the environment that `quality.py --setup` made: the script that runs again, by its Python."""
    python = existing(environment / "bin" / "python", "run quality.py --setup first")
    if pathlib.Path(sys.prefix).resolve() != environment.resolve():
        os.execv(python, [str(python), *sys.argv])


# What keeps both sides to the instructions of a smaller CPU: libtorch and its oneDNN and MKL, and the library.
LIMITS = {
    "AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_ENABLE_INSTRUCTIONS": "AVX2",
             "CHATTERBOX_CPU_ISA": "avx2"},
}


def run_quietly(command, threads, limit=None):
    """Runs a program and returns its standard output; shows all it wrote only where it fails. `limit`: of LIMITS."""
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": str(threads), **LIMITS.get(limit, {})}
    done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def run_reference(arguments, checkpoint, folder, options):
    """The report of reference_run.py."""
    report = folder / "reference.json"
    python = existing(arguments.reference_env / "bin" / "python", "run --setup first")
    command = [python, ROOT / "bench" / "reference_run.py", checkpoint, "--voice", arguments.voice,
               "--language", arguments.language, "--seed", arguments.seed, "--threads", arguments.threads,
               "--max-new-tokens", arguments.max_new_tokens, "--json", report, *options]
    if arguments.reference:
        command += ["--reference", existing(arguments.reference / "src" / "chatterbox", "not a checkout").parents[1]]
    run_quietly(command, arguments.threads, arguments.limit)
    return json.loads(report.read_text(encoding="utf-8"))


def library_options(arguments, checkpoint, precision):
    family = family_of(checkpoint)
    own = {"multilingual": ["--language", arguments.language],
           "flash": ["--no-fill-before-end"]}.get(family, [])  # as the package
    return ["--model", checkpoint, *own, "--voice", arguments.voice, "--device", "cpu", "--precision", precision,
            "--watermark", "off",
            "--seed", arguments.seed, "--threads", arguments.threads,
            "--max-new-tokens", arguments.max_new_tokens]


def run_library(arguments, program, options, limit=None):
    """What a program of the library's build writes."""
    program = existing(arguments.build / "bin" / program, "build the library and the benchmarks, or give --build")
    return run_quietly([program, *options], arguments.threads, limit)


def run_bench(arguments, checkpoint, precision, options):
    """The report of chatterbox-bench, without paths."""
    report = json.loads(run_library(arguments, "chatterbox-bench", [
        *library_options(arguments, checkpoint, precision), "--output", "json", *options], arguments.limit))
    for path in ("model", "voice", "s3gen"):
        report.pop(path, None)
    return report
