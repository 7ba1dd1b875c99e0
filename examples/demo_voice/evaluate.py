#!/usr/bin/env python3
"""Stage 14: speaks sentences that nothing trained on with the exported model, through the program, and judges them.

Writes results.json, mel.png and three samples as MP3, and the tables of results into README.md. Words are those that a
recogniser hears (bench/recognise.py); how the sound differs from the teacher's is in measures.py.
"""
import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

import audio
import config
import picture
import speech
import stage
from measures import Difference
from program import Program, write_wav

sys.path.append(str(config.REPOSITORY / "bench"))
from recognise import edits, normalised, recognise  # noqa: E402

HELLO_SEED = 8       # of cmake/quickstart.sh
HELLO, HEARD_HELLO = "Hello, I am Chatterbox.", "Hello, I am chatter box."  # as the recogniser's dictionary has it
SOME = 10            # sentences of the smaller trials
TAKES = {"held out": 1, "3 words": 6, "40 words": 3}  # of each sentence: of the others there are few
EDGE = 240           # samples, 10 ms
CLONED_SECONDS = 5   # of the recordings that voices are made of
BEGIN, END = "<!-- written by evaluate.py -->", "<!-- end -->"


class Trial:
    """Sentences of one kind in both voices, and the teacher's recordings of them."""

    def __init__(self, options, kind):
        made = {(u["text"], u["voice"]): speech.as_float(u["wave"]) for u in speech.read(options.work, "judged")}
        self.kind, self.threads = kind, options.threads or 2
        self.texts = TAKES[kind] * config.JUDGED[kind].read_text().splitlines()
        self.cases = [(text, voice) for voice in config.VOICES for text in self.texts]
        self.teacher = [made[case] for case in self.cases]

    def requests(self, program, **settings):
        return [dict(id=f"{n:03d}", text=text, voice=program.voice(voice), seed=n, **settings)
                for n, (text, voice) in enumerate(self.cases)]

    def word_errors(self, waves):
        """The share of words by voice."""
        found = {}
        for voice in config.VOICES:
            numbers = [n for n, case in enumerate(self.cases) if case[1] == voice]
            heard = recognise([(waves[n], config.RATE) for n in numbers], self.texts, self.threads)
            said = [normalised(text) for text in self.texts]
            found[voice] = sum(map(edits, said, heard)) / sum(map(len, said))
        return found


def clean(wave, statistics):
    """No clipping, no numbers that are none, no DC, no click at either end."""
    edges = np.abs(np.concatenate((wave[:EDGE], wave[-EDGE:]))).max()
    return bool(np.isfinite(wave).all() and statistics["quality"]["clipped_samples"] == 0
                and abs(wave.mean()) < 0.005 and edges < 0.02)


def spoken(trial, program):
    """All sentences with the default settings: their waves, and what is to say of them."""
    statistics, summary = program.batch(trial.kind, trial.requests(program))
    lines = [statistics[f"{n:03d}"] for n in range(len(trial.cases))]
    waves = [program.spoken(trial.kind, f"{n:03d}") for n in range(len(trial.cases))]
    length = [len(made) / len(real) for made, real in zip(waves, trial.teacher)]
    return waves, {"sentences": len(waves), "words": trial.word_errors(waves),
                   "ended": sum(line["finish_reason"] == "eos" for line in lines),
                   "length_within_20": sum(0.8 <= x <= 1.2 for x in length),
                   "clean": sum(map(clean, waves, lines)), "rtf": summary["rtf"],
                   "load_seconds": summary["engine"]["load_seconds"]}


def copies(trial, program):
    """The teacher's recordings through tokenizer, flow and vocoder."""
    waves = []
    for (_, voice), wave in zip(trial.cases, trial.teacher):
        recording = program.folder / "teacher.wav"
        write_wav(wave, recording)
        waves.append(program.converted(recording, voice, program.folder / "copy.wav"))
    return waves


def differences(trial, waves):
    found = {voice: Difference() for voice in config.VOICES}
    for (_, voice), made, real in zip(trial.cases, waves, trial.teacher):
        found[voice].add(made, real)
    return {voice: difference.figures() for voice, difference in found.items()}


def guidance(trial, program):
    """The word errors of some sentences at each weight."""
    some = trial.texts[:SOME]
    said, found = [normalised(text) for text in some], {}
    for weight in (0.0, 0.5, 1.0):
        name = f"guidance_{weight}"
        program.batch(name, [dict(id=f"{n:03d}", text=text, seed=n, cfg_weight=weight) for n, text in enumerate(some)])
        waves = [(program.spoken(name, f"{n:03d}"), config.RATE) for n in range(len(some))]
        found[str(weight)] = sum(map(edits, said, recognise(waves, some, trial.threads))) / sum(map(len, said))
    return found


def median_pitch(wave):
    hertz = audio.pitch(wave)
    return float(hertz[hertz > 0].median()) if (hertz > 0).any() else 0.0


def clones(trial, program):
    """Of a recording of each voice: the cosines to its own and to the other, and the pitch that it speaks with."""
    names, results = ("voice.speaker_emb", "voice.gen.embedding"), {}
    built_in = {v: load_file(program.voice(v)) for v in config.VOICES}
    real = {v: [w for case, w in zip(trial.cases, trial.teacher) if case[1] == v] for v in config.VOICES}
    pitches = {v: float(np.median([median_pitch(w) for w in waves[:SOME]])) for v, waves in real.items()}
    for voice in config.VOICES:
        recording, made = program.folder / f"{voice}.wav", program.folder / f"clone_{voice}.voice"
        write_wav(np.concatenate(real[voice][-8:])[:CLONED_SECONDS * config.RATE], recording)
        clone = load_file(program.made_voice(recording, made))
        cosines = {other: [float(torch.cosine_similarity(clone[k], built_in[other][k])) for k in names]
                   for other in config.VOICES}
        name = f"clone_{voice}"
        program.batch(name, [dict(id=str(n), text=trial.texts[n], seed=n, voice=str(made)) for n in range(3)])
        hertz = float(np.median([median_pitch(program.spoken(name, str(n))) for n in range(3)]))
        nearest = min(config.VOICES, key=lambda v: abs(np.log(max(hertz, 1) / pitches[v])))
        best = [max(config.VOICES, key=lambda v: cosines[v][i]) for i in range(len(names))]
        results[voice] = {"cosines": cosines, "pitch": hertz, "right": best == [voice] * 2 and nearest == voice}
    return results


