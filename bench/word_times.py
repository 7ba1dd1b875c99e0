#!/usr/bin/env python3
"""Measures how well the times of words fit the speech: those of `chatterbox speak --words`, against what pocketsphinx
finds when it is told the text and looks for its words in the sound (forced alignment).

The aligner errs too, so with --teacher the demo voice's teacher is measured as well, whose own times are known: it is
the least that can be asked. Prints a markdown table, and writes the figures as JSON.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FRAME = 0.01  # s, of the aligner
CLOSE = 0.1   # s


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=ROOT / "build" / "release" / "bin" / "chatterbox", help="[%(default)s]")
    parser.add_argument("--packages", default=ROOT / "build" / "recogniser",
                        help="where setup.sh --tests put pocketsphinx [%(default)s]")
    parser.add_argument("--model", default="demo", help="[%(default)s]")
    parser.add_argument("--voices", default="low,high", help="in turn [%(default)s]")
    parser.add_argument("--sentences", type=int, default=40, help="of quality_sentences.txt [%(default)s]")
    parser.add_argument("--teacher", action="store_true", help="also the teacher; needs quality.py --setup")
    parser.add_argument("--output", type=pathlib.Path, help="JSON file [none]")
    return parser.parse_args()


class Aligner:
    def __init__(self):
        import pocketsphinx
        self.decoder = pocketsphinx.Decoder(samprate=16_000, lm=None, cmn="batch", loglevel="FATAL")

    def begins(self, wave, rate, text):
        """Seconds at which each word begins, or None where the text is not found in the sound."""
        import soxr
        from recognise import normalised
        words = normalised(text)
        self.decoder.set_align_text(" ".join(words))
        self.decoder.start_utt()
        samples = (soxr.resample(wave, rate, 16_000) * 32767).clip(-32767, 32767).astype("<i2")
        self.decoder.process_raw(samples.tobytes(), full_utt=True)
        self.decoder.end_utt()
        if self.decoder.hyp() is None:
            return None
        found = [(part.word.split("(")[0], FRAME * part.start_frame) for part in self.decoder.seg()
                 if part.word[0] not in "<(["]
        return [begin for _, begin in found] if [word for word, _ in found] == words else None


def spoken(arguments, text, voice, seed, folder):
    """The program's wave, and when each of its words begins."""
    from program import read_wav
    sound, times = folder / "spoken.wav", folder / "words.json"
    subprocess.run([arguments.program, "speak", text, "--model", arguments.model, "--voice", voice, "--seed", str(seed),
                    "--watermark", "off", "--output", sound, "--words", times], check=True, capture_output=True)
    return read_wav(sound), [word["begin_seconds"] for word in json.loads(times.read_text())["words"]]


def said_by_teacher(text, voice):
    """The teacher's wave, and when each of its words begins: at the first of its phonemes that is not silent."""
    import config
    import numpy as np
    import teacher
    speech = teacher.speak(text, config.VOICES[voice])
    places, ends = speech.places, speech.ends / config.RATE
    letters = np.cumsum([0] + [len(word) + 1 for word in text.split()])[:-1]
    firsts = [int(np.searchsorted(places, letter)) for letter in letters]
    return speech.wave, [float(ends[max(0, first - 1)]) for first in firsts]


def errors(aligner, utterances):
    """Of each word that both know, in seconds; and the sentences in which the aligner lost its way."""
    from recognise import normalised
    found, lost = [], 0
    for text, wave, begins in utterances:
        aligned = aligner.begins(wave, 24_000, text)
        if aligned is None or len(aligned) != len(begins) or len(begins) != len(normalised(text)):
            lost += 1
        else:
            found += [mine - theirs for mine, theirs in zip(begins, aligned)]
    return found, lost


def figures(found, lost):
    import numpy as np
    late = np.array(found)
    off = np.abs(late)
    return {"words": len(late), "median": float(np.median(off)), "p90": float(np.percentile(off, 90)),
            "mean_late": float(late.mean()), "close": float((off <= CLOSE).mean()), "lost_sentences": lost}


def main():
    arguments = parse_arguments()
    sys.path[:0] = [str(arguments.packages), str(ROOT / "bench"), str(ROOT / "examples" / "demo_voice")]
    sentences = (ROOT / "bench" / "quality_sentences.txt").read_text(encoding="utf-8").splitlines()[:arguments.sentences]
    voices = arguments.voices.split(",")
    asked = [(text, voices[n % len(voices)], n) for n, text in enumerate(sentences)]
    aligner, rows = Aligner(), {}
    with tempfile.TemporaryDirectory() as folder:
        rows["the program, of its speech"] = figures(*errors(aligner, (
            (text, *spoken(arguments, text, voice, n, pathlib.Path(folder))) for text, voice, n in asked)))
    if arguments.teacher:
        rows["the teacher, of its own"] = figures(*errors(aligner, (
            (text, *said_by_teacher(text, voice)) for text, voice, _ in asked)))
    from speech_tables import word_times_table
    print(*word_times_table(rows), sep="\n")
    if arguments.output:
        from compare_reference import machine
        version = subprocess.run([arguments.program, "--version"], check=True, capture_output=True, text=True).stdout
        report = {"version": version.split()[-1], "machine": machine(), "sentences": len(asked), "rows": rows}
        arguments.output.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
