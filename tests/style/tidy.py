"""clang-tidy 14 with the tree's .clang-tidy, silent or not.

    python3 tests/style/tidy.py ROOT [--database BUILD] [--alone] [PART...]

Without a database, as the style test runs it: what parses bytes that nobody vouches for, and more that includes no
libtorch. With one, a build folder without precompiled headers, as the target `tidy` makes it: all that it has below src,
or the paths that begin with a PART. CUDA's sources are no part of it.

Up to eight files are looked at as one, so that the headers, which are nearly all of the work, are read once: files that
give no name of their own to different things. What clang-tidy does not say of them then, that nothing uses a `using`, is
said here. With --alone, each is looked at by itself, which takes several times as long.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

AT_ONCE = 8
SKIPPED = 77
NOT_READ = ["src/nn/cpu/features.cpp"]  # clang 14 does not know __builtin_cpu_supports("avxvnni")
# The style test, which has a minute: parsers first.
SHORT = [
    "src/checkpoint",
    "src/text",
    "src/audio/wav_reader.cpp",
    "src/audio/ogg_pages.cpp",
    "src/voice/conditionals.cpp",
    "src/server/url.cpp",
    "src/server/multipart.cpp",
    "src/support",
]


def find_tidy() -> str | None:
    for name in ("clang-tidy-14", "clang-tidy"):
        path = shutil.which(name)
        if path and "version 14." in subprocess.run([path, "--version"], capture_output=True, text=True).stdout:
            return path
    return None


def flags_of(command: str) -> tuple[str, ...]:
    """What is between the compiler and the output; gcc's warnings are not clang's."""
    words = shlex.split(command)[1:]
    return tuple(word for word in words[: words.index("-o")] if not word.startswith("-W"))


def of_database(root: pathlib.Path, folder: pathlib.Path, parts: list[str]) -> dict[tuple, list[str]]:
    groups: dict[tuple, list[str]] = {}
    for entry in json.loads((folder / "compile_commands.json").read_text()):
        path = os.path.relpath(entry["file"], root)
        if path.startswith("src/") and path.startswith(tuple(parts)) and path not in NOT_READ:
            groups.setdefault((os.path.dirname(path), flags_of(entry["command"])), []).append(path)
    return groups


def of_short_form(root: pathlib.Path) -> dict[tuple, list[str]]:
    flags = ["-std=c++17", "-Isrc", "-Iinclude", "-DFMT_SHARED"]
    flags += [f"-I{folder}" for folder in root.glob("build/*/fmt")]
    groups: dict[tuple, list[str]] = {}
    for part in SHORT:
        found = sorted(root.glob(f"{part}/*.cpp")) or sorted(root.glob(part))
        # The server includes the public headers, whose names are those of the library within.
        key = part.startswith("src/server/"), tuple(flags)
        groups.setdefault(key, []).extend(str(path.relative_to(root)) for path in found)
    return groups


def own_names(source: str) -> set[str]:
    """What a file declares at its outermost level, by the layout that clang-format gives it."""
    names = set()
    for line in source.splitlines():
        found = re.match(r"(?:class|struct|enum class|using) (\w+)(?: =| \{| final| :)", line)
        found = found or re.match(r"(?!using|template|namespace|#|//)\w.*?(?<!:)\b(\w+)(?: = |\(|;|\{)", line)
        if found:
            names.add(found[1])
    return names


def in_groups(root: pathlib.Path, files: list[str], most: int) -> list[list[str]]:
    groups: list[tuple[list[str], set[str]]] = []
    for path in files:
        names = own_names((root / path).read_text())
        for members, taken in groups:
            if len(members) < most and not taken & names:
                members.append(path)
                taken |= names
                break
        else:
            groups.append(([path], names))
    return [members for members, _ in groups]


def unused(path: str, source: str) -> list[str]:
    source = re.sub(r"(?m)^#.*", "", source)
    names = re.findall(r"(?m)^ *using (?:\w*::)+(\w+);", source)
    return [f"{path}: nothing uses {name}\n" for name in names if len(re.findall(rf"\b{name}\b", source)) == 1]


class Look:
    def __init__(self, root: pathlib.Path, tidy: str, scratch: str):
        self.root, self.tidy, self.scratch = root, tidy, pathlib.Path(scratch)
        for config in [root / ".clang-tidy", *root.glob("src/**/.clang-tidy")]:
            copy = self.scratch / config.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(config, copy)

    def run(self, source: str, flags: tuple[str, ...]) -> list[str]:
        command = [self.tidy, "--quiet", "--checks=-bugprone-suspicious-include"]
        done = subprocess.run([*command, source, "--", *flags], cwd=self.root, capture_output=True, text=True)
        found = re.split(r"(?m)^(?=\S+:\d+:\d+: (?:error|warning): )", done.stdout)[1:]
        return found if found or done.returncode == 0 else [f"{source}: {done.stderr}"]

    def at(self, files: list[str], flags: tuple[str, ...]) -> list[str]:
        """What is to be said of the files."""
        if len(files) == 1:
            return self.run(files[0], flags)
        of_names = [one for path in files for one in unused(path, (self.root / path).read_text())]
        folder = self.scratch / os.path.dirname(files[0])  # whose .clang-tidy counts
        folder.mkdir(parents=True, exist_ok=True)
        handle, together = tempfile.mkstemp(suffix=".cpp", dir=folder)
        with os.fdopen(handle, "w") as text:
            text.writelines(f'#include "{self.root / path}"\n' for path in files)
        found = self.run(together, flags)
        not_compiled = [one for one in found if "[clang-diagnostic" in one]
        if not not_compiled:
            return found + of_names
        at_odds = [path for path in files if any(one.startswith(f"{self.root / path}:") for one in not_compiled)]
        others = [path for path in files if path not in at_odds]
        parts = [others, at_odds] if others and at_odds else [[path] for path in files]
        return [one for part in parts for one in self.at(part, flags)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=lambda path: pathlib.Path(path).resolve(), metavar="ROOT")
    parser.add_argument("--database", type=pathlib.Path, metavar="BUILD")
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("parts", nargs="*", metavar="PART", default=["src/"])
    arguments = parser.parse_intermixed_args()
    tidy = find_tidy()
    if tidy is None:
        print("SKIPPED: clang-tidy 14 is not installed")
        return SKIPPED
    root = arguments.root
    groups = of_database(root, arguments.database, arguments.parts) if arguments.database else of_short_form(root)
    most = 1 if arguments.alone else AT_ONCE
    work = [(part, flags) for (_, flags), files in groups.items() for part in in_groups(root, files, most)]
    count = sum(len(files) for files, _ in work)
    found: dict[str, None] = {}
    with tempfile.TemporaryDirectory() as scratch:
        look = Look(root, tidy, scratch)
        with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            for result in pool.map(lambda one: look.at(*one), work):
                for one in result:
                    if one not in found:
                        print(one, flush=True)
                    found[one] = None
    print(f"clang-tidy: {len(found)} findings in {count} files")
    return 1 if found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
