"""Tables of how speech sounds, in a precision and as a stream, and of who waits for it: of readme_table.py, and what the
programs that measure it print.
"""

from table_parts import machine, number, read, source, table

SPEECH_QUALITY, STAGE_QUALITY = "quality_demo.json", "quality_full_en.json"  # quality.py
STREAMING, LISTENERS = "streaming_demo.json", "listeners_demo.json"  # streaming.py, chatterbox-bench --listeners
WORD_TIMES, SERVER = "word_times_demo.json", "serve_demo.json"  # word_times.py, serve.py


def speech_table(report):
    """Of a report of quality.py."""
    speech, rows = report["speech"], []
    for row in speech["rows"]:
        baseline = row is speech["rows"][0]
        difference = f"{100 * row['wer_difference']:+.1f} ± {100 * row['wer_interval']:.1f}"
        rows.append([row["way"], row["t3"] or "", row["s3gen"] or "", f"{100 * row['wer']:.1f} %",
                     "" if baseline else difference, "" if row["log_mel"] is None else f"{row['log_mel']:.3f}",
                     f"{row['speaker']:.3f}", f"{row['length']:.3f}",
                     "" if row["ended"] is None else str(row["ended"])])
    heads = ["way", "T3", "S3Gen", ">word errors", ">more than fp32, points", ">log-mel distance", ">speaker",
             ">length", f">ended, of {speech['sentences']}"]
    return table(heads, rows)


def stage_table(report):
    """Of a report of quality.py --stages."""
    ways = report["stages"]["ways"]
    rows = [[f"`{name}`" if "." in name else "", what,
             *("other tokens" if errors[name] is None else f"{errors[name]:.2g}" for errors in ways.values())]
            for name, what in report["stages"]["tensors"]]
    rows.append(["`t3.tokens`", "equal before the first that differs",
                 *(f"{errors['same_tokens']} of {errors['tokens']}" for errors in ways.values())])
    return table(["tensor", "what", *(">" + name for name in ways)], rows)


def quality(root):
    lines = []
    for name, rows in ((SPEECH_QUALITY, speech_table), (STAGE_QUALITY, stage_table)):
        report = read(root, name)
        lines += [*rows(report), "", source(name, {**report, **report["machine"]}), ""]
    return lines[:-1]


# Of streaming.py: what a figure is called, its name there, and how it is written.
SHARE, RATIO, CENTS, COUNT = (lambda x: f"{100 * x:.1f} %"), (lambda x: f"{x:.2f}"), (lambda x: f"{x:.0f} cents"), str
STREAMING_FIGURES = [
    ("distance to speech made in one go", "distance", SHARE), ("4 frames around joins", "at_joins", SHARE),
    ("worst join", "worst_join", SHARE), ("worst sentence", "worst_sentence", SHARE), ("seam of the mel", "seam", RATIO),
    ("step of the pitch at joins", "pitch_step_cents", CENTS), ("pitch", "pitch_cents", CENTS),
    ("voicing", "voicing", SHARE), ("second difference at joins", "sharpness", RATIO), ("clicks", "clicks", COUNT),
    ("frames computed", "frames", RATIO), ("frames of the first chunk", "first_chunk_frames", COUNT),
    ("frames of a chunk, at most", "chunk_frames", COUNT), ("beyond the bound", "frames_over_bound", COUNT),
    ("words wrong", "words", SHARE), ("more than in one go, points", "words_more", lambda x: f"{100 * x:.1f}"),
]


def streaming_table(report):
    """A row for each figure, a column for each way; in brackets what is asked of it, bold where it is missed."""
    ways = report["rows"]["ways"]

    def cell(way, key, write):
        if key not in way:
            return ""
        asked = way["asked"].get(key)
        text = write(way[key]) + ("" if asked is None else f" ({write(asked)})")
        return f"**{text}**" if asked is not None and way[key] > asked else text

    rows = [[label, *(cell(way, key, write) for way in ways)] for label, key, write in STREAMING_FIGURES]
    lengths = ["the same samples" if way["equal"] else "equal" if way["lengths_equal"] else "**differ**" for way in ways]
    return table(["", *(">" + way["way"] for way in ways)], [*rows, ["lengths", *lengths]])


def streaming(root):
    report = read(root, STREAMING)
    return [*streaming_table(report), "", f"{report['sentences']} sentences, {report['model']}; "
            + source(STREAMING, {**report, **report["machine"]})]


def listeners(root):
    report = read(root, LISTENERS)
    rows = [[str(entry["listeners"]), str(len(entry["streams"])), f"{1000 * entry['first_sound_median']:.0f} ms",
             f"{1000 * entry['first_sound_p95']:.0f} ms", f"{100 * entry['c100']:.0f} %",
             f"{1000 * entry['worst_underrun']:.0f} ms"] for entry in report["streams"]]
    heads = [">listeners", ">streams", ">first sound, median", ">95 of 100 before", ">C100", ">worst silence"]
    return table(heads, rows) + ["", f"{report['precision']}; " + source(LISTENERS, report)]


def streams(root):
    report = read(root, LISTENERS)
    rows = [[str(entry["listeners"]), f"{1000 * entry['first_sound_median']:.0f} ms",
             f"{1000 * entry['first_sound_p95']:.0f} ms", f"{100 * entry['c100']:.0f} %"] for entry in report["streams"]]
    return table([">listeners", ">first sound", ">95 of 100 before", ">C100"], rows) + [
        "", f"Version {report['version']}, {report['precision']}, {machine(report)}."]


def word_times_table(rows):
    """Of word_times.py's rows."""
    cells = [[name, str(row["words"]), f"{1000 * row['median']:.0f} ms", f"{1000 * row['p90']:.0f} ms",
              f"{100 * row['close']:.0f} %", f"{1000 * row['mean_late']:.0f} ms", str(row["lost_sentences"])]
             for name, row in rows.items()]
    heads = ["times of words", ">words", ">median error", ">90 of 100 within", ">within 0.1 s", ">late on average",
             ">sentences not aligned"]
    return table(heads, cells)


def word_times(root):
    report = read(root, WORD_TIMES)
    return [*word_times_table(report["rows"]), "",
            f"{report['sentences']} sentences; " + source(WORD_TIMES, {**report, **report["machine"]})]


def server_table(runs):
    """Of serve.py's runs."""
    cells = [[str(run["clients"]), str(run["requests"]), f"{1000 * run['first_audio_p50']:.0f} ms",
              f"{1000 * run['first_audio_p95']:.0f} ms", f"{run['real_time_factor']:.2f}",
              f"{100 * run['continuous']:.0f} %", number(run["audio_seconds_per_second"]), str(run["refused"])]
             for run in runs]
    heads = [">clients", ">requests", ">first audio, median", ">95 of 100 before", ">RTF of one",
             ">without an underrun over 0.1 s", ">audio seconds a second", ">refused"]
    return table(heads, cells)


def server(root):
    report = read(root, SERVER)
    return [*server_table(report["runs"]), "", f"{report['precision']}; " + source(SERVER, {**report, **report["machine"]})]
