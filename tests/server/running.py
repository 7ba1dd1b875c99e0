"""A server that runs, for the tests of `chatterbox serve`."""
import http.client, json, re, signal, subprocess, sys, threading, time

TEXT = "The quick brown fox jumps over the lazy dog."


class Server:
    def __init__(self, program, *options):
        self.process = subprocess.Popen([program, "serve", "--port", "0", *options], stderr=subprocess.PIPE, text=True)
        self.lines = []
        for line in self.process.stderr:
            found = re.search(r"listening on http://127.0.0.1:(\d+)", line)
            if found:
                self.port = int(found.group(1))
                break
        threading.Thread(target=lambda: self.lines.extend(self.process.stderr), daemon=True).start()
        self.wait_until_ready()

    def wait_until_ready(self):
        for _ in range(600):
            if self.ask("GET", "/health/ready")[0] == 200:
                return
            time.sleep(0.1)
        sys.exit("the server is not ready after a minute")

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        if isinstance(body, dict):
            body, headers = json.dumps(body), {"Content-Type": "application/json", **(headers or {})}
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        result = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return result

    def wait_for_metrics(self, *wanted, seconds, otherwise):
        """Until /metrics has all of these; fails with `otherwise` when the time is up."""
        for _ in range(int(seconds / 0.05)):
            metrics = self.ask("GET", "/metrics")[2].decode()
            if all(part in metrics for part in wanted):
                return
            time.sleep(0.05)
        raise AssertionError(f"{otherwise}:\n{metrics}")

    def wait_for_line(self, part):
        """Until the server has said it."""
        for _ in range(200):
            if any(part in line for line in self.lines):
                return
            time.sleep(0.05)
        raise AssertionError(f"the server did not say: {part}")

    def speak(self, **fields):
        return self.ask("POST", "/v1/audio/speech", {"input": TEXT, "seed": 7, **fields})

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


def check(condition, what):
    if not condition:
        raise AssertionError(what)
