"""The licences of the libraries in a wheel, whose texts must go with it.

    wheel_licences.py add WHEEL LIBTORCH   # puts them into the wheel, from this machine's Debian packages
    wheel_licences.py check WHEEL          # names those that are missing

A wheel has libraries in chatterbox_cpp.libs, and parts of others that were compiled in, which its
bill of materials names (cmake/sbom.cmake). LIBTORCH is the folder that it was built with.
"""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMON = "/usr/share/common-licenses/"
#: What is compiled in, by the file that is asked for.
HEADERS = {
    "boost": "/usr/include/boost/version.hpp",
    "cli11": "/usr/include/CLI/CLI.hpp",
    "nlohmann-json": "/usr/include/nlohmann/json.hpp",
}
#: Their texts name the authors of each file, in megabytes: of these, the licence alone is taken.
ONE_LICENCE = {"boost": "BSL-1.0"}
#: Its licence lets go whatever a compiler adds, and its libraries are not in the wheel.
NOT_SHIPPED = {"gcc-runtime"}


def shipped(wheel: zipfile.ZipFile) -> dict[str, str]:
    """What needs a text: its name, and the name of its library before the wheel was made, or ""."""
    libraries = {}
    for path in map(pathlib.PurePosixPath, wheel.namelist()):
        if path.parent.name.endswith(".libs"):
            file = re.sub(r"-[0-9a-f]{8}(?=\.so)", "", path.name)
            libraries[file.partition(".so")[0]] = file
    (bill,) = (name for name in wheel.namelist() if name.endswith("/chatterbox.cdx.json"))
    found = dict(libraries)
    for part in json.loads(wheel.read(bill))["components"]:
        brings = tuple(item["value"] for item in part.get("properties", []))
        if part["type"] != "library" or part["name"] in NOT_SHIPPED:
            continue
        if not brings or not any(name.startswith(brings) for name in libraries):
            found[part["name"]] = ""
    return found


def missing(wheel: zipfile.ZipFile) -> list[str]:
    """What has no text, and the texts that a text refers to."""
    texts = {
        name.partition(".dist-info/licenses/")[2]: wheel.read(name).decode("utf-8", "replace")
        for name in wheel.namelist()
        if ".dist-info/licenses/" in name
    }
    wanted = {"LICENSE"} | {f"{name}.txt" for name in shipped(wheel)}
    for text in texts.values():
        wanted |= {f"common/{name}.txt" for name in referred(text)}
    return sorted(name for name in wanted if len(texts.get(name, "").split()) < 50)


def referred(text: str) -> set[str]:
    """The licences of which Debian has one copy for all packages."""
    return {name.rstrip(".") for name in re.findall(re.escape(COMMON) + r"([\w.-]+)", text)}


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def from_debian(path: str, licence: str = "") -> str:
    """The text of the package with that file, or the `licence` in it, and where its source is."""
    package = run("dpkg-query", "--search", path).splitlines()[0].partition(":")[0]
    source = run("dpkg-query", "-Wf", "${source:Package}/${source:Version}", package)
    text = pathlib.Path("/usr/share/doc", package, "copyright").read_text("utf-8")
    if licence:
        (text,) = re.findall(rf"^License: {licence}\n(?: .*\n)+", text, re.MULTILINE)
    where = f"https://snapshot.debian.org/package/{source}/"
    return f"From Debian's package {package}, whose source is at {where}\n\n{text}"


def of_cuda() -> str:
    """Of the toolkit's static runtime, which a build with own kernels for CUDA has."""
    toolkit = pathlib.Path(shutil.which("nvcc") or "/usr/local/cuda/bin/nvcc").resolve().parents[1]
    places = ("EULA.txt", "dist-info/nvidia_cuda_runtime-*/licenses/License.txt")
    found = [path for place in places for path in toolkit.glob(place)]
    if not found:
        raise SystemExit(f"no licence of CUDA's runtime: none of {', '.join(places)} is in {toolkit}")
    return found[0].read_text("utf-8", "replace")


def collect(wheel: zipfile.ZipFile, libtorch: pathlib.Path) -> dict[str, str]:
    texts = {"LICENSE": (ROOT / "LICENSE").read_text("utf-8")}
    for name, library in shipped(wheel).items():
        if name == "libtorch":
            found = list(libtorch.resolve().parent.glob("torch-*.dist-info/licenses/LICENSE"))
            if not found:
                raise SystemExit(f"no licence of libtorch: there is no torch-*.dist-info beside {libtorch}")
            texts["libtorch.txt"] = found[0].read_text("utf-8")
        elif name == "cuda-runtime":
            texts["cuda-runtime.txt"] = of_cuda()
        else:
            path = f"*/{library}" if library else HEADERS[name]
            texts[f"{name}.txt"] = from_debian(path, ONE_LICENCE.get(name, ""))
    for name in set().union(*map(referred, texts.values())):
        texts[f"common/{name}.txt"] = pathlib.Path(COMMON, name).read_text("utf-8")
    return texts


def add(path: pathlib.Path, libtorch: pathlib.Path) -> None:
    from auditwheel.wheeltools import InWheel

    with zipfile.ZipFile(path) as wheel:
        texts = collect(wheel, libtorch)
    with InWheel(path, path) as folder:
        (info,) = folder.glob("*.dist-info")
        for name, text in texts.items():
            file = info / "licenses" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
        metadata = info / "METADATA"
        head, blank, description = metadata.read_text("utf-8").partition("\n\n")
        lines = "".join(f"\nLicense-File: {name}" for name in sorted(texts))
        metadata.write_text(head + lines + blank + description, "utf-8")


def main(arguments: list[str]) -> int:
    path = pathlib.Path(arguments[1])
    if arguments[0] == "add":
        add(path, pathlib.Path(arguments[2]))
    with zipfile.ZipFile(path) as wheel:
        without = missing(wheel)
        print(f"{path.name} has the licences of {', '.join(sorted(shipped(wheel)))}")
    for name in without:
        print(f"{path.name} lacks the licence {name}", file=sys.stderr)
    return 1 if without else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
