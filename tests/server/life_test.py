"""life_test.py PROGRAM: who may ask `chatterbox serve`, how much, until when, and how it ends."""
import http.client, json, signal, subprocess, sys, tempfile, time

from running import TEXT, Server, check

KEYS = {"ann": "ann-key-0123456789", "bob": "bob-key-0123456789"}
LONG = TEXT * 60  # minutes of speech


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def begin(server, text=LONG, headers=None, **fields):
    """An answer that has begun, whose body is not read."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    body = json.dumps({"input": text, "seed": 7, "response_format": "pcm", **fields})
    connection.request("POST", "/v1/audio/speech", body, {"Content-Type": "application/json", **(headers or {})})
    return connection, connection.getresponse()


def read_what_is_broken_off(connection, answer):
    try:
        answer.read()
    except (http.client.IncompleteRead, ConnectionError):
        return connection.close()
    raise AssertionError("a body that was broken off looks whole")


def check_public_address(program):
    ended = subprocess.run([program, "serve", "--host", "0.0.0.0", "--port", "0"], capture_output=True, text=True, timeout=60)
    check(ended.returncode != 0 and "--keys" in ended.stderr, f"a public address without keys: {ended}")


def check_keys(program):
    with tempfile.NamedTemporaryFile("w", suffix=".keys") as file:

        def write(lines):
            file.seek(0)
            file.truncate()
            file.write(lines)
            file.flush()

        write(f"ann {KEYS['ann']} 1  # one request at a time\n")
        server = Server(program, "--keys", file.name)

        def status(name, method="GET", path="/v1/models"):
            return server.ask(method, path, headers=bearer(KEYS[name]))[0]

        def read_again(says):
            server.lines.clear()
            server.process.send_signal(signal.SIGHUP)
            server.wait_for_line(says)

        try:
            check(server.ask("GET", "/v1/models")[0] == 401, "without a key")
            check((status("ann"), status("bob")) == (200, 401), "one key of two is in the file")
            connection, answer = begin(server, headers=bearer(KEYS["ann"]))
            refused = server.ask("POST", "/v1/audio/speech", {"input": TEXT}, bearer(KEYS["ann"]))
            check(refused[0] == 429 and int(refused[1]["Retry-After"]) >= 1, f"two at a time of one: {refused}")
            answer.close()
            connection.close()
            write(f"bob {KEYS['bob']}\n")
            read_again("keys read again")
            check((status("ann"), status("bob")) == (401, 200), "the keys were not exchanged")
            write("bob short\n")
            read_again("the keys stay as they are")
            check(status("bob") == 200, "a file with an error took the keys away")
            check(server.stop() == 0, "SIGTERM: the exit code is not 0")
        finally:
            server.process.kill()


def check_limits(program):
    """The ceiling of memory, and deadlines."""
    server = Server(program, "--memory-ceiling", "1000")
    try:
        status, headers, body = server.speak()
        check(status == 503 and "Retry-After" in headers and b"memory" in body, f"over the ceiling: {status} {body}")
    finally:
        server.process.kill()
    server = Server(program, "--deadline", "2")
    try:
        late = server.speak(stream=False, deadline_ms=1)
        check(late[0] == 504, f"what is late before it begins: {late[0]}")
        start = time.monotonic()
        read_what_is_broken_off(*begin(server))
        took = time.monotonic() - start
        check(1 < took < 5, f"a deadline of 2 s came after {took:.1f} s")
        server.wait_for_metrics('end="deadline"} 2', seconds=5, otherwise="the deadlines are not counted")
    finally:
        server.process.kill()


def check_drain(program):
    """At SIGTERM what runs is finished, and nothing new begins."""
    server = Server(program, "--cors", "https://a.example")
    try:
        allowed = server.ask("GET", "/v1/models", headers={"Origin": "https://a.example"})
        check(allowed[1].get("Access-Control-Allow-Origin") == "https://a.example", f"the origin of --cors: {allowed}")
        text = TEXT * 4
        whole = server.speak(input=text, response_format="pcm")[2]
        connection, answer = begin(server, text)
        server.process.send_signal(signal.SIGTERM)
        server.wait_for_line("draining")
        ready, new = server.ask("GET", "/health/ready"), server.speak()
        check(ready[0] == 503 and new[0] == 503 and "Retry-After" in new[1], f"while it drains: {ready} {new}")
        check(answer.read() == whole, "what ran was not finished")
        connection.close()
        check(server.process.wait(timeout=30) == 0, "SIGTERM: the exit code is not 0")
    finally:
        server.process.kill()


def check_ends(program):
    """Once --grace is over, and at once at a second SIGTERM."""
    for options, signals, code in ((("--grace", "0"), 1, 0), (("--grace", "600"), 2, -signal.SIGTERM)):
        server = Server(program, *options)
        try:
            connection, answer = begin(server)
            start = time.monotonic()
            for _ in range(signals):
                server.process.send_signal(signal.SIGTERM)
                server.wait_for_line("draining")
            ended = server.process.wait(timeout=30)
            took = time.monotonic() - start
            check(ended == code and took < 10, f"{options}: {ended} after {took:.1f} s")
            read_what_is_broken_off(connection, answer)
        finally:
            server.process.kill()


def main():
    for step in (check_public_address, check_keys, check_limits, check_drain, check_ends):
        step(sys.argv[1])
        print(f"{step.__name__}: passed", flush=True)


main()
