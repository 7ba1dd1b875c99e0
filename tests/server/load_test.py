"""load_test.py PROGRAM [--long]: many clients, good and bad, at once.

The short form is a test; the long one has as many clients as a server that is left running meets.
"""
import http.client, json, select, socket, statistics, sys, tempfile, threading, time

from running import Server, check

TEXT = "Hello there, all of you."

LONG = "--long" in sys.argv
STREAMS = 64 if LONG else 24
BAD = 8 if LONG else 3  # that read slowly, and that hang up
PAUSE = 0.17 if LONG else 0.02  # seconds after 4 KiB: half as fast as it is heard, or four times
IDLE = 500 if LONG else 200
MOST_GROWTH = 64 << 20  # bytes of memory, from one round to the next


def run_all(calls):
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def open_speech(server, text, key=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {key}"} if key else {})}
    connection.request("POST", "/v1/audio/speech", json.dumps({"input": text, "seed": 7, "response_format": "pcm"}),
                       headers)
    return connection.getresponse()


def memory(server):
    for line in server.ask("GET", "/metrics")[2].decode().splitlines():
        if line.startswith("process_resident_memory_bytes"):
            return float(line.split()[1])


def wait_until_quiet(server):
    server.wait_for_metrics('chatterbox_engine_running{model="demo"} 0.0', seconds=60,
                            otherwise="the engine still runs what nobody waits for")


def check_streams(server):
    """Those that read get all, whatever the others do."""
    whole = open_speech(server, TEXT).read()
    wrong, lock = [], threading.Lock()

    def good():
        answer = open_speech(server, TEXT)
        body = answer.read()
        if (answer.status, body) != (200, whole):
            with lock:
                wrong.append((answer.status, len(body), body[:200] if answer.status != 200 else ""))

    def slow():
        answer = open_speech(server, TEXT)
        body = b""
        while data := answer.read1(4096):
            body += data
            time.sleep(PAUSE)
        if body != whole:
            with lock:
                wrong.append(("slow", answer.status, len(body)))

    def hangs_up():
        answer = open_speech(server, TEXT * 20)
        answer.read(2000)
        answer.close()

    def one_round():
        run_all([hangs_up] * BAD + [slow] * BAD + [good] * (STREAMS - 2 * BAD))
        wait_until_quiet(server)

    one_round()
    before = memory(server)
    one_round()
    growth = memory(server) - before
    check(not wrong, f"streams that were not served whole: {wrong}")
    check(growth < MOST_GROWTH, f"memory grew by {growth / 2**20:.0f} MiB from one round to the next")
    print(f"{STREAMS} streams: memory grew by {growth / 2**20:.1f} MiB in the second round")


def check_idle(server):
    """Connections that send nothing, or a large body, keep nobody away."""
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(IDLE)]
    for connection in idle[::2]:
        connection.sendall(b"POST /v1/audio/speech HTTP/1.1\r\nHost: x\r\nContent-Le")
    start = time.monotonic()
    check(server.ask("GET", "/health/ready")[0] == 200, "not ready")
    took = time.monotonic() - start
    check(took < 2, f"an answer beside {IDLE} idle connections took {took:.2f} s")
    with socket.create_connection(("127.0.0.1", server.port)) as large:
        large.sendall(b"POST /v1/audio/voices HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                      b"Transfer-Encoding: chunked\r\n\r\n")
        before, sent, block = memory(server), 0, b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"
        while sent < 100 and not select.select([large], [], [], 0)[0]:
            large.sendall(block)
            sent += 1
        check(b" 413 " in large.recv(4096), f"no refusal after {sent} MB")
        check(sent < 100, "100 MB were taken")
        check(memory(server) - before < 2 * MOST_GROWTH, "a large body stays in memory")
    for connection in idle:
        connection.close()


def check_timers(server):
    """Who sends no more of a header, or takes nothing of an answer, is dropped in the end: half a minute."""
    half = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    half.sendall(b"POST /v1/audio/speech HTTP/1.1\r\nHost: x\r\nContent-Le")
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        deaf.connect(("127.0.0.1", server.port))
        body = json.dumps({"input": TEXT * 400, "response_format": "pcm"}).encode()
        deaf.sendall(b"POST /v1/audio/speech HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(body) + body)
        start = time.monotonic()
        while half.recv(4096):
            pass
        server.wait_for_metrics('end="slow_reader"} 1', seconds=60, otherwise="who reads nothing is still served")
        print(f"dropped after {time.monotonic() - start:.0f} s")
    wait_until_quiet(server)


def check_overload(program):
    """Ten times as many as there is room for: who is refused knows it at once, who is not is served."""
    queue, room = 4, 6  # what waits, and that with what runs
    server = Server(program, "--max-batch", str(room - queue), "--max-queue", str(queue), "--client-limit", "1000")
    try:
        statuses, lock = [], threading.Lock()

        def ask():
            answer = open_speech(server, TEXT)
            body = answer.read()
            with lock:
                statuses.append((answer.status, len(body) if answer.status == 200 else answer.getheader("Retry-After")))

        run_all([ask] * (10 * room))
        spoken = [size for status, size in statuses if status == 200]
        refused = [after for status, after in statuses if status == 429]
        check(len(spoken) + len(refused) == 10 * room, statuses)
        check(len(spoken) >= queue and min(spoken) == max(spoken), f"{len(spoken)} were served: {spoken}")
        check(refused and all(1 <= int(after) <= 600 for after in refused), refused)
        time.sleep(0.2)
        lines = [json.loads(line) for line in server.lines if line.startswith("{")]
        seconds = statistics.median(line["seconds"] for line in lines if line.get("status") == 429)
        check(seconds < 0.005, f"a refusal took {1000 * seconds:.1f} ms")
        print(f"overload: {len(spoken)} served, {len(refused)} refused in {1000 * seconds:.2f} ms each")
    finally:
        server.process.kill()


def check_fairness(program):
    """A client with many requests does not keep another with one waiting until all of them are done."""
    with tempfile.NamedTemporaryFile("w", suffix=".keys") as keys:
        keys.write("greedy greedy-key-0123456789 100\nmodest modest-key-0123456789 100\n")
        keys.flush()
        server = Server(program, "--keys", keys.name, "--max-batch", "2")
        try:
            done, lock = [], threading.Lock()

            def ask(client):
                check(open_speech(server, TEXT, f"{client}-key-0123456789").read(), client)
                with lock:
                    done.append(client)

            greedy = [threading.Thread(target=ask, args=("greedy",)) for _ in range(16)]
            for thread in greedy:
                thread.start()
            time.sleep(0.3)
            ask("modest")
            place = done.index("modest")
            for thread in greedy:
                thread.join()
            check(place < 10, f"the modest client was served after {place} of 16")
            print(f"fairness: one request was done after {place} of another client's 16")
        finally:
            server.process.kill()


def main():
    program = sys.argv[1]
    server = Server(program, "--client-limit", "200")
    try:
        for step in (check_idle, check_streams, *([check_timers] if LONG else [])):
            step(server)
            print(f"{step.__name__}: passed", flush=True)
        check(server.stop() == 0, "SIGTERM: the exit code is not 0")
    finally:
        server.process.kill()
    for step in (check_overload, check_fairness):
        step(program)
        print(f"{step.__name__}: passed", flush=True)


main()
