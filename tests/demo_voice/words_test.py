#!/usr/bin/env python3
"""The demo voice says its words: a recogniser hears ten sentences that nothing trained on, spoken by the program.

  words_test.py PROGRAM PACKAGES    PACKAGES: the folder that cmake/setup.sh --tests fetches pocketsphinx into

Exits with 77, which ctest calls skipped, where that is not there.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SENTENCES = 10
LIMIT = 0.20  # of the words of each voice
SKIPPED = 77


def spoken(program, voice, sentences, folder):
    """The sentences' waves, without the watermark, which is noise some 17 dB below the speech."""
    requests = folder / "requests.jsonl"
    requests.write_text("".join(json.dumps({"id": str(n), "text": text, "voice": voice, "seed": n}) + "\n"
                                for n, text in enumerate(sentences)), encoding="utf-8")
    subprocess.run([program, "batch", requests, "--output", folder, "--watermark", "off"], check=True,
                   stdout=subprocess.DEVNULL)
    return [folder / f"{n}.wav" for n in range(len(sentences))]


def main():
    program, packages = sys.argv[1:]
    if not pathlib.Path(packages).is_dir():
        print(f"SKIPPED: no recogniser in {packages}: run cmake/setup.sh --tests where there is a network")
        return SKIPPED
    sys.path[:0] = [packages, str(ROOT / "bench"), str(ROOT / "examples" / "demo_voice")]
    from program import read_wav
    from recognise import edits, normalised, recognise
    import config
    sentences = (ROOT / "bench" / "quality_sentences.txt").read_text(encoding="utf-8").splitlines()[:SENTENCES]
    said, worst = [normalised(text) for text in sentences], 0.0
    for voice in config.VOICES:
        with tempfile.TemporaryDirectory() as folder:
            sounds = [(read_wav(path), config.RATE) for path in spoken(program, voice, sentences, pathlib.Path(folder))]
        heard = recognise(sounds, sentences, 1)
        share = sum(map(edits, said, heard)) / sum(map(len, said))
        print(f"{voice}: {100 * share:.1f} % of the words wrong (at most {100 * LIMIT:.0f} %)")
        for text, words in zip(sentences, heard):
            print(f"  {text}  |  {' '.join(words)}")
        worst = max(worst, share)
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
