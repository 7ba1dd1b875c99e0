#!/usr/bin/env python3
"""Draws what a second of sound costs in each precision, by how many requests there are at once.

  chatterbox-bench -m DIR --precision auto --batch-size 1,2,4,8 -o json > auto.json
  plot_precisions.py auto=auto.json "auto, mean flow"=meanflow.json --reference comparison.json -o work.png

The reference speaks one request after the other: its line is level. It comes from compare_reference.py. Needs
matplotlib.
"""

import argparse
import json
import pathlib

from plot import draw_lines, fail, import_pyplot, read_report

MEASURE = "end to end s per s of sound"
TICKS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", nargs="+", metavar="NAME=JSON", help="of chatterbox-bench, in mode dynamic")
    parser.add_argument("--reference", metavar="JSON", type=pathlib.Path, help="of compare_reference.py")
    parser.add_argument("-o", "--output", metavar="FILE", type=pathlib.Path, default=pathlib.Path("precisions.png"),
                        help="the picture, .png or .svg [%(default)s]")
    arguments = parser.parse_args()
    if arguments.output.suffix not in (".png", ".svg"):
        parser.error(f"{arguments.output}: the name must end in .png or .svg")
    for report in arguments.reports:
        if "=" not in report:
            parser.error(f"{report}: must be NAME=JSON")
    return arguments


def reference_work(path):
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["throughput"]["rows"]
        return next(row["reference"] for row in rows if row["measure"] == MEASURE)
    except (OSError, ValueError, KeyError, StopIteration) as error:
        fail(f"{path}: not a report of compare_reference.py with throughput: {error}")


def dynamic_batches(report):
    return sorted((batch for batch in report["batches"] if batch["mode"] == "dynamic"),
                  key=lambda batch: batch["batch_size"])


def draw(pyplot, lines, reference, output):
    figure, axes = pyplot.subplots(figsize=(7, 5), layout="constrained")
    if reference is not None:
        axes.axhline(reference, color="black", linestyle="--", label="Python package, fp32")
    draw_lines(axes, lines, "seconds of work for a second of sound", lambda batch: batch["rtf"]["median"])
    axes.set_yscale("log")
    axes.set_ylim(0.1, 30)
    axes.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.set_xlabel("requests at once")
    axes.legend(fontsize="small")
    figure.savefig(output, dpi=120)


def main():
    arguments = parse_arguments()
    pyplot = import_pyplot()
    pairs = (report.split("=", 1) for report in arguments.reports)
    lines = [(name, dynamic_batches(read_report(pathlib.Path(path)))) for name, path in pairs]
    reference = reference_work(arguments.reference) if arguments.reference else None
    try:
        draw(pyplot, lines, reference, arguments.output)
    except OSError as error:
        fail(f"{arguments.output}: {error.strerror}")
    print(arguments.output)


if __name__ == "__main__":
    main()
