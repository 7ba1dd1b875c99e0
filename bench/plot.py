#!/usr/bin/env python3
"""Draws what chatterbox-bench measured of batches: throughput, time, memory and stages by batch size.

  chatterbox-bench --mode sequential,dynamic --batch-size 1,2,4,8 -o json > run.json
  plot.py run.json -o run.svg

Of several files, each gets lines and bars of its own. Needs matplotlib.
"""

import argparse
import json
import pathlib
import sys

STAGES = ["prefill", "decode", "encoder", "cfm", "vocoder", "other"]
LABELS = {"cfm": "CFM"}
MIB = 2**20


def fail(message):
    sys.exit(f"plot.py: error: {message}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", nargs="+", metavar="JSON", type=pathlib.Path,
                        help="of chatterbox-bench -o json with --mode or --batch-size")
    parser.add_argument("-o", "--output", metavar="FILE", type=pathlib.Path, default=pathlib.Path("bench.png"),
                        help="the picture, .png or .svg [%(default)s]")
    arguments = parser.parse_args()
    if arguments.output.suffix not in (".png", ".svg"):
        parser.error(f"{arguments.output}: the name must end in .png or .svg")
    return arguments


def import_pyplot():
    try:
        import matplotlib
    except ImportError:
        fail("matplotlib is missing: pip install matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot
    return matplotlib.pyplot


def read_json(path, part, hint):
    """A report that has the part."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        fail(f"{path}: {error}")
    if not isinstance(report, dict) or part not in report:
        fail(f"{path}: has no {part}: {hint}")
    return report


def read_report(path):
    return read_json(path, "batches", "run chatterbox-bench with --mode or --batch-size")


def series(reports):
    """(label, batches by size) of every file and mode."""
    several = len(reports) > 1
    for path, report in reports:
        for mode in dict.fromkeys(batch["mode"] for batch in report["batches"]):
            batches = [batch for batch in report["batches"] if batch["mode"] == mode]
            label = f"{path.stem}: {mode}" if several else mode
            yield label, sorted(batches, key=lambda batch: batch["batch_size"])


def draw_lines(axes, lines, title, value):
    for label, batches in lines:
        axes.plot([batch["batch_size"] for batch in batches], [value(batch) for batch in batches], "o-", label=label)
    axes.set_xscale("log", base=2)
    sizes = sorted({batch["batch_size"] for _, batches in lines for batch in batches})
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set_xlabel("requests")
    axes.set_title(title)
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)


def draw_memory(axes, lines):
    """The KV cache as reserved: on a CPU only positions that were used take memory."""
    for _, batches in lines:
        axes.plot([batch["batch_size"] for batch in batches],
                  [batch["kv_cache_bytes"] / MIB for batch in batches], "o--", markerfacecolor="none")
    axes.set_prop_cycle(None)  # the same colours again
    draw_lines(axes, lines, "memory, MiB: peak RSS, and KV cache as reserved (dashed)",
               lambda batch: batch["peak_rss_mib"])


def draw_shares(axes, lines):
    """Of the sum of the stages' medians, which the median of the whole need not be."""
    bars = [(f"{label} {batch['batch_size']}", batch) for label, batches in lines for batch in batches]
    names = [name for name, _ in bars]
    sums = [sum(batch[f"{stage}_seconds"]["median"] for stage in STAGES) for _, batch in bars]
    left = [0.0] * len(bars)
    for stage in STAGES:
        shares = [100 * batch[f"{stage}_seconds"]["median"] / total for (_, batch), total in zip(bars, sums)]
        axes.barh(names, shares, left=left, label=LABELS.get(stage, stage))
        left = [start + share for start, share in zip(left, shares)]
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_title("share of the time, %")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=len(STAGES), fontsize="small")


def draw(pyplot, reports, output):
    lines = list(series(reports))
    bars = sum(len(batches) for _, batches in lines)
    figure, ((throughput, time), (memory, shares)) = pyplot.subplots(
        2, 2, figsize=(12, 8 + 0.15 * max(0, bars - 12)), layout="constrained")
    draw_lines(throughput, lines, "T3 decode, tokens/s", lambda batch: batch["tokens_per_second"]["median"])
    draw_lines(time, lines, "seconds of work for a second of sound", lambda batch: batch["rtf"]["median"])
    draw_memory(memory, lines)
    draw_shares(shares, lines)
    throughput.legend(fontsize="small")
    first = reports[0][1]
    names = {f"{pathlib.Path(report['model']).name}, {report['device']}, {report['precision']}"
             for _, report in reports}
    figure.suptitle(f"{'; '.join(sorted(names))} ({first['cpu']}, {first['cores']} cores)")
    figure.savefig(output, dpi=120)


def main():
    arguments = parse_arguments()
    pyplot = import_pyplot()
    reports = [(path, read_report(path)) for path in arguments.reports]
    try:
        draw(pyplot, reports, arguments.output)
    except OSError as error:
        fail(f"{arguments.output}: {error.strerror}")
    print(arguments.output)


if __name__ == "__main__":
    main()
