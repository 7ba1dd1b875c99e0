#!/usr/bin/env python3
"""Draws what chatterbox-bench measured of streams: first sound and smoothness by the number of listeners.

  chatterbox-bench --listeners 1,4,8,16,32 -o json > run.json
  plot_listeners.py run.json -o run.svg

Of several files, each gets lines of its own. Needs matplotlib.
"""

import argparse
import pathlib

from plot import fail, import_pyplot, read_json


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reports", nargs="+", metavar="JSON", type=pathlib.Path,
                        help="of chatterbox-bench -o json with --listeners")
    parser.add_argument("-o", "--output", metavar="FILE", type=pathlib.Path, default=pathlib.Path("listeners.png"),
                        help="the picture, .png or .svg [%(default)s]")
    return parser.parse_args()


def read_report(path):
    return read_json(path, "streams", "run chatterbox-bench with --listeners")


def draw(pyplot, reports, output):
    figure, (sound, smooth) = pyplot.subplots(1, 2, figsize=(11, 4), layout="constrained")
    for path, report in reports:
        label = f"{path.stem}: " if len(reports) > 1 else ""
        listeners = [entry["listeners"] for entry in report["streams"]]
        for key, name in (("first_sound_median", "median"), ("first_sound_p95", "95 of 100 before")):
            sound.plot(listeners, [1000 * entry[key] for entry in report["streams"]], "o-", label=label + name)
        smooth.plot(listeners, [100 * entry["c100"] for entry in report["streams"]], "o-", label=label or None)
    for axes, title in ((sound, "first sound, ms"), (smooth, "streams without a silence of more than 100 ms, %")):
        axes.set_xscale("log", base=2)
        axes.set_xticks(listeners, [str(count) for count in listeners])
        axes.minorticks_off()
        axes.set_xlabel("listeners")
        axes.set_ylim(bottom=0)
        axes.set_title(title)
        axes.grid(alpha=0.3)
    sound.legend(fontsize="small")
    first = reports[0][1]
    figure.suptitle(f"{first['model']}, {first['device']}, {first['precision']} ({first['cpu']}, {first['cores']} cores)")
    figure.savefig(output, dpi=120)


def main():
    arguments = parse_arguments()
    pyplot = import_pyplot()
    try:
        draw(pyplot, [(path, read_report(path)) for path in arguments.reports], arguments.output)
    except OSError as error:
        fail(f"{arguments.output}: {error.strerror}")
    print(arguments.output)


if __name__ == "__main__":
    main()
