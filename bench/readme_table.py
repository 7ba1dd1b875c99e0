#!/usr/bin/env python3
"""Writes the tables of figures in README.md and bench/README.md from the JSON files in bench/results.

A table stands between two lines, <!-- figures: NAME --> and <!-- end of figures -->; what is between them is
replaced. Run it after a new measurement. bench/README.md has the commands that make the JSON files.

  readme_table.py            rewrite the tables
  readme_table.py --check    change nothing; exit code 1 where a table differs from the JSON files
"""

import argparse
import pathlib
import re
import sys

from families import FORWARD_ROWS
from speech_tables import listeners, quality, server, streaming, streams, word_times
from table_parts import Failure, machine, number, present, read, source, table

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENTS = ["README.md", "bench/README.md"]
BLOCK = re.compile(r"(?<=<!-- figures: )(\w+)( -->\n)(.*?)(?=<!-- end of figures -->)", re.DOTALL)
MIB_PER_GIB = 1024

# Model, JSON file: chatterbox-bench --mode dynamic --batch-size 1,8 -o json. Rows of a file that is not there are left
# out.
SPEED = [
    ("Demo", "demo.json"),
    ("Nano", "nano_full_fp32.json"),
    ("Nano", "nano_full_auto.json"),
    ("Turbo", "turbo_full_fp32.json"),
    ("Turbo", "turbo_full_auto.json"),
    ("Flash", "flash_full_auto.json"),
    ("English", "english_full_fp32.json"),
    ("English", "english_full_auto.json"),
    ("Multilingual", "multilingual_full_fp32.json"),
    ("Multilingual", "multilingual_full_auto.json"),
]
AFTER = "english_full_fp32.json"
MODES = "english_full_modes_100_tokens.json"  # all modes, measured with version 0.1.0
BEFORE = "english_full_fp32_0_1.json"  # as AFTER, right after it, with version 0.1.0
COMPARISON = "english_full_comparison.json"  # compare_reference.py, all precisions in one run
# The same, where the files are there: of other families, and as on a CPU that has no more than AVX2.
OTHER_COMPARISONS = [
    ("Flash", "flash_full_comparison.json"),  # --only stages
    ("Nano", "nano_full_comparison.json"),
    ("Multilingual", "multilingual_full_comparison.json"),
    ("English, AVX2", "english_full_comparison_avx2.json"),
]
TOGETHER = "dynamic 8"  # requests
# Head, and what compare_reference.py calls it.
OTHER_MEASURES = [("decode step", "decode step"), ("flow", "- flow"), ("T3, 8 together", "T3 decode tokens/s"),
                  ("S3Gen, 8 together", "S3Gen s per s of sound"), ("end to end, 8 together", "end to end s per s of sound")]
# compare_reference.py --only throughput --batches 1,8,16 of each, one after the other on one machine.
FAMILIES = [(name, f"{name.lower()}_full_families.json") for name in ("English", "Turbo", "Flash")]


def batch(report, name, mode, size):
    for entry in report["batches"]:
        if (entry["mode"], entry["batch_size"]) == (mode, size):
            return entry
    raise Failure(f"{name}: has no batch of {size} requests in mode {mode}")


def sizes(report, mode):
    return [entry["batch_size"] for entry in report["batches"] if entry["mode"] == mode]


def mean_completion(entry):
    """Seconds from submission to a request's end, over the requests of all runs."""
    times = [request["timings"]["total"] for run in entry["samples"] for request in run["requests"]]
    return sum(times) / len(times)


def speed(root):
    rows, versions = [], {}
    for model, name in present(root, SPEED):
        report = read(root, name)
        if model not in versions.setdefault(report["version"], []):
            versions[report["version"]].append(model)
        for size in sizes(report, "dynamic"):
            entry = batch(report, name, "dynamic", size)
            rows.append([model, machine(report), report["precision"], str(size), number(entry["rtf"]["median"]),
                         number(entry["first_done_seconds"]["median"]) + " s",
                         number(entry["peak_rss_mib"] / MIB_PER_GIB) + " GiB"])
    heads = ["model", "machine", "precision", ">requests at once", ">real-time factor", ">first sound", ">peak memory"]
    measured = "; ".join(f"{', '.join(models)} with version {version}" for version, models in versions.items())
    return table(heads, rows) + ["", f"Measured: {measured}."]


def latency(root):
    rows, sources = [], []
    for name in (BEFORE, AFTER):
        report = read(root, name)
        sources.append(source(name, report))
        entry = batch(report, name, "dynamic", 8)
        rows.append([report["version"], number(entry["first_done_seconds"]["median"]) + " s",
                     number(mean_completion(entry)) + " s", number(entry["seconds"]["median"]) + " s"])
    heads = ["version", ">first done", ">mean until done", ">all done"]
    return table(heads, rows) + ["", *("- " + line for line in sources)]


def modes(root):
    report = read(root, MODES)
    rows = []
    for size in sizes(report, "dynamic"):
        runs = [batch(report, MODES, mode, size) for mode in ("sequential", "batch", "dynamic")]
        rows.append([str(size), *(number(run["seconds"]["median"]) + " s" for run in runs),
                     *(number(run["tokens_per_second"]["median"]) for run in runs),
                     number(runs[-1]["peak_rss_mib"] / MIB_PER_GIB) + " GiB"])
    heads = [">requests", ">sequential", ">batch", ">dynamic", ">tokens/s, sequential", ">batch", ">dynamic",
             ">peak memory, dynamic"]
    return table(heads, rows) + ["", source(MODES, report)]


