#!/usr/bin/env python3
"""Writes text_english_extra.json: what the Python reference makes of difficult texts.

  REFERENCE=<checkout of resemble-ai/chatterbox> python text_english_extra.py TOKENIZER.json OUT.json

"texts": punc_norm and EnTokenizer, as text_english.json. "classes": runs of code points [first, last]
by what Python's str and the tokenizers library say of them. "files": other tokenizer files, with
texts and the ids that the tokenizers library gives.
"""
import json
import sys
import tempfile

import tokenizers
from reference_models import EnTokenizer, tts

TOKENIZER, OUT = sys.argv[1:]
SPACES = "".join(map(chr, [9, 10, 11, 12, 13, 28, 29, 30, 31, 32, 0x85, 0xA0, 0x1680, 0x2003, 0x2028,
                           0x2029, 0x202F, 0x205F, 0x3000]))
TEXTS = [
    "hello 😀 world 👩‍👩‍👧‍👦 ok", "flag 🇩🇪 and ❤️ heart", "e\u0301a\u0308o\u0302 marks", "\u0301starts with a mark",
    "漢字 and かな, 한국어 text", "中文。", "a\u00a0b\u00a0\u00a0c", "\u00a0leading nbsp", "zero\u200dwidth\u200cjoiners\u200bspace",
    "\ufeffbom first", "[laugh] hello [STOP] there", "x[SPACE]y [START]", "[START][STOP][UNK][PAD]", "[stop] [Start]",
    "[[STOP]]", "[STOP", "STOP]", "a[UNK]b", "1234567890", "3.14159 and 1,000,000", "under_score __init__ _", "camelCase_42x",
    "supercalifragilisticexpialidocious" * 8, "a" * 700, "ab" * 300, "~^`|{}<>@#$%&*+=\\/", "~~~~ ^^^^", "ёлка и дом",
    "żółw ĳssel ǆungla", "ŉ starts with one that grows", "ǰ caron", "ΐ greek", "և armenian", "ﬃ ligature", "ß alone",
    "ᾳ iota", "ⓐ circled", "ª ordinal", "ʰ modifier", "ⅷ roman", "ﬅ st", "𐐨 deseret", "𝒶 script", "ǳ digraph", "ǲ title",
    "\u0345 ypogegrammeni", "·middle", "“quotes” ‘single’ «guillemets»", "a...b....c.....", "… …", "a:b;c", ":;", "- a - b -",
    " - ", "a  -  b", "- - -", "—–—", "a ,b , c ,", "  ,", ", ", "ends…", "ends:", "ends;", "ends-", "ends\"", "ends\u00a0",
    SPACES, "a" + SPACES + "b", SPACES + "a", "a\u200b", "\x00".join("ab"), "\x1cx\x1dy\x1ez\x1f", "\x85next\x85line",
    "tab\tand\nnewline\r\n", "ok\u2028line\u2029para", "it's don't o'clock", "rock'n'roll—yes!", "e.g. i.e. etc.", "Mr. & Mrs.",
    "http://example.com/a?b=c&d=e", "me@example.com", "50% of $3 = €1.50", "½ ¾ ² ³", "①②③", "٣٤٥ १२३", "مرحبا بالعالم", "שלום עולם",
    "สวัสดี", "नमस्ते", "I️⃣ keycap 1️⃣", "\u0628\u064e", "a\u0300\u0301\u0302b", "ｆｕｌｌ ｗｉｄｔｈ", "‿tie⁀ ﹍", "\U000e0041tag", "\U0010ffff", "\ue000 private",
    "!?!?!?", "\"\"\"", "((()))", "no.space.after.dots", "MiXeD CaSe THE THEM the them", "q" * 3 + " " + "z" * 5, "\u1e9e capital sharp",
]


def runs(predicate):
    found, start = [], None
    for c in range(0x110001):
        inside = c < 0x110000 and not 0xD800 <= c < 0xE000 and predicate(chr(c))
        if inside and start is None:
            start = c
        if not inside and start is not None:
            found.append([start, c - 1])
            start = None
    return found


def classes():
    split = tokenizers.pre_tokenizers.Whitespace().pre_tokenize_str
    return {
        "python_space": runs(str.isspace),
        "python_lower": runs(str.islower),
        "python_upper_grows": [[ord(c), c.upper()] for c in map(chr, range(0x110000))
                               if not "\ud800" <= c <= "\udfff" and len(c.upper()) > 1],
        "regex_space": runs(lambda c: not split(c)),
        "regex_word": runs(lambda c: bool(split(c)) and len(split("a" + c)) == 1),
    }


def token(content, number, **flags):
    return {"id": number, "content": content, "special": False, "single_word": False, "lstrip": False,
            "rstrip": False, "normalized": False, **flags}


# The library numbers added tokens that are not in the vocabulary from its size (17) on.
def file(added, pairs=False, **model):
    letters = {c: i for i, c in enumerate("abcdehlo")}
    merges = [("l", "l"), ("h", "e"), ("he", "ll"), ("hell", "o"), ("a", "b"), ("ab", "ab"), ("b", "a")]
    vocabulary = {**letters, **{a + b: 8 + i for i, (a, b) in enumerate(merges)}, "<u>": 15, "cab": 16}
    merges = [list(m) if pairs else " ".join(m) for m in merges]
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
            "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None, "decoder": None,
            "model": {"type": "BPE", "dropout": None, "unk_token": "<u>", "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
                      "vocab": vocabulary, "merges": merges, **model}}


FILES = {
    "plain": file([]),
    "pairs": file([], pairs=True),
    "fused": file([], fuse_unk=True),
    "no_unknown": file([], unk_token=None),
    "whole_words": file([], ignore_merges=True),
    "overlapping": file([token("<a>", 17), token("<a><b>", 18), token("b>", 19), token("hell", 10, normalized=True)]),
    "single_word": file([token("ab", 12, single_word=True), token("-", 17, single_word=True)]),
    "strips": file([token("<l>", 17, lstrip=True), token("<r>", 18, rstrip=True),
                    token("<b>", 19, lstrip=True, rstrip=True, special=True)]),
}
FILE_TEXTS = ["", "hello", "hellohello hello", "abababab", "bababab", "lllll", "xxhelloxx", "x y z", "xyz", "cab cabcab",
              "<a><b>c", "<a>b>", "<a><a><b>b>", "hell", "shell hells", "ab", "cab ab abc", "ab-ab - -a", "é-é", "ab.ab",
              "a <l> b", "a <r> b", "a  <b>\u00a0b", "<r> <l>", "<r>   <b>  <l> a", " <l>", "<r> ", "a<l><r>b", "_ab_", "😀😀a😀"]


def encode(contents):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as temporary:
        json.dump(contents, temporary)
        temporary.flush()
        tokenizer = tokenizers.Tokenizer.from_file(temporary.name)
    return [tokenizer.encode(text).ids for text in FILE_TEXTS]


english = EnTokenizer(TOKENIZER)
texts = [{"input": text, "normalized": tts.punc_norm(text), "ids": english.encode(tts.punc_norm(text)),
          "raw_ids": english.encode(text)} for text in TEXTS]
files = {name: {"file": contents, "ids": encode(contents)} for name, contents in FILES.items()}
with open(OUT, "w") as out:
    json.dump({"made_with": f"python {sys.version.split()[0]}, tokenizers {tokenizers.__version__}", "texts": texts,
               "classes": classes(), "file_texts": FILE_TEXTS, "files": files}, out, separators=(",", ":"))
