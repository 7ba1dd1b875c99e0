#!/usr/bin/env python3
"""Writes the tables of figures in README.md and bench/README.md from the JSON files in bench/results.

A table stands between two lines, <!-- figures: NAME --> and <!-- end of figures -->; what is between them is
replaced. Run it after a new measurement. bench/README.md has the commands that make the JSON files.

  readme_table.py            rewrite the tables
  readme_table.py --check    change nothing; exit code 1 where a table differs from the JSON files
"""

import argparse
import json
import pathlib
import re
import sys

from families import FORWARD_ROWS

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
SPEECH_QUALITY, STAGE_QUALITY = "quality_demo.json", "quality_full_en.json"  # quality.py
STREAMING, LISTENERS = "streaming_demo.json", "listeners_demo.json"  # streaming.py, chatterbox-bench --listeners
WORD_TIMES, SERVER = "word_times_demo.json", "serve_demo.json"  # word_times.py, serve.py


class Failure(Exception):
    """One line for whoever runs the script."""


def read(root, name):
    path = root / "bench" / "results" / name
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Failure(f"{path}: {error}") from error


def machine(report):
    """AMD EPYC (family 26, model 2, AVX-512), 2 cores. Older files have the name and the cores alone."""
    details = [f"{word} {report[key]}" for word, key in (("family", "cpu_family"), ("model", "cpu_model"))
               if key in report]
    details += [report["vector"]] if "vector" in report else []
    name = report["cpu"] + (f" ({', '.join(details)})" if details else "")
    return f"{name}, {report['cores']} cores"


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


def number(value, digits=2):
    """So many digits, but all of those before the point."""
    whole = len(str(int(value))) if value >= 1 else 0
    return f"{value:.{max(0, digits - whole)}f}"