def hello(program):
    """Whether the quickstart's sentence is heard word for word, in the default voice."""
    program.batch("hello", [dict(id="hello", text=HELLO, seed=HELLO_SEED)])
    return recognise([(program.spoken("hello", "hello"), config.RATE)], [HEARD_HELLO], 1) == [normalised(HEARD_HELLO)]


def at_least(what, found, of, percent):
    return what, f"{found} of {of}", f"≥ {percent} %", 100 * found >= percent * of


def at_most(what, found, limit, unit=""):
    scale = 100 if unit == " %" else 1
    return what, f"{scale * found:.1f}{unit}" if scale > 1 else f"{found:.2f}{unit}", \
        f"≤ {scale * limit:.3g}{unit}", found <= limit


def table(r):
    """What is asked, what was found, whether it is met."""
    spoken = r["held out"]
    count = spoken["sentences"]
    for voice in config.VOICES:
        for kind in config.JUDGED:
            teacher = r["teacher_words"][kind][voice]
            yield at_most(f"word errors, {voice} voice, {kind} (teacher {100 * teacher:.1f} %)",
                          r[kind]["words"][voice], min(0.15, 1.5 * teacher + 0.05), " %")
    yield at_least("end of speech reached", spoken["ended"], count, 98)
    yield at_least("length within 20 % of the teacher's", spoken["length_within_20"], count, 90)
    yield at_least("no clipping, NaN, DC or click", spoken["clean"], count, 100)
    for weight, found in r["guidance"].items():
        yield at_most(f"word errors with guidance {weight}", found, 0.25, " %")
    yield at_least("clones nearer to their own voice", sum(c["right"] for c in r["clones"].values()), 2, 100)
    yield at_least("the quickstart's sentence word for word", int(r["hello"]), 1, 100)
    yield at_most("loading", spoken["load_seconds"], 1, " s")
    yield at_most("real-time factor", spoken["rtf"], 0.5)


def sound_table(r):
    yield "| | voice | word errors | log-spectral distance | pitch, median error | voicing differs | modulation spectrum |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for what, words, sounds in (("copy-synthesis", r["copy_words"], r["copy"]),
                                ("spoken", r["held out"]["words"], r["sound"])):
        for voice in config.VOICES:
            s = sounds[voice]
            yield (f"| {what} | {voice} | {100 * words[voice]:.1f} % | {s['log_spectral_db']:.1f} dB | "
                   f"{s['pitch_cents']:.0f} cents | {100 * s['voicing']:.1f} % | {s['modulation_db']:.2f} dB |")


def write_results(r, out):
    """Into the place of README.md that is marked for them."""
    lines = ["| what | found | asked | met |", "|---|---|---|---|"]
    lines += [f"| {what} | {found} | {asked} | {'yes' if met else 'no'} |" for what, found, asked, met in table(r)]
    lines += ["", *sound_table(r)]
    (out / "results.json").write_text(json.dumps(r, indent=2) + "\n")
    print("\n".join(lines))
    readme = out / "README.md"
    if readme.exists():
        before, rest = readme.read_text().split(BEGIN)
        readme.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + rest.split(END)[1])


def write_samples(trial, program, out):
    """The first sentence in both voices, and the quickstart's."""
    for name, text, voice, seed in (("low", trial.texts[0], "low", 1), ("high", trial.texts[1], "high", 1),
                                    ("hello", HELLO, "low", HELLO_SEED)):
        program.run("speak", text, "--voice", program.voice(voice), "--seed", seed, "-o", out / f"{name}.mp3")


def extra(parser):
    parser.add_argument("--model", type=Path, help="folder to judge (default: WORK/model)")
    parser.add_argument("--program", type=Path, default=config.PROGRAM, help="(default: %(default)s)")
    parser.add_argument("--out", type=Path, help="folder for the results (default: this one; with --smoke: WORK)")


def main():
    options = stage.parse(__doc__, extra=extra)
    out = options.out or (options.work if options.smoke else Path(__file__).resolve().parent)
    # What three steps trained never ends by itself.
    program = Program(options.program, options.model or options.work / "model", options.work / "spoken",
                      options.threads, most_tokens=20 if options.smoke else 0)
    trials = {kind: Trial(options, kind) for kind in config.JUDGED}
    trial = trials["held out"]
    made = {kind: spoken(one, program) for kind, one in trials.items()}
    waves, copied = made["held out"][0], copies(trial, program)
    results = {**{kind: result for kind, (_, result) in made.items()},
               "teacher_words": {kind: one.word_errors(one.teacher) for kind, one in trials.items()},
               "copy_words": trial.word_errors(copied), "copy": differences(trial, copied),
               "sound": differences(trial, waves), "guidance": guidance(trial, program),
               "clones": clones(trial, program), "hello": hello(program)}
    pictured = [trial.teacher[0], copied[0], waves[0]]
    picture.write([audio.mel(w).numpy() for w in pictured], out / "mel.png")
    write_samples(trial, program, out)
    write_results(results, out)


if __name__ == "__main__":
    main()
