"""The metrics of many servers as those of one, in the text format of Prometheus."""

from __future__ import annotations

import re


def merge(texts: dict[str, str]) -> str:
    """Each sample with a label that says whose it is; `texts`: by replica.

    They are not added up: a sum falls when a replica ends, and Prometheus takes that for a counter
    that began anew. `sum by (...)` of its rates is what the sum would be good for.
    """
    families: dict[str, tuple[list[str], list[str]]] = {}  # of a name: comments, samples
    for replica, text in texts.items():
        comments, samples = families.setdefault("", ([], []))
        for line in text.splitlines():
            if found := re.match(r"# (?:HELP|TYPE) (\S+)", line):
                comments, samples = families.setdefault(found[1], ([], []))
                if line not in comments:
                    comments.append(line)
            elif found := re.match(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$", line):
                labels = f'replica="{replica}"' + (f",{found[2]}" if found[2] else "")
                samples.append(f"{found[1]}{{{labels}}} {found[3]}")
    lines = [line for family in families.values() for part in family for line in part]
    return "".join(f"{line}\n" for line in lines)