def table(heads, rows):
    """A column whose head begins with '>' is aligned to the right."""
    lines = ["| " + " | ".join(head.lstrip(">") for head in heads) + " |",
             "|" + "|".join("---:" if head.startswith(">") else "---" for head in heads) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def source(name, report):
    """Under a table of bench/README.md: what was measured where, and the file with all figures."""
    return f"chatterbox {report['version']}, {machine(report)}: [{name}](results/{name})"


def present(root, files):
    return [(title, name) for title, name in files if (root / "bench" / "results" / name).exists()]


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


def speech_table(report):
    """Of a report of quality.py."""
    speech, rows = report["speech"], []
    for row in speech["rows"]:
        baseline = row is speech["rows"][0]
        difference = f"{100 * row['wer_difference']:+.1f} ± {100 * row['wer_interval']:.1f}"
        rows.append([row["way"], row["t3"] or "", row["s3gen"] or "", f"{100 * row['wer']:.1f} %",
                     "" if baseline else difference, "" if row["log_mel"] is None else f"{row['log_mel']:.3f}",
                     f"{row['speaker']:.3f}", f"{row['length']:.3f}",
                     "" if row["ended"] is None else str(row["ended"])])
    heads = ["way", "T3", "S3Gen", ">word errors", ">more than fp32, points", ">log-mel distance", ">speaker",
             ">length", f">ended, of {speech['sentences']}"]
    return table(heads, rows)


def stage_table(report):
    """Of a report of quality.py --stages."""
    ways = report["stages"]["ways"]
    rows = [[f"`{name}`" if "." in name else "", what,
             *("other tokens" if errors[name] is None else f"{errors[name]:.2g}" for errors in ways.values())]
            for name, what in report["stages"]["tensors"]]
    rows.append(["`t3.tokens`", "equal before the first that differs",
                 *(f"{errors['same_tokens']} of {errors['tokens']}" for errors in ways.values())])
    return table(["tensor", "what", *(">" + name for name in ways)], rows)


def quality(root):
    lines = []
    for name, rows in ((SPEECH_QUALITY, speech_table), (STAGE_QUALITY, stage_table)):
        report = read(root, name)
        lines += [*rows(report), "", source(name, {**report, **report["machine"]}), ""]
    return lines[:-1]


# Of streaming.py: what a figure is called, its name there, and how it is written.
SHARE, RATIO, CENTS, COUNT = (lambda x: f"{100 * x:.1f} %"), (lambda x: f"{x:.2f}"), (lambda x: f"{x:.0f} cents"), str
STREAMING_FIGURES = [
    ("distance to speech made in one go", "distance", SHARE), ("4 frames around joins", "at_joins", SHARE),
    ("worst join", "worst_join", SHARE), ("worst sentence", "worst_sentence", SHARE), ("seam of the mel", "seam", RATIO),
    ("step of the pitch at joins", "pitch_step_cents", CENTS), ("pitch", "pitch_cents", CENTS),
    ("voicing", "voicing", SHARE), ("second difference at joins", "sharpness", RATIO), ("clicks", "clicks", COUNT),
    ("frames computed", "frames", RATIO), ("frames of the first chunk", "first_chunk_frames", COUNT),
    ("frames of a chunk, at most", "chunk_frames", COUNT), ("beyond the bound", "frames_over_bound", COUNT),
    ("words wrong", "words", SHARE), ("more than in one go, points", "words_more", lambda x: f"{100 * x:.1f}"),
]


def streaming_table(report):
    """A row for each figure, a column for each way; in brackets what is asked of it, bold where it is missed."""
    ways = report["rows"]["ways"]

    def cell(way, key, write):
        if key not in way:
            return ""
        asked = way["asked"].get(key)
        text = write(way[key]) + ("" if asked is None else f" ({write(asked)})")
        return f"**{text}**" if asked is not None and way[key] > asked else text

    rows = [[label, *(cell(way, key, write) for way in ways)] for label, key, write in STREAMING_FIGURES]
    lengths = ["the same samples" if way["equal"] else "equal" if way["lengths_equal"] else "**differ**" for way in ways]
    return table(["", *(">" + way["way"] for way in ways)], [*rows, ["lengths", *lengths]])


def streaming(root):
    report = read(root, STREAMING)
    return [*streaming_table(report), "", f"{report['sentences']} sentences, {report['model']}; "
            + source(STREAMING, {**report, **report["machine"]})]


def listeners(root):
    report = read(root, LISTENERS)
    rows = [[str(entry["listeners"]), str(len(entry["streams"])), f"{1000 * entry['first_sound_median']:.0f} ms",
             f"{1000 * entry['first_sound_p95']:.0f} ms", f"{100 * entry['c100']:.0f} %",
             f"{1000 * entry['worst_underrun']:.0f} ms"] for entry in report["streams"]]
    heads = [">listeners", ">streams", ">first sound, median", ">95 of 100 before", ">C100", ">worst silence"]
    return table(heads, rows) + ["", f"{report['precision']}; " + source(LISTENERS, report)]


def streams(root):
    report = read(root, LISTENERS)
    rows = [[str(entry["listeners"]), f"{1000 * entry['first_sound_median']:.0f} ms",
             f"{1000 * entry['first_sound_p95']:.0f} ms", f"{100 * entry['c100']:.0f} %"] for entry in report["streams"]]
    return table([">listeners", ">first sound", ">95 of 100 before", ">C100"], rows) + [
        "", f"Version {report['version']}, {report['precision']}, {machine(report)}."]


def word_times_table(rows):
    """Of word_times.py's rows."""
    cells = [[name, str(row["words"]), f"{1000 * row['median']:.0f} ms", f"{1000 * row['p90']:.0f} ms",
              f"{100 * row['close']:.0f} %", f"{1000 * row['mean_late']:.0f} ms", str(row["lost_sentences"])]
             for name, row in rows.items()]
    heads = ["times of words", ">words", ">median error", ">90 of 100 within", ">within 0.1 s", ">late on average",
             ">sentences not aligned"]
    return table(heads, cells)


def word_times(root):
    report = read(root, WORD_TIMES)
    return [*word_times_table(report["rows"]), "",
            f"{report['sentences']} sentences; " + source(WORD_TIMES, {**report, **report["machine"]})]


def server_table(runs):
    """Of serve.py's runs."""
    cells = [[str(run["clients"]), str(run["requests"]), f"{1000 * run['first_audio_p50']:.0f} ms",
              f"{1000 * run['first_audio_p95']:.0f} ms", f"{run['real_time_factor']:.2f}",
              f"{100 * run['continuous']:.0f} %", number(run["audio_seconds_per_second"]), str(run["refused"])]
             for run in runs]
    heads = [">clients", ">requests", ">first audio, median", ">95 of 100 before", ">RTF of one",
             ">without an underrun over 0.1 s", ">audio seconds a second", ">refused"]
    return table(heads, cells)


def server(root):
    report = read(root, SERVER)
    return [*server_table(report["runs"]), "", f"{report['precision']}; " + source(SERVER, {**report, **report["machine"]})]


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