def compared(report, name=COMPARISON):
    """The machine and the version of a report of compare_reference.py."""
    runs = report["throughput"]["library"] if "throughput" in report else report["library_runs"]
    first = next(iter(runs.values()))
    return source(name, {**(first if "throughput" in report else first[0]), **report["machine"]})


def stages(root):
    report = read(root, COMPARISON)
    sides = list(report["stages"].values())
    rows = []
    for stages_of_all in zip(*sides):
        first = stages_of_all[0]
        row = [first["stage"], f"{number(first['reference']['min'], 3)} {first['unit']}"]
        for stage in stages_of_all:
            row += [f"{number(stage['library']['min'], 3)} {stage['unit']}", f"{stage['ratio']:.2f}"]
        rows.append(row)
    heads = ["stage", ">Python package"]
    for precision in report["stages"]:
        heads += [f">{precision}", ">ratio"]
    return table(heads, rows) + ["", compared(report)]


def throughput(root):
    report = read(root, COMPARISON)
    rows = [[row["measure"], row["precision"], row["way"], number(row["reference"], 3), number(row["library"], 3),
             f"{row['ratio']:.1f}"] for row in report["throughput"]["rows"] if row["reference"] is not None]
    heads = ["measure", "precision", "chatterbox ran", ">Python package", ">chatterbox", ">times as fast"]
    return table(heads, rows) + ["", compared(report)]


def times_as_fast(report, precision, way):
    """Of one comparison: a figure for each column of OTHER_MEASURES that was measured."""
    stages = {stage["stage"]: f"{1 / stage['ratio']:.1f}" for stage in report["stages"].get(precision, [])}
    together = {row["measure"]: f"{row['ratio']:.1f}" for row in report.get("throughput", {"rows": []})["rows"]
                if row["precision"] == precision and row["way"] == way and row["reference"] is not None}
    found = together if way != TOGETHER else {**stages, **together}
    return [found.get(measure, "") for _, measure in OTHER_MEASURES]


def others(root):
    rows, sources = [], []
    for title, name in present(root, OTHER_COMPARISONS):
        report = read(root, name)
        sources.append("- " + compared(report, name))
        for precision in report["stages"]:
            rows.append([title, precision, *times_as_fast(report, precision, TOGETHER)])
            with_mean_flow = times_as_fast(report, precision, f"{TOGETHER}, mean flow")
            if any(with_mean_flow):
                rows.append([title, f"{precision}, mean flow", *with_mean_flow])
    if not rows:
        return ["Not measured yet."]
    heads = ["model", "precision", *(f">{head}" for head, _ in OTHER_MEASURES)]
    return table(heads, rows) + ["", *sources]


def families(root):
    rows, sources = [], []
    for title, name in present(root, FAMILIES):
        report = read(root, name)
        sources.append("- " + compared(report, name))
        measured = {(row["measure"], row["precision"], row["way"]): row for row in report["throughput"]["rows"]}
        for way, run in report["throughput"]["library"].items():
            if run["mode"] != "dynamic":
                continue
            requests = run["requests"]
            forwards = sum(r["decode_steps"] for r in requests) / sum(r["speech_tokens"] for r in requests)
            row = [title, run["precision"], str(run["batch_size"]), number(forwards),
                   number(forwards * FORWARD_ROWS[report["options"]["family"]])]
            for measure in ("T3 decode tokens/s", "end to end s per s of sound"):
                figures = measured[measure, *way.split(", ", 1)]
                row += [number(figures["reference"], 3), number(figures["library"], 3), f"{figures['ratio']:.1f}"]
            rows.append(row)
    if not rows:
        return ["Not measured yet."]
    heads = ["model", "precision", ">requests", ">forwards a token", ">position-rows a token",
             ">T3 tokens/s, package", ">chatterbox", ">times as fast",
             ">end to end s per s of sound, package", ">chatterbox", ">times as fast"]
    return table(heads, rows) + ["", *sources]


TABLES = {function.__name__: function for function in (
    speed, latency, modes, stages, throughput, families, others, quality, streaming, listeners, streams, word_times,
    server)}


def rewritten(root, text, document):
    """The document with its tables as the JSON files have them."""
    found = set()

    def replace(match):
        name = match.group(1)
        if name not in TABLES:
            raise Failure(f"{document}: figures {name}: must be one of {', '.join(sorted(TABLES))}")
        found.add(name)
        return name + match.group(2) + "\n".join(TABLES[name](root)) + "\n"

    text = BLOCK.sub(replace, text)
    if len(found) != text.count("<!-- figures: "):
        raise Failure(f"{document}: a table has no end, or is there twice")
    if not found:
        raise Failure(f"{document}: has no table between <!-- figures: NAME --> and <!-- end of figures -->")
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 where a table differs")
    parser.add_argument("--root", metavar="DIR", type=pathlib.Path, default=ROOT, help="of the sources [%(default)s]")
    arguments = parser.parse_args()
    differing = []
    try:
        for document in DOCUMENTS:
            path = arguments.root / document
            old = path.read_text(encoding="utf-8")
            new = rewritten(arguments.root, old, document)
            if new == old:
                continue
            differing.append(document)
            if not arguments.check:
                path.write_text(new, encoding="utf-8")
    except (Failure, OSError, KeyError) as error:
        sys.exit(f"readme_table.py: error: {error}")
    if arguments.check and differing:
        sys.exit(f"{', '.join(differing)}: a table is not what bench/results says: run python3 bench/readme_table.py")


if __name__ == "__main__":
    main()
