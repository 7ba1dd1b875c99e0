"""What the tables of readme_table.py are made of."""

import json


class Failure(Exception):
    """One line for whoever runs the script."""


def read(root, name):
    path = root / "bench" / "results" / name
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Failure(f"{path}: {error}") from error


def machine(report):
    """AMD EPYC (family 26, model 2, AVX-512), 2 cores. Older files have the name and the cores alone."""
    details = [f"{word} {report[key]}" for word, key in (("family", "cpu_family"), ("model", "cpu_model"))
               if key in report]
    details += [report["vector"]] if "vector" in report else []
    name = report["cpu"] + (f" ({', '.join(details)})" if details else "")
    return f"{name}, {report['cores']} cores"


def number(value, digits=2):
    """So many digits, but all of those before the point."""
    whole = len(str(int(value))) if value >= 1 else 0
    return f"{value:.{max(0, digits - whole)}f}"


def table(heads, rows):
    """A column whose head begins with '>' is aligned to the right."""
    lines = ["| " + " | ".join(head.lstrip(">") for head in heads) + " |",
             "|" + "|".join("---:" if head.startswith(">") else "---" for head in heads) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def source(name, report):
    """Under a table of bench/README.md: what was measured where, and the file with all figures."""
    return f"chatterbox {report['version']}, {machine(report)}: [{name}](results/{name})"


def present(root, files):
    return [(title, name) for title, name in files if (root / "bench" / "results" / name).exists()]
