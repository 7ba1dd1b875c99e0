#!/usr/bin/env python3
"""Compares the library with the Python reference: speed, memory and results, stage by stage.

Both speak the same text in the same voice from the same checkpoint folder, on the CPU: the reference in fp32,
the library in each --precision. They take turns, each time in a new process, which does all of the work once
for warm-up and then once timed. Prints markdown tables and writes all figures as JSON.

  compare_reference.py --setup                       make the reference's environment (6 GB)
  compare_reference.py DIR                           compare on a downloaded checkpoint
  compare_reference.py --synthetic full              compare on a checkpoint of made-up weights

Then many requests, see throughput.py. --only does one of the two parts.

The reference is the released package. Its repository has later commits; --reference measures a checkout
of one in the same environment.
"""

import argparse
import array
import json
import math
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

from families import family_of
from sides import LIMITS, ROOT, existing, library_options, run_bench, run_library, run_quietly, run_reference, say
from targets import instructions, stage_target
from throughput import compare_throughput, missed_targets, print_throughput

REQUIREMENTS = [
    "torch==2.11.0", "torchaudio==2.11.0", "numpy<2", "librosa==0.11.0", "s3tokenizer==0.3.0",
    "transformers==5.2.0", "diffusers==0.29.0", "conformer==0.3.2", "safetensors==0.5.3", "pyloudnorm",
    "omegaconf", "einops", "resemble-perth==1.0.1", "setuptools<81",
]
# Their own requirements ask for other versions of the above.
REFERENCES = ["chatterbox-tts==0.1.7", "chatterbox-flash==0.1.0"]
PRECISIONS = ["fp32", "bf16", "int8", "auto"]
# Stage, and how a run's report gives it in seconds or MiB.
STAGES = [
    ("decode step", lambda run: run["timings"]["decode"] / max(1, run["decode_steps"])),
    ("prefill", lambda run: run["timings"]["prefill"]),
    ("S3Gen", lambda run: run["timings"]["flow"] + run["timings"]["vocoder"]),
    ("- flow", lambda run: run["timings"]["flow"]),
    ("- vocoder", lambda run: run["timings"]["vocoder"]),
    ("voice preparation", lambda run: run["timings"]["voice"]),
    ("load", lambda run: run["timings"]["load"]),
    ("peak RSS", lambda run: run["peak_rss_mib"]),
    ("RSS at the end", lambda run: run["rss_mib"]),
]
MAX_WAVE_DIFFERENCE = 1e-3
MIN_WAVE_CORRELATION = 0.9999


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", nargs="?", help="a checkpoint folder of any family")
    parser.add_argument("--synthetic", choices=["full"], help="make a checkpoint instead")
    parser.add_argument("--setup", nargs="?", metavar="DIR", const="",
                        help="make the reference's virtual environment there [--reference-env]")
    parser.add_argument("--reference-env", metavar="DIR", type=pathlib.Path,
                        default=ROOT / "build" / "reference-env", help="where it is [%(default)s]")
    parser.add_argument("--reference", metavar="CHECKOUT", type=pathlib.Path,
                        help="checkout of resemble-ai/chatterbox to measure instead of the released package")
    parser.add_argument("--build", metavar="DIR", type=pathlib.Path, default=ROOT / "build" / "release",
                        help="build folder of the library [%(default)s]")
    parser.add_argument("--voice", type=pathlib.Path, default=ROOT / "tests" / "data" / "espeak_m3.wav",
                        help="recording to speak as [%(default)s]")
    parser.add_argument("--text", default="Hello there, how are you today? It is a fine day for a walk.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--max-new-tokens", type=int, default=100)
    parser.add_argument("--precision", metavar="LIST", default="fp32",
                        help=f"of the library, some of {','.join(PRECISIONS)} [%(default)s]")
    parser.add_argument("--language", metavar="CODE", default="en", help="of Multilingual [%(default)s]")
    parser.add_argument("--limit", choices=list(LIMITS),
                        help="keep both sides to the instructions of a smaller CPU")
    parser.add_argument("--s3gen", metavar="FILE", type=pathlib.Path,
                        help="a mean-flow S3Gen, such as Turbo's: measure the library with it too, in the last "
                             "precision")
    parser.add_argument("--repeats", type=int, default=3, help="timed processes of each side [%(default)s]")
    parser.add_argument("--requests", type=int, default=2,
                        help="spoken one after the other for the throughput, from 1 on [%(default)s]")
    parser.add_argument("--batches", metavar="LIST", type=lambda text: [int(size) for size in text.split(",")],
                        help="requests that the library gets together for it [8, and 16 in fp32]")
    parser.add_argument("--only", choices=["stages", "throughput"], help="this part alone")
    parser.add_argument("--output", type=pathlib.Path, help="JSON file [bench/results/TIME.json]")
    parser.add_argument("--check", action="store_true", help="exit code 1 where a target is missed")
    arguments = parser.parse_args()
    if arguments.setup is None and bool(arguments.checkpoint) == bool(arguments.synthetic):
        parser.error("give a checkpoint folder, --synthetic full, or --setup")
    if arguments.repeats < 1:
        parser.error(f"--repeats must be at least 1, got {arguments.repeats}")
    arguments.precision = arguments.precision.split(",")
    for precision in arguments.precision:
        if precision not in PRECISIONS:
            parser.error(f"--precision must be some of {','.join(PRECISIONS)}, got {precision}")
    if arguments.requests < 1:
        parser.error(f"--requests must be at least 1, got {arguments.requests}")
    return arguments


