"""The ways to speak that quality.py compares: a name, and options of the chatterbox program."""

import shlex
import sys

BASELINE = "fp32"
WAYS = {
    BASELINE: "--precision fp32",
    "bf16": "--precision bf16",
    "int8": "--precision int8",
    "auto": "--precision auto",
    # A way whose loss is known by ear, to compare the others with.
    "5 Euler steps": "--cfm-steps 5",
}
FIRST_STAGE = ("--t3-precision", "--kv-cache")  # the options that change T3's numbers alone


class Way:
    """What its options do not name is fp32."""

    def __init__(self, name, options):
        self.name, self.options = name, shlex.split(options)
        if not any(option.split("=")[0] == "--precision" for option in self.options):
            self.options = ["--precision", "fp32", *self.options]

    def with_equal_tokens(self):
        """The options with T3 as the baseline has it, so that S3Gen gets the same tokens."""
        kept, options = [], iter(self.options)
        for option in options:
            if option.split("=")[0] not in FIRST_STAGE:
                kept.append(option)
            elif "=" not in option:
                next(options, None)
        return [*kept, *(part for option in FIRST_STAGE for part in (option, "fp32"))]


def chosen_ways(names, added):
    """The baseline first. `names`: of WAYS, separated by commas; `added`: NAME=OPTIONS each."""
    options = {BASELINE: WAYS[BASELINE]}
    for name in filter(None, (part.strip() for part in names.split(","))):
        if name not in WAYS:
            sys.exit(f"quality.py: error: --ways: {name} must be one of {', '.join(WAYS)}; --way adds others")
        options[name] = WAYS[name]
    for text in added:
        name, equals, rest = text.partition("=")
        name = name.strip()
        if not name or not equals or not rest.strip():
            sys.exit(f"quality.py: error: --way: {text} must be NAME=OPTIONS, as in 'less guidance=--cfg-steps 5'")
        if name in options:
            sys.exit(f"quality.py: error: --way: {name} is there already")
        options[name] = rest
    return [Way(name, text) for name, text in options.items()]
