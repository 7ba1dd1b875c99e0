#!/usr/bin/env python3
"""Speaks a text in the voices of many recordings: batch_cloning.py TEXT OUT RECORDING... [--model DIR]

Each voice is saved as OUT/NAME.voice, so that a second run need not compute it again, and its speech as OUT/NAME.flac.
The speeches are made together.
"""

from __future__ import annotations

import argparse
import pathlib
import sys

import chatterbox


def clone(
    engine: chatterbox.Engine, recording: pathlib.Path, saved: pathlib.Path
) -> chatterbox.Voice:
    if saved.exists():
        return chatterbox.Voice.load(saved)
    voice = engine.make_voice(recording)
    voice.save(saved)
    return voice


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("text")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("recordings", type=pathlib.Path, nargs="+")
    parser.add_argument("--model", default="demo")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    with chatterbox.Engine(asked.model, precision="auto") as engine:
        requests: list[str | chatterbox.Request] = [
            chatterbox.Request(asked.text, clone(engine, path, asked.out / f"{path.stem}.voice"), 1)
            for path in asked.recordings
        ]
        outcomes = engine.synthesize_batch(
            requests,
            progress=lambda done, total: print(f"{done} of {total}", file=sys.stderr),
            return_exceptions=True,
        )
    failed = 0
    for path, outcome in zip(asked.recordings, outcomes):
        if isinstance(outcome, chatterbox.Error):
            print(f"{path}: {outcome}", file=sys.stderr)
            failed = 1
        else:
            outcome.save(asked.out / f"{path.stem}.flac")
    return failed


if __name__ == "__main__":
    sys.exit(main())
