#!/usr/bin/env python3
"""Streams of the demo voice are near to the same speech made in one go, in sound, pitch and words: the short form of
bench/streaming.py.

  stream_test.py PROGRAM PACKAGES    PACKAGES: the folder that cmake/setup.sh --tests fetches pocketsphinx into

Exits with 77, which ctest calls skipped, where that is not there.
"""
import argparse
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SENTENCES = 10
# Of the default plan, at most; the names are those of bench/streaming_figures.py, and what is asked of forty sentences
# is in bench/streaming.py. One word more is one point in a hundred.
LIMITS = {"distance": 0.09, "at_joins": 0.14, "pitch_cents": 45, "voicing": 0.01, "clicks": 0, "frames_over_bound": 0,
          "words_more": 0.05}
SKIPPED = 77


def main():
    program, packages = sys.argv[1:]
    if not pathlib.Path(packages).is_dir():
        print(f"SKIPPED: no recogniser in {packages}: run cmake/setup.sh --tests where there is a network")
        return SKIPPED
    sys.path[:0] = [packages, str(ROOT / "bench")]
    from streaming import OTHERS, WAYS, measured
    arguments = argparse.Namespace(model="demo", voices="low,high", sentences=SENTENCES, options="", threads=1,
                                   build=pathlib.Path(program).parents[1])
    with tempfile.TemporaryDirectory() as folder:
        row = measured(arguments, WAYS[:OTHERS] + [way for way in WAYS if way.name == "default"],
                       pathlib.Path(folder))["ways"][-1]
    for name, limit in LIMITS.items():
        print(f"{name}: {row[name]:.3g} (at most {limit:.3g}){' MISSED' if row[name] > limit else ''}")
    if not row["lengths_equal"]:
        print("a stream is not as long as the same speech in one go")
    return int(not row["lengths_equal"] or any(row[name] > limit for name, limit in LIMITS.items()))


if __name__ == "__main__":
    sys.exit(main())
