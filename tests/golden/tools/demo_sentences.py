#!/usr/bin/env python3
"""Writes demo_sentences.safetensors: espeak-ng's mels of ten sentences that the demo voice was not trained on.

Needs what examples/demo_voice needs, and the work folder of its training: the sentences are the first
without words in capitals of those that its evaluate.py judges.
"""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "examples" / "demo_voice"))

from safetensors.torch import save_file

import audio
import config
import stage
from acoustic import Acoustic

SENTENCES = 10
OUT = Path(__file__).resolve().parents[1] / "demo_sentences.safetensors"


def main():
    options = stage.parse(__doc__)
    held_out = stage.load(options.work / "texts.pt")["held_out"]
    texts = [text for text in held_out[len(held_out) // 2:] if not re.search("[A-Z]{2}", text)][:SENTENCES]
    mean, deviation = Acoustic(options.work / "acoustic").mel_statistics()
    tensors = {"mean": mean, "deviation": deviation}
    for n, text in enumerate(texts):
        for voice, variant in config.VOICES.items():
            tensors[f"{voice}.{n}"] = audio.mel(audio.speak(text, variant).wave).contiguous()
    save_file(tensors, OUT, {f"text.{n}": text for n, text in enumerate(texts)})
    print(f"wrote {OUT}")


if __name__ == "__main__":
    main()