def set_up(folder):
    """A virtual environment with the reference and what it needs, in the versions of the goldens."""
    if not (3, 10) <= sys.version_info[:2] <= (3, 12):
        sys.exit(f"the reference needs Python 3.10 to 3.12, this is {platform.python_version()}")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*install, *REQUIREMENTS], check=True)
    subprocess.run([*install, "--no-deps", *REFERENCES], check=True)
    print(f"the reference is in {folder}")


def speak_with_reference(arguments, checkpoint, folder, options=()):
    return run_reference(arguments, checkpoint, folder, ["--text", arguments.text, *options])


def dump_library(arguments, checkpoint, folder, dump):
    run_library(arguments, "chatterbox", [
        "speak", arguments.text, *library_options(arguments, checkpoint, "fp32"),
        "--output", folder / "library.wav", "--dump", dump], arguments.limit)


def speak_with_library(arguments, checkpoint, precision):
    run = run_bench(arguments, checkpoint, precision, ["--text", arguments.text, "--repetitions", 1, "--warmup", 1])
    run.update(run.pop("texts")[0]["samples"][0])
    run["timings"]["voice"] = run.pop("voice_seconds")
    run["timings"]["load"] = run.pop("load_seconds")
    return run


def read_header(file):
    """Of a safetensors file that was opened to read its bytes."""
    return json.loads(file.read(int.from_bytes(file.read(8), "little")))


def tensor_names(path):
    with open(path, "rb") as file:
        return list(read_header(file))


def read_tensor(path, name):
    """One tensor of a safetensors file, as numbers."""
    with open(path, "rb") as file:
        header = read_header(file)
        start = file.tell()
        if name not in header:
            sys.exit(f"{path} has no tensor {name}")
        first, last = header[name]["data_offsets"]
        file.seek(start + first)
        values = array.array({"F32": "f", "I64": "q"}[header[name]["dtype"]])
        values.frombytes(file.read(last - first))
    return values


def compare_results(reference_dump, library_dump):
    tokens = [read_tensor(path, "t3.tokens").tolist() for path in (reference_dump, library_dump)]
    expected, actual = (read_tensor(path, "s3gen.wav") for path in (reference_dump, library_dump))
    result = {"tokens_equal": tokens[0] == tokens[1], "samples": [len(expected), len(actual)]}
    if len(expected) == len(actual):
        product = sum(a * b for a, b in zip(expected, actual))
        norms = math.sqrt(sum(a * a for a in expected) * sum(b * b for b in actual))
        result["wave_max_abs"] = max(abs(a - b) for a, b in zip(expected, actual))
        result["wave_correlation"] = product / norms if norms > 0 else 0.0
    return result


def results_agree(result):
    return (result["tokens_equal"] and result.get("wave_max_abs", 1) <= MAX_WAVE_DIFFERENCE
            and result.get("wave_correlation", 0) >= MIN_WAVE_CORRELATION)


def summarise(arguments, precision, reference_runs, library_runs):
    """Minimum and median of each stage, and the ratio of the minima: noise only ever adds time."""
    rows = []
    for name, value in STAGES:
        target = stage_target(arguments, precision, name)
        sides = [[value(run) for run in runs] for runs in (reference_runs, library_runs)]
        ratio = min(sides[1]) / min(sides[0])
        rows.append({
            "stage": name,
            "unit": "MiB" if "RSS" in name else "s",
            "reference": {"min": min(sides[0]), "median": statistics.median(sides[0])},
            "library": {"min": min(sides[1]), "median": statistics.median(sides[1])},
            "ratio": ratio,
            "target": target,
            "met": target is None or ratio <= target,
        })
    return rows


