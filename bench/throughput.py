"""Many requests: the reference speaks them one after the other, the library one after the other and together.

Request i says text i of TEXTS (in turn) with seed --seed + i, on both sides. The reference, and the library
one at a time, speak the first --requests of them; the batches speak 8 and 16. What is compared does not depend
on how many there are: tokens a second, and seconds of work for a second of sound. The voice is made once, in
none of the times. A precision other than fp32 speaks 8 together. The library runs without a warm-up, which can
only make it slower; the reference has one.
"""

from sides import run_bench, run_reference, say
from targets import throughput_target

# Longer than what --max-new-tokens usually lets them become.
TEXTS = [
    "The morning train was late again, so we walked along the river and talked about the summer.",
    "Nobody in the village could remember a winter with so much snow and so little wind.",
    "Please read the first three chapters before Friday, and write down every question that you have.",
    "She opened the old wooden box and found a letter, two photographs, and a small silver key.",
    "Our neighbours keep bees behind the house, and every autumn they bring us a jar of honey.",
    "If the weather stays like this, the ferry will not leave before noon, whatever they promised.",
    "He counted the steps up to the tower, lost track somewhere near two hundred, and began again.",
    "The museum is free on the first Sunday of the month, but the queue goes around the corner.",
]
BATCHES = {"fp32": [8, 16]}  # where --batches does not say
OTHER_BATCHES = [8]
WORKSPACE_BYTES = 1.5e9  # beside weights and KV cache
CONDITIONING_POSITIONS = 34
# Row, how a side gives it, and whether more is better.
MEASURES = [
    ("T3 decode tokens/s", lambda run: run["speech_tokens"] / run["decode_seconds"], True),
    ("S3Gen s per s of sound", lambda run: run["s3gen_seconds"] / run["audio_seconds"], False),
    ("end to end s per s of sound", lambda run: run["seconds"] / run["audio_seconds"], False),
]


def total(requests, value):
    return sum(value(request) for request in requests)


def speak_with_reference(arguments, checkpoint, folder, texts):
    say(f"throughput: {arguments.requests} requests, the reference")
    report = run_reference(arguments, checkpoint, folder, ["--texts", texts, "--requests", arguments.requests])
    requests = report["requests"]
    return {
        **report,
        "speech_tokens": total(requests, lambda r: r["speech_tokens"]),
        "audio_seconds": total(requests, lambda r: r["audio_seconds"]),
        "decode_seconds": total(requests, lambda r: r["timings"]["decode"]),
        "s3gen_seconds": total(requests, lambda r: r["timings"]["flow"] + r["timings"]["vocoder"]),
    }


def speak_with_library(arguments, checkpoint, texts, precision, mode, count, options=()):
    say(f"throughput: {count} requests, the library, {precision}, {mode}")
    report = run_bench(arguments, checkpoint, precision, [
        "--texts", texts, "--mode", mode, "--batch-size", count, "--repetitions", 1, "--warmup", 0, *options])
    batch = report["batches"][0]
    run = batch.pop("samples")[0]
    run["s3gen_seconds"] = run["flow_seconds"] + run["vocoder_seconds"]
    return {**report, **batch, **run}


def memory_row(arguments, run):
    """Positions of the KV cache take memory once they are used."""
    position_bytes = run["kv_row_bytes"] / run["kv_positions"]
    positions = CONDITIONING_POSITIONS + arguments.max_new_tokens + max(r["text_tokens"] for r in run["requests"])
    limit = (run["weight_bytes"] + run["kv_peak_rows"] * positions * position_bytes + WORKSPACE_BYTES) / 2**20
    return {"measure": "peak RSS MiB, at most weights + KV + 1.5 GB", "precision": "fp32", "way": "dynamic 8",
            "reference": None,
            "library": run["peak_rss_mib"], "limit": limit, "met": run["peak_rss_mib"] <= limit}


def summarise(arguments, reference, ways):
    rows = []
    for name, value, more_is_better in MEASURES:
        for (precision, way), run in ways.items():
            sides = [value(reference), value(run)]
            ratio = sides[1] / sides[0] if more_is_better else sides[0] / sides[1]
            target = throughput_target(arguments, precision, name, way)
            rows.append({"measure": name, "precision": precision, "way": way, "reference": sides[0],
                         "library": sides[1], "ratio": ratio, "target": target,
                         "met": target is None or ratio >= target})
    return rows


def speak_in_all_ways(arguments, checkpoint, texts):
    ways = {}

    def speak(precision, way, mode, count, options=()):
        ways[precision, way] = speak_with_library(arguments, checkpoint, texts, precision, mode, count, options)

    for precision in arguments.precision:
        if precision == "fp32":
            speak(precision, "sequential", "sequential", arguments.requests)
        for size in arguments.batches or BATCHES.get(precision, OTHER_BATCHES):
            speak(precision, f"dynamic {size}", "dynamic", size)
    if arguments.s3gen:
        speak(arguments.precision[-1], "dynamic 8, mean flow", "dynamic", 8, ["--s3gen", arguments.s3gen])
    return ways


def compare_throughput(arguments, checkpoint, folder):
    texts = folder / "texts.txt"
    texts.write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    reference = speak_with_reference(arguments, checkpoint, folder, texts)
    ways = speak_in_all_ways(arguments, checkpoint, texts)
    rows = summarise(arguments, reference, ways)
    report = {"texts": TEXTS, "rows": rows, "same_tokens": True, "reference": reference,
              "library": {f"{precision}, {way}": run for (precision, way), run in ways.items()}}
    if ("fp32", "dynamic 8") in ways and arguments.family == "english":
        rows.append(memory_row(arguments, ways["fp32", "dynamic 8"]))
        tokens = [[r["speech_tokens"] for r in side["requests"]]
                  for side in (reference, ways["fp32", "sequential"])]
        report["same_tokens"] = tokens[0] == tokens[1]
    return report


def unfinished(run, limit):
    """Requests that ended before the limit: a batch gets smaller when one does."""
    return sum(request["speech_tokens"] < limit for request in run["requests"])


def print_throughput(throughput, limit):
    print("\n| throughput | precision | way | reference | library | ratio | target |")
    print("|---|---|---|---:|---:|---:|---|")
    for row in throughput["rows"]:
        verdict = "yes" if row["met"] else "NO"
        if row["reference"] is None:
            print(f"| {row['measure']} | {row['precision']} | {row['way']} | - | {row['library']:.0f} | - | "
                  f"<= {row['limit']:.0f} {verdict} |")
            continue
        target = "" if row["target"] is None else f">= {row['target']} {verdict}"
        print(f"| {row['measure']} | {row['precision']} | {row['way']} | {row['reference']:.3g} | {row['library']:.3g} | "
              f"{row['ratio']:.2f} | {target} |")
    print("\nA ratio is how many times as fast the library is. The reference speaks one request after the other.")
    runs = {"reference": throughput["reference"], **throughput["library"]}
    print("requests (of them ended before the limit): " + ", ".join(
        f"{name} {len(run['requests'])} ({unfinished(run, limit)})" for name, run in runs.items()))
    print(f"in fp32, as many tokens in each request of both sides: {'yes' if throughput['same_tokens'] else 'NO'}")


def missed_targets(throughput):
    missed = [f"{row['measure']}, {row['precision']}, {row['way']}" for row in throughput["rows"] if not row["met"]]
    return missed if throughput["same_tokens"] else [*missed, "equal numbers of tokens"]
