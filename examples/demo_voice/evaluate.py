#!/usr/bin/env python3
"""Stage 10: speaks held-out sentences with the exported model through the program, and judges them.

Writes results.json and mel.png, and the table of results into README.md. Each sentence is spoken in one of the
two voices, and looked for among espeak-ng's own renderings of all of them in that voice.
"""
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

import audio
import config
import picture
import stage
from acoustic import Acoustic
from judge import Judge
from program import Program, write_wav
from train_tokenizer import Autoencoder

HELLO = "Hello, I am Chatterbox."
SOME = 10     # sentences of the smaller trials
EDGE = 240    # samples, 10 ms
BEGIN, END = "<!-- written by evaluate.py -->", "<!-- end -->"


class Trial:
    """The sentences, espeak-ng's renderings of them in both voices, and which voice speaks which."""

    def __init__(self, options):
        held_out = stage.load(options.work / "texts.pt")["held_out"]
        self.texts = held_out[len(held_out) // 2:]
        self.voices = [list(config.VOICES)[n % 2] for n in range(len(self.texts))]
        self.judge = Judge(*Acoustic(options.work / "acoustic").mel_statistics())
        self.waves = {v: [audio.speak(t, config.VOICES[v]).wave for t in self.texts] for v in config.VOICES}
        self.features = {v: [self.judge.of_wave(w) for w in waves] for v, waves in self.waves.items()}

    def own(self, n):
        return self.waves[self.voices[n]][n]

    def requests(self, count, **settings):
        return [dict(id=f"{n:03d}", text=self.texts[n], seed=n, **settings) for n in range(count)]


def median_pitch(wave):
    hertz = audio.pitch(wave)
    return float(hertz[hertz > 0].median()) if (hertz > 0).any() else 0.0


def voice_pitch(trial, voice):
    return float(np.median([median_pitch(w) for w in trial.waves[voice]]))


def clean(wave, statistics):
    """No clipping, no numbers that are none, no DC, no click at either end."""
    edges = np.abs(np.concatenate((wave[:EDGE], wave[-EDGE:]))).max()
    return bool(np.isfinite(wave).all() and statistics["quality"]["clipped_samples"] == 0
                and abs(wave.mean()) < 0.005 and edges < 0.02)


def held_out(trial, program):
    """All sentences with the default settings."""
    requests = trial.requests(len(trial.texts))
    for n, request in enumerate(requests):
        request["voice"] = program.voice(trial.voices[n])
    statistics, summary = program.batch("held_out", requests)
    first, own, length, sound, pitches = 0, [], [], [], {v: [] for v in config.VOICES}
    for n, voice in enumerate(trial.voices):
        wave = program.spoken("held_out", f"{n:03d}")
        distances, nearest = trial.judge.ranking(trial.judge.of_wave(wave), trial.features[voice])
        first += nearest == n
        own.append(distances[n])
        length.append(len(wave) / len(trial.own(n)))
        sound.append(clean(wave, statistics[f"{n:03d}"]))
        pitches[voice].append(median_pitch(wave))
    off = {v: abs(float(np.median(p)) / voice_pitch(trial, v) - 1) for v, p in pitches.items()}
    return {"sentences": len(requests), "first": first, "own_distance": float(np.mean(own)),
            "ended": sum(s["finish_reason"] == "eos" for s in statistics.values()),
            "length_within_20": sum(0.8 <= x <= 1.2 for x in length), "clean": sum(sound),
            "pitch_off": max(off.values()), "rtf": summary["rtf"], "load_seconds": summary["engine"]["load_seconds"]}


def copy_synthesis(trial, program):
    """espeak-ng's renderings through tokenizer, flow and vocoder."""
    distances = []
    for n, voice in enumerate(trial.voices):
        recording = program.folder / "espeak.wav"
        write_wav(trial.own(n), recording)
        made = program.converted(recording, voice, program.folder / "copy.wav")
        distances.append(trial.judge.distance(trial.judge.of_wave(made), trial.features[voice][n]))
    return float(np.mean(distances))


@torch.no_grad()
def floor(trial, work):
    """The mels that the tokenizer's own decoder gives."""
    path = work / "autoencoder.pt"
    model = Autoencoder(*(stage.load(path)[name] for name in ("mean", "deviation", "phones")))
    model = stage.load_model(model, path)
    distances = []
    for n, voice in enumerate(trial.voices):
        s3 = audio.s3_mel(audio.to_16k(trial.own(n))).T[None]
        mel, _, _ = model(s3, torch.tensor([list(config.VOICES).index(voice)]))
        made = trial.judge.features(mel[0] * model.deviation + model.mean)
        distances.append(trial.judge.distance(made, trial.features[voice][n]))
    return float(np.mean(distances))


def guidance(trial, program):
    """How many of the first sentences are found at each weight."""
    found, count = {}, min(SOME, len(trial.texts))
    for weight in (0.0, 0.5, 1.0):
        name = f"guidance_{weight}"
        program.batch(name, trial.requests(count, voice=program.voice("low"), cfg_weight=weight))
        spoken = [trial.judge.of_wave(program.spoken(name, f"{n:03d}")) for n in range(count)]
        found[str(weight)] = sum(trial.judge.ranking(s, trial.features["low"])[1] == n for n, s in enumerate(spoken))
    return {"sentences": count, "first": found}


def mixed_batch(trial, program):
    """Both voices in one batch: the worst deviation of a sentence group's median pitch from its voice's."""
    requests = [dict(id=f"{voice}_{n}", text=trial.texts[n], seed=n, voice=program.voice(voice))
                for n in range(4) for voice in config.VOICES]
    program.batch("mixed", requests, "--mode", "batch", "--batch-size", len(requests))
    off = []
    for voice in config.VOICES:
        found = np.median([median_pitch(program.spoken("mixed", f"{voice}_{n}")) for n in range(4)])
        off.append(abs(found / voice_pitch(trial, voice) - 1))
    return float(max(off))


def clones(trial, program):
    """Of a recording of each voice: the cosines to its own and to the other, and the pitch that it speaks with."""
    results = {}
    names = ("voice.speaker_emb", "voice.gen.embedding")
    built_in = {v: load_file(program.voice(v)) for v in config.VOICES}
    for voice in config.VOICES:
        recording, made = program.folder / f"{voice}.wav", program.folder / f"clone_{voice}.voice"
        write_wav(np.concatenate(trial.waves[voice][:8])[:10 * config.RATE], recording)
        clone = load_file(program.made_voice(recording, made))
        cosines = {other: [float(torch.cosine_similarity(clone[k], built_in[other][k])) for k in names]
                   for other in config.VOICES}
        requests = trial.requests(3, voice=str(made))
        program.batch(f"clone_{voice}", requests)
        hertz = float(np.median([median_pitch(program.spoken(f"clone_{voice}", r["id"])) for r in requests]))
        nearest = min(config.VOICES, key=lambda v: abs(np.log(max(hertz, 1) / voice_pitch(trial, v))))
        best = [max(config.VOICES, key=lambda v: cosines[v][i]) for i in range(len(names))]
        results[voice] = {"cosines": cosines, "pitch": hertz, "right": best == [voice] * 2 and nearest == voice}
    return results


def hello(trial, program):
    """The quickstart's sentence among the held-out ones, in the default voice."""
    program.batch("hello", [dict(id="hello", text=HELLO, seed=1)])
    spoken = trial.judge.of_wave(program.spoken("hello", "hello"))
    candidates = trial.features["low"] + [trial.judge.of_wave(audio.speak(HELLO, config.VOICES["low"]).wave)]
    return {"first": trial.judge.ranking(spoken, candidates)[1] == len(candidates) - 1}


def at_least(what, found, of, percent):
    return what, f"{found} of {of}", f"≥ {percent} %", 100 * found >= percent * of


def at_most(what, found, limit, unit=""):
    scale = 100 if unit == " %" else 1
    return what, f"{scale * found:.2f}{unit}", f"≤ {scale * limit:g}{unit}", found <= limit


def table(r):
    """What is asked, what was found, whether it is met."""
    h, count, some = r["held_out"], r["held_out"]["sentences"], r["guidance"]["sentences"]
    yield at_least("own sentence first among all", h["first"], count, 97)
    yield at_most("distance to own, over copy-synthesis", h["own_distance"] / r["copy"], 2)
    yield at_most("copy-synthesis, over the tokenizer's floor", r["copy"] / r["floor"], 1.5)
    yield at_least("end of speech reached", h["ended"], count, 98)
    yield at_least("length within 20 % of espeak-ng's", h["length_within_20"], count, 90)
    yield at_least("no clipping, NaN, DC or click", h["clean"], count, 100)
    yield at_most("median pitch, off by at most", h["pitch_off"], 0.05, " %")
    for weight, found in r["guidance"]["first"].items():
        yield at_least(f"guidance {weight}: own sentence first", found, some, 90)
    yield at_most("both voices in one batch: pitch off by", r["mixed_pitch_off"], 0.05, " %")
    yield at_least("clones nearer to their own voice", sum(c["right"] for c in r["clones"].values()), 2, 100)
    yield at_least("the quickstart's sentence first", int(r["hello"]["first"]), 1, 100)
    yield at_most("loading", h["load_seconds"], 1, " s")
    yield at_most("real-time factor", h["rtf"], 0.5)


def write_results(r, out):
    """Into the place of README.md that is marked for them."""
    lines = ["| what | found | asked | met |", "|---|---|---|---|"]
    lines += [f"| {what} | {found} | {asked} | {'yes' if met else 'no'} |" for what, found, asked, met in table(r)]
    lines += ["", f"DTW distances: {r['held_out']['own_distance']:.3f} spoken, {r['copy']:.3f} copy-synthesis, "
              f"{r['floor']:.3f} the tokenizer's floor."]
    (out / "results.json").write_text(json.dumps(r, indent=2) + "\n")
    print("\n".join(lines))
    readme = out / "README.md"
    if readme.exists():
        before, rest = readme.read_text().split(BEGIN)
        readme.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + rest.split(END)[1])


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
    trial = Trial(options)
    print(f"evaluate: {len(trial.texts)} sentences", flush=True)
    results = {"held_out": held_out(trial, program), "copy": copy_synthesis(trial, program),
               "floor": floor(trial, options.work), "guidance": guidance(trial, program),
               "mixed_pitch_off": mixed_batch(trial, program), "clones": clones(trial, program),
               "hello": hello(trial, program)}
    waves = trial.own(0), program.spoken("held_out", "000")
    picture.write([audio.mel(w).numpy() for w in waves], out / "mel.png")
    write_results(results, out)


if __name__ == "__main__":
    main()
