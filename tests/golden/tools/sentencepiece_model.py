#!/usr/bin/env python3
"""Trains two tiny SentencePiece models and writes what the sentencepiece package makes of some texts.

  python sentencepiece_model.py OUT_FOLDER

OUT_FOLDER gets unigram.model (bytes for unknown characters, [START] and [STOP]), bpe.model (none of these) and
ids.json: for each model the size, and for each text the ids.
"""
import json
import os
import sys

import sentencepiece

OUT = sys.argv[1]
WORDS = "the old lighthouse keeper counted ships every evening and wrote their names in a small book there".split()
# A fixed walk through the words: the same sentences each time.
SENTENCES = [" ".join(WORDS[(i * i + 3 * j) % len(WORDS)] for j in range(5 + i % 4)) + "." for i in range(200)]
MODELS = {
    "unigram": {"model_type": "unigram", "vocab_size": 300, "byte_fallback": True, "user_defined_symbols": ["[START]", "[STOP]"]},
    "bpe": {"model_type": "bpe", "vocab_size": 60},
}
# As they come out of punc_norm (English).
TEXTS = ["The old lighthouse keeper.", "the names, the ships, a book.", "Evening! 42?", "naïve café.", "漢字 😀.", "[START] there [STOP].",
         "counted  counted-", "every every every every every every every every every every every every every every every."]

ids = {}
for name, options in MODELS.items():
    path = os.path.join(OUT, name + ".model")
    with open(path, "wb") as model:
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(SENTENCES), model_writer=model, character_coverage=1.0,
                                                 normalization_rule_name="identity", num_threads=1, minloglevel=2, **options)
    processor = sentencepiece.SentencePieceProcessor(model_file=path)
    ids[name] = {"size": processor.get_piece_size(), "texts": [[text, processor.encode(text)] for text in TEXTS]}
with open(os.path.join(OUT, "ids.json"), "w", encoding="utf-8") as out:
    json.dump(ids, out, separators=(",", ":"))