def print_table(precision, rows):
    print(f"\nOne request, the library in {precision}\n")
    print("| stage | unit | reference min | median | library min | median | ratio | target |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for row in rows:
        figures = [row[side][kind] * (1 if row["unit"] == "MiB" else 1000)
                   for side in ("reference", "library") for kind in ("min", "median")]
        target = "" if row["target"] is None else f"<= {row['target']} {'yes' if row['met'] else 'NO'}"
        unit = "ms" if row["unit"] == "s" else row["unit"]
        print(f"| {row['stage']} | {unit} | " + " | ".join(f"{figure:.1f}" for figure in figures)
              + f" | {row['ratio']:.2f} | {target} |")


def print_results(results):
    print("\nThe ratio is that of the minima. The library maps its files; what is read of them only when it is used "
          "is not in its load.")
    print(f"in fp32: tokens equal: {'yes' if results['tokens_equal'] else 'NO'}; samples: {results['samples']}; "
          f"wave: max abs {results.get('wave_max_abs', math.nan):.2g}, "
          f"correlation {results.get('wave_correlation', math.nan):.6f}")


def machine(limit=None):
    model = platform.processor()
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return {"cpu": model, "instructions": instructions(limit), "cores": os.cpu_count(), "system": platform.platform()}


def make_checkpoint(arguments, folder):
    program = existing(arguments.build / "tests" / "support" / "write_synthetic",
                       "build the tests, or give --build")
    run_quietly([program, arguments.synthetic, folder], arguments.threads)
    return folder


def compare_stages(arguments, checkpoint, folder):
    reference_dump, library_dump = folder / "reference.safetensors", folder / "library.safetensors"
    # Not timed: these two also bring the files into the page cache.
    say("comparing the results")
    speak_with_reference(arguments, checkpoint, folder, ["--dump", reference_dump])
    dump_library(arguments, checkpoint, folder, library_dump)
    results = compare_results(reference_dump, library_dump)
    reference_runs = []
    library_runs = {precision: [] for precision in arguments.precision}
    for i in range(arguments.repeats):
        say(f"timing {i + 1} of {arguments.repeats}")
        reference_runs.append(speak_with_reference(arguments, checkpoint, folder))
        for precision, runs in library_runs.items():
            runs.append(speak_with_library(arguments, checkpoint, precision))
    rows = {precision: summarise(arguments, precision, reference_runs, runs)
            for precision, runs in library_runs.items()}
    return {"results": results, "stages": rows, "reference_runs": reference_runs, "library_runs": library_runs}


def compare(arguments, checkpoint, folder):
    report = {
        "options": {"text": arguments.text, "seed": arguments.seed, "threads": arguments.threads,
                    "max_new_tokens": arguments.max_new_tokens, "repeats": arguments.repeats,
                    "precision": arguments.precision,
                    "checkpoint": arguments.synthetic or pathlib.Path(checkpoint).name, "family": arguments.family,
                    "limit": arguments.limit},
        "machine": machine(arguments.limit),
    }
    if arguments.only != "throughput":
        report.update(compare_stages(arguments, checkpoint, folder))
        report["options"]["reference"] = report["reference_runs"][0]["reference"]
    if arguments.only != "stages":
        report["throughput"] = compare_throughput(arguments, checkpoint, folder)
        report["options"]["reference"] = report["throughput"]["reference"]["reference"]
    return report


def print_report(report):
    """Returns what missed its target."""
    missed = []
    if "stages" in report:
        for precision, rows in report["stages"].items():
            print_table(precision, rows)
            missed += [f"{row['stage']}, {precision}" for row in rows if not row["met"]]
        print_results(report["results"])
        if not results_agree(report["results"]):
            missed.append("equal results")
    if "throughput" in report:
        print_throughput(report["throughput"], report["options"]["max_new_tokens"])
        missed += missed_targets(report["throughput"])
    return missed


def main():
    arguments = parse_arguments()
    if arguments.setup is not None:
        set_up(pathlib.Path(arguments.setup) if arguments.setup else arguments.reference_env)
        if not arguments.checkpoint and not arguments.synthetic:
            return 0
        if arguments.setup:
            arguments.reference_env = pathlib.Path(arguments.setup)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        checkpoint = arguments.checkpoint or make_checkpoint(arguments, folder / "checkpoint")
        arguments.family = family_of(checkpoint)
        report = compare(arguments, checkpoint, folder)
    missed = print_report(report)
    output = arguments.output or ROOT / "bench" / "results" / time.strftime("%Y%m%dT%H%M%SZ.json", time.gmtime())
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"figures: {output}")
    if missed:
        print("missed: " + "; ".join(missed))
    return 1 if arguments.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
