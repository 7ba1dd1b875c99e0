#!/usr/bin/env python3
"""Writes text_family_extra.json: what the reference makes of more texts with Turbo's and the multilingual tokenizer.

  REFERENCE=<checkout of resemble-ai/chatterbox> python text_family_extra.py TURBO MULTILINGUAL ENGLISH.json OUT.json

TURBO, MULTILINGUAL: folders with the tokenizer files; ENGLISH.json: text_english_extra.json, whose texts are
taken too. "turbo": punc_norm, the ids of its result and (raw_ids) of the input, and the pieces that the
pre-tokenizer makes of the input. "multilingual": punc_norm and ids, without the reference's optional packages.
"""
import json
import os
import sys
from unittest import mock

import tokenizers
import transformers

sys.path.insert(0, os.path.join(os.environ["REFERENCE"], "src"))
from chatterbox import mtl_tts, tts_turbo  # noqa: E402
from chatterbox.models.tokenizers import tokenizer as reference  # noqa: E402

TURBO, MULTILINGUAL, ENGLISH, OUT = sys.argv[1:]
TURBO_TEXTS = [
    "I'll we've you're he'd she's I'm don't", "I'LL WE'VE 'sun 'tis 'dare 'llama 'rest 'vest", "'", "''s", "x 's y 't", "a'", "it's's",
    "a  b   c    d", "  two  spaces  ", "a \n b", "a\n\n\nb", "a\t\tb", "\n", " \n ", "end  ", "a\u3000b", "a \u3000 b", "\u00a0\u00a0x",
    "abc123def", "123abc", "½x²y", "x٣y", "Ⅷ①", "a_b", "a-b", "don't-stop", "$$$ 5", " !? x", "!a1", "a !1", "é1é", "e\u0301x",
    "[laugh]", " [laugh] ", "[laugh][laugh]", "a[laugh]b", "[LAUGH]", "[ laugh]", "[clear  throat]", "[[sigh]]", "[sigh", "sigh]",
    "<|endoftext|>", "a<|endoftext|>b", "<|endoftext|", "[surprised] what?! [gasp]", "\x00\x01", "\u0100\u0120", "Ġhello", "ĠĠ",
    "हिन्दी में", "ไทย", "한국어", "中文 1。", "👍🏽 ok", "\U000e0041", "\u0378", "\ud7ff", "\uffff", "a\u0345b",
]
MULTILINGUAL_TEXTS = [
    ("en", "[giggle] hello [UH] [laughter]!"), ("en", "[[de]] [de [START] [cj_a] [cj_.]"), ("en", "a[de]b [ de ]"), ("en", "[SPACE]x"),
    ("zh", "[cj_a] 的一是"), ("zh", "abc 你好 def"), ("zh", "你好，世界！Ａ１"), ("zh", "他们 说：我 ok"), ("zh", "豈更車"), ("zh", "ひらがな カタカナ"),
    ("ko", "¨ 한국"), ("ko", "한국어 ABC 각 갂 뷁"), ("ko", "ㄱㄴㄷ ㅏㅑ"), ("ko", "ﾡ ﾢ"), ("ja", "ｶﾞｷﾞｸﾞ ﾊﾟ"), ("ja", "ゔヷヸ ゝゞ ヽヾ"),
    ("ja", "東京へ行く"), ("ja", "10時に ㍿ ㌔ ㋐"), ("de", "ẞ ÄÖÜ ﬀ ǅ"), ("de", "GROẞE STRASSE…"), ("el", "ΟΔΟΣ ΣΑΣ. Σ ΑΣ' ΑΣΑ ΆΣ\u0301 Σ\u00ad"),
    ("tr", "İIıi IĞDIR i\u0307"), ("ru", "Ёлка, Йод — ЩЫ"), ("he", "שָׁלוֹם אבג"), ("ar", "ﷺ ﻻ مَرْحَبًا"), ("hi", "क़ ख़ ड़ नमस्ते"), ("fr", "Œuvre ÆØÅ ﬁn"),
    ("pt", "ÃÕ ç Ⅻ ℃ Å K"), ("es", "¿Qué…? ¡No!"), ("pl", "ŻÓŁĆ"), ("sv", "½ ¼ ª º µ"), (None, "[de] no tag"), (None, "Plain, lower CASE"),
]

english = [text["input"] for text in json.load(open(ENGLISH, encoding="utf-8"))["texts"]]
gpt2 = transformers.AutoTokenizer.from_pretrained(TURBO)
split = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str


def turbo(text):
    normalized = tts_turbo.punc_norm(text)
    return {"input": text, "normalized": normalized, "ids": gpt2(normalized).input_ids, "raw_ids": gpt2(text).input_ids,
            "pieces": [piece for piece, _ in split(text)]}


with mock.patch.object(reference, "hf_hub_download", lambda filename, **_: os.path.join(MULTILINGUAL, filename)):
    mtl = reference.MTLTokenizer(os.path.join(MULTILINGUAL, "grapheme_mtl_merged_expanded_v1.json"))


def multilingual(language, text):
    normalized = mtl_tts.punc_norm(text)
    return {"input": text, "language": language, "normalized": normalized, "ids": mtl.encode(normalized, language)}


pairs = MULTILINGUAL_TEXTS + [("en", text) for text in english]
with open(OUT, "w", encoding="utf-8") as out:
    json.dump({"made_with": f"python {sys.version.split()[0]}, tokenizers {tokenizers.__version__}, "
                            f"transformers {transformers.__version__}",
               "turbo": [turbo(text) for text in TURBO_TEXTS + english],
               "multilingual": [multilingual(*pair) for pair in pairs]}, out, separators=(",", ":"))
