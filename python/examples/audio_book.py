#!/usr/bin/env python3
"""Speaks a book: audio_book.py BOOK.txt OUT [--model DIR] [--voice VOICE] [--seed N]

A line that begins with "# " begins a chapter. Each chapter becomes OUT/NN.mp3 with subtitles beside it (NN.srt, a
sentence or so at a time), and OUT/chapters.json has their titles and lengths in seconds.
"""

from __future__ import annotations

import argparse
import json
import pathlib
from collections.abc import Iterator

import chatterbox


def chapters(book: str) -> Iterator[tuple[str, str]]:
    """Titles and texts."""
    title = ""
    lines: list[str] = []
    for line in [*book.splitlines(), "# "]:
        if line.startswith("# "):
            if any(line.strip() for line in lines):
                yield title, "\n".join(lines)
            title, lines = line[2:].strip(), []
        else:
            lines.append(line)


def subtitle_time(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    return (
        f"{milliseconds // 3600000:02}:{milliseconds // 60000 % 60:02}:"
        f"{milliseconds // 1000 % 60:02},{milliseconds % 1000:03}"
    )


def subtitles(text: str, pieces: list[chatterbox.Piece]) -> str:
    """The pieces of a text with their times, as SubRip; offsets are in bytes of UTF-8."""
    data = text.encode()
    lines = []
    for number, piece in enumerate(pieces, 1):
        begin, end = subtitle_time(piece.begin_seconds), subtitle_time(piece.end_seconds)
        shown = " ".join(data[piece.text_begin : piece.text_end].decode().split())
        lines.append(f"{number}\n{begin} --> {end}\n{shown}\n")
    return "\n".join(lines)


def speak_chapter(
    engine: chatterbox.Engine, text: str, audio: pathlib.Path, voice: str | None, seed: int
) -> chatterbox.Speech:
    """Write the audio piece by piece, so that a chapter of any length takes little memory."""
    job = engine.submit(
        text, voice=voice, seed=seed, long=True, stream="pieces", wait_for_room=None
    )
    with chatterbox.AudioWriter(audio) as writer:
        for chunk in job:
            writer.write(chunk.samples)
    return job.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--model", default="demo")
    parser.add_argument("--voice")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    contents = []
    with chatterbox.Engine(asked.model, precision="auto") as engine:
        for number, (title, text) in enumerate(chapters(asked.book.read_text("utf-8")), 1):
            audio = asked.out / f"{number:02}.mp3"
            speech = speak_chapter(engine, text, audio, asked.voice, asked.seed)
            audio.with_suffix(".srt").write_text(subtitles(text, speech.pieces), "utf-8")
            contents.append({"title": title, "file": audio.name, "seconds": speech.duration})
            print(f"{audio}: {title}, {speech.duration:.1f} s")
    (asked.out / "chapters.json").write_text(json.dumps(contents, indent=1), "utf-8")


if __name__ == "__main__":
    main()
