#!/usr/bin/env python3
"""Writes demo_sentences.safetensors: the teacher's mels of ten sentences that the demo voice was not trained on.

Needs what examples/demo_voice needs, and the work folder of its training: the sentences are the first of those that
its evaluate.py judges.
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples" / "demo_voice"))

from safetensors.torch import save_file

import audio
import config
import speech
import stage
from acoustic import Acoustic

SENTENCES = 10
OUT = Path(__file__).resolve().parents[1] / "demo_sentences.safetensors"


def main():
    options = stage.parse(__doc__)
    texts = config.JUDGED["held out"].read_text().splitlines()[:SENTENCES]
    mean, deviation = Acoustic(options.work / "acoustic").mel_statistics()
    tensors = {"mean": mean, "deviation": deviation}
    for said in speech.read(options.work, "judged"):
        if said["text"] in texts:
            name = f"{said['voice']}.{texts.index(said['text'])}"
            tensors[name] = audio.mel(speech.as_float(said["wave"])).contiguous()
    save_file(tensors, OUT, {f"text.{n}": text for n, text in enumerate(texts)})
    print(f"wrote {OUT}")


if __name__ == "__main__":
    main()
