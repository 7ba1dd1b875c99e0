"""serve.py [--url URL] [--clients 1,2,4,...]: how `chatterbox serve` does with so many clients at a time.

Each client asks for one sentence after the other and listens to it as a player would: it begins with the first bytes,
what does not come in time is an underrun, and the next sentence is asked for when one has been heard (--at-once: when it
has come). Prints a table, and writes it with --json and --plot (needs matplotlib).
"""
import argparse, http.client, json, pathlib, re, statistics, sys, threading, time, urllib.parse

import plot_listeners
from compare_reference import machine
from plot import import_pyplot
from speech_tables import server_table

RATE = 24000 * 2  # bytes a second of pcm
SENTENCES = ["The ferry leaves at noon, and the last one comes back when the lamps are lit.",
             "Nobody had counted the steps, but everyone knew that there were too many.",
             "She folded the map, put it away, and asked the next person for the way.",
             "It rained for a week, and then the river was where the road had been."]
SMALL_UNDERRUN = 0.1  # seconds that a listener does not mind


class Speech:
    """One request, as its listener hears it."""

    def __init__(self, url, text, seed, options, at_once=False):
        self.first = self.seconds = self.underrun = 0.0
        self.status = 0
        connection = http.client.HTTPConnection(url.hostname, url.port or 80, timeout=600)
        start = time.monotonic()
        body = {"input": text, "seed": seed, "response_format": "pcm", **options}
        connection.request("POST", "/v1/audio/speech", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        self.status = answer.status
        ends = None  # when all that has come will have been heard
        while answer.status == 200:
            data = answer.read1(65536)
            now = time.monotonic()
            if not data:
                break
            if ends is None:
                self.first = now - start
                ends = now
            elif now > ends:
                self.underrun = max(self.underrun, now - ends)
                ends = now
            ends += len(data) / RATE
            self.seconds += len(data) / RATE
        self.took = time.monotonic() - start
        connection.close()
        if ends and not at_once:
            time.sleep(max(0, ends - time.monotonic()))


def ask(url, path):
    connection = http.client.HTTPConnection(url.hostname, url.port or 80)
    connection.request("GET", path)
    return connection.getresponse().read().decode()


def about(url):
    """What was measured."""
    model = json.loads(ask(url, "/v1/models"))["data"][0]
    version = re.search(r'chatterbox_build_info{version="(.*?)"}', ask(url, "/metrics")).group(1)
    return {"version": version, "model": model["id"], "precision": model["precision"], "device": "chatterbox serve"}


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def measure(url, clients, requests, options, at_once):
    speeches, lock = [], threading.Lock()

    def client(number):
        for turn in range(requests):
            speech = Speech(url, SENTENCES[(number + turn) % len(SENTENCES)], 1000 * number + turn, options, at_once)
            with lock:
                speeches.append(speech)

    start = time.monotonic()
    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - start
    spoken = [speech for speech in speeches if speech.status == 200]
    return {"clients": clients, "requests": len(speeches), "refused": len(speeches) - len(spoken),
            "first_audio_p50": percentile([speech.first for speech in spoken], 0.5),
            "first_audio_p95": percentile([speech.first for speech in spoken], 0.95),
            "real_time_factor": statistics.mean(speech.took / speech.seconds for speech in spoken) if spoken else None,
            "continuous": sum(speech.underrun <= SMALL_UNDERRUN for speech in spoken) / max(1, len(spoken)),
            "largest_underrun": max((speech.underrun for speech in spoken), default=0.0),
            "audio_seconds_per_second": sum(speech.seconds for speech in spoken) / took}


def plot(report, path):
    """As the streams of chatterbox-bench."""
    streams = [{"listeners": run["clients"], "first_sound_median": run["first_audio_p50"],
                "first_sound_p95": run["first_audio_p95"], "c100": run["continuous"]} for run in report["runs"]]
    plot_listeners.draw(import_pyplot(), [(path, {**report, **report["machine"], "streams": streams})], path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--clients", default="1,2,4,8,16,32,64", help="at a time, one measurement for each")
    parser.add_argument("--requests", type=int, default=4, help="of each client")
    parser.add_argument("--at-once", action="store_true", help="clients do not listen: how much the server can take")
    parser.add_argument("--options", type=json.loads, default={}, help="more fields of the requests, as JSON")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--plot", type=pathlib.Path)
    given = parser.parse_args()
    url = urllib.parse.urlsplit(given.url)
    Speech(url, SENTENCES[0], 0, given.options)  # what is made for the first request is not measured
    rows = []
    for clients in map(int, given.clients.split(",")):
        rows.append(measure(url, clients, given.requests, given.options, given.at_once))
        print(f"{clients} clients: first audio {rows[-1]['first_audio_p50']:.3f} s", file=sys.stderr, flush=True)
    print(*server_table(rows), sep="\n")
    report = {**about(url), "machine": machine(), "options": given.options, "requests_of_a_client": given.requests,
              "at_once": given.at_once, "runs": rows}
    if given.json:
        given.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if given.plot:
        plot(report, given.plot)
    sys.exit(1 if any(row["requests"] == row["refused"] for row in rows) else 0)


main()
