"""What run_on_gpu.sh measured, beside what is asked for: report.json and report.md in the folder OUT.

usage: gpu_report.py OUT WORK
OUT has the reports of chatterbox-bench (decode.json, modes.json, streams.json) and tests.log; WORK has the dumps of the
same requests on both devices (greedy.cpu, greedy.cuda, sampled.cpu, sampled.cuda). What is missing is left out.
"""

import json
import pathlib
import re
import struct
import sys

# Milliseconds in which an H200 (4.8 TB/s) reads T3's weights in bf16 and so many streams' keys and values once.
FLOORS = {1: 0.27, 8: 0.51, 32: 1.34, 128: 4.63}
MOST_OF_FLOOR = 2
REAL_TIMES = 400
FIRST_AUDIO = {1: 0.060, 32: 0.150}  # seconds
SPEEDUPS = {8: 3, 32: 3}


def read(folder, name):
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def row(name, value, unit, limit, passed):
    return {"what": name, "value": value, "unit": unit, "limit": limit, "passed": passed}


def steps_of(run):
    return max(request["decode_steps"] for request in run["requests"])


def decode_rows(report):
    for batch in report.get("batches", []):
        run, size = batch["samples"][0], batch["batch_size"]
        step = 1000 * run["decode_seconds"] / max(steps_of(run), 1)
        limit = MOST_OF_FLOOR * FLOORS[size] if size in FLOORS else None
        rows = batch["kv_peak_rows"]
        yield row(f"decode step, {size} requests, {rows} rows at a time", step, "ms", limit,
                  None if limit is None else step <= limit)


def mode_rows(report):
    best = 0
    for batch in report.get("batches", []):
        mode, size = batch["mode"], batch["batch_size"]
        times = 1 / batch["rtf"]["best"]
        best = max(best, times)
        yield row(f"{mode}, {size} requests", times, "x real time", None, None)
        if mode != "sequential" and size in SPEEDUPS and batch.get("speedup"):
            yield row(f"{mode}, {size} requests, beside one after the other", batch["speedup"], "x", SPEEDUPS[size],
                      batch["speedup"] >= SPEEDUPS[size])
    if best:
        yield row("most in all", best, "x real time", REAL_TIMES, best >= REAL_TIMES)


def stream_rows(report):
    for streams in report.get("streams", []):
        count, first = streams["listeners"], streams["first_sound_p95"]
        limit = FIRST_AUDIO.get(count)
        yield row(f"first audio, {count} streams, 95 of 100", 1000 * first, "ms", limit and 1000 * limit,
                  None if limit is None else first <= limit)


def tensor(path, name):
    """An int64 tensor of a safetensors file."""
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    begin, end = json.loads(data[8 : 8 + size])[name]["data_offsets"]
    return list(struct.unpack(f"<{(end - begin) // 8}q", data[8 + size + begin : 8 + size + end]))


def token_rows(work):
    for kind in ("greedy", "sampled"):
        try:
            cpu, cuda = (tensor(work / f"{kind}.{device}", "t3.tokens") for device in ("cpu", "cuda"))
        except (OSError, KeyError, struct.error):
            continue
        same = next((i for i, pair in enumerate(zip(cpu, cuda)) if pair[0] != pair[1]), min(len(cpu), len(cuda)))
        yield row(f"{kind} tokens that are the CPU's from the first on, in fp32", same, f"of {len(cpu)}", len(cpu),
                  cpu == cuda)


def test_rows(folder):
    try:
        log = (folder / "tests.log").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    ran = sum(map(int, re.findall(r"^\[==========\] (\d+) tests? from .* ran\.", log, re.MULTILINE)))
    failures = sorted(set(re.findall(r"^\[  FAILED  \] ([\w/]+\.[\w/]+)", log, re.MULTILINE)))
    yield row("tests on the device", ran - len(failures), f"of {ran}", ran, ran > 0 and not failures)
    for name in failures:
        yield row(name, 0, "failed", None, False)


def markdown(rows):
    lines = ["| what | measured | limit | |", "|---|---:|---:|---|"]
    marks = {True: "ok", False: "MISSED", None: ""}
    for entry in rows:
        limit = "" if entry["limit"] is None else f"{entry['limit']:.4g}"
        lines.append(f"| {entry['what']} | {entry['value']:.4g} {entry['unit']} | {limit} | {marks[entry['passed']]} |")
    return "\n".join(lines) + "\n"


def main():
    out, work = map(pathlib.Path, sys.argv[1:3])
    decode = read(out, "decode.json")
    rows = [*test_rows(out), *decode_rows(decode), *mode_rows(read(out, "modes.json")),
            *stream_rows(read(out, "streams.json")), *token_rows(work)]
    machine = (out / "machine.txt").read_text(encoding="utf-8").strip().splitlines()[-1]
    facts = {"machine": machine, **{key: decode.get(key) for key in ("version", "commit", "build")}}
    (out / "report.json").write_text(json.dumps({**facts, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    (out / "report.md").write_text(f"{machine}\n\n{markdown(rows)}", encoding="utf-8")


if __name__ == "__main__":
    main()
