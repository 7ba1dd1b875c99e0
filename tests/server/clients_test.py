"""clients_test.py PROGRAM: `chatterbox serve` with the demo model and real clients.

The standard library always; curl, ffprobe and the Python package openai where they are there, and
what is left out is said.
"""
import base64, http.client, json, os, re, shutil, signal, socket, subprocess, sys, tempfile, threading, time

FORMATS = {"mp3": "audio/mpeg", "opus": "audio/ogg", "flac": "audio/flac", "wav": "audio/wav", "pcm": "audio/pcm"}
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

    def speak(self, **fields):
        return self.ask("POST", "/v1/audio/speech", {"input": TEXT, "seed": 7, **fields})

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def check_formats(server):
    for name, content_type in FORMATS.items():
        status, headers, body = server.speak(response_format=name)
        check(status == 200 and headers["Content-Type"] == content_type, f"{name}: {status} {headers}")
        check(headers["X-Seed"] == "7" and headers["X-Model"] == "demo", f"{name}: {headers}")
        if shutil.which("ffprobe") and name != "pcm":
            with tempfile.NamedTemporaryFile(suffix="." + name) as file:
                file.write(body)
                file.flush()
                subprocess.run(["ffprobe", "-v", "error", file.name], check=True)
    pcm = server.speak(response_format="pcm")[2]
    wav = server.speak(response_format="wav")[2]
    check(wav[44:] == pcm, "pcm is not the samples of wav")
    whole = server.speak(response_format="wav", speed=2)[2]
    check(0.4 < len(whole) / len(wav) < 0.6, f"speed 2: {len(whole)} bytes of {len(wav)}")


def check_same_in_a_crowd(server):
    alone = server.speak(response_format="pcm")[2]
    others = []
    threads = [threading.Thread(target=lambda: others.append(server.speak(response_format="pcm"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(all(body == alone for status, _, body in others), "the same seed gives other bytes in a crowd")


def check_events(server):
    status, headers, body = server.speak(response_format="pcm", stream_format="sse")
    events = [json.loads(line[6:]) for line in body.decode().splitlines() if line]
    check(status == 200 and headers["Content-Type"] == "text/event-stream", f"sse: {status}")
    check(events[-1]["type"] == "speech.audio.done" and events[-1]["usage"]["output_tokens"] > 0, f"{events[-1]}")
    audio = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    check(audio == server.speak(response_format="pcm")[2], "the events' audio differs from the body")


def check_refusals(server):
    def refused(status, param, got):
        error = json.loads(got[2])["error"]
        check((got[0], error["param"]) == (status, param), f"expected {status} {param}: {got}")

    refused(400, "response_format", server.speak(response_format="aac"))
    refused(400, "sped", server.speak(sped=1))
    refused(400, "temperature", server.speak(temperature=9))
    refused(404, "voice", server.speak(voice="nobody"))
    refused(404, "model", server.speak(model="nothing"))
    refused(400, None, server.ask("POST", "/v1/audio/speech", "{", {"Content-Type": "application/json"}))
    refused(415, None, server.ask("POST", "/v1/audio/speech", "{}", {"Content-Type": "text/plain"}))
    refused(405, None, server.ask("GET", "/v1/audio/speech"))
    refused(400, None, server.ask("GET", "/v1/../etc/passwd"))
    refused(403, None, server.ask("GET", "/v1/models", headers={"Origin": "http://evil.example"}))


def check_large_body(server):
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(b"POST /v1/audio/speech HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n")
        check(b" 413 " in connection.recv(4096), "100 MB were not refused at once")


def check_pipelined(server):
    """What comes behind a request is kept, up to a limit; over it the client is dropped, and the server lives."""
    ask = b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(ask * 3)
        answer = b""
        while answer.count(b'"object":"list"') < 3:
            answer += connection.recv(65536)
    for padding in (100 << 10, 1 << 20):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            try:
                connection.sendall(ask + b"x" * padding)
                while connection.recv(65536):
                    pass
            except OSError:
                pass
    check(server.ask("GET", "/health/live")[0] == 200, "the server is gone")


def check_voices(server, recording):
    data = open(recording, "rb").read()
    body = (b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nann\r\n--b\r\nContent-Disposition: form-data; '
            b'name="audio_sample"; filename="x.wav"\r\n\r\n' + data + b"\r\n--b--")
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    status, _, answer = server.ask("POST", "/v1/audio/voices", body, form)
    check(status == 201, answer)
    voice = json.loads(answer)
    by_name, by_id = (server.speak(response_format="pcm", voice=v)[2] for v in ("ann", {"id": voice["id"]}))
    check(by_name == by_id != server.speak(response_format="pcm")[2], "the voice makes no difference")
    return by_name


def check_hang_up(server):
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        body = json.dumps({"input": TEXT * 40, "response_format": "pcm"}).encode()
        connection.sendall(b"POST /v1/audio/speech HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                           b"Content-Length: %d\r\n\r\n" % len(body) + body)
        connection.recv(1000)
    for _ in range(100):
        metrics = server.ask("GET", "/metrics")[2].decode()
        if 'end="disconnect"} 1' in metrics and 'chatterbox_engine_running{model="demo"} 0.0' in metrics:
            return
        time.sleep(0.05)
    raise AssertionError("a client that hung up is still being spoken to:\n" + metrics)


def check_openai(server):
    try:
        import openai
    except ImportError:
        return print("SKIPPED: the Python package openai is not there")
    client = openai.OpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key="none")
    asked = dict(model="tts-1", voice="alloy", input=TEXT, response_format="pcm", extra_body={"seed": 7})
    whole = client.audio.speech.create(**asked).content
    with client.audio.speech.with_streaming_response.create(**asked) as answer:
        check(b"".join(answer.iter_bytes()) == whole, "openai: the stream differs")
    check(client.models.list().data[0].id == "demo", "openai: no model demo")
    try:
        client.audio.speech.create(**{**asked, "response_format": "aac"})
    except openai.BadRequestError as error:
        return check(error.param == "response_format", error)
    raise AssertionError("openai: aac was accepted")


def main():
    program = sys.argv[1]
    recording = os.path.join(os.path.dirname(__file__), "../data/espeak_m3.wav")
    for tool in ("ffprobe", "curl"):
        if not shutil.which(tool):
            print(f"SKIPPED: {tool} is not there")
    with tempfile.TemporaryDirectory() as voices:
        server = Server(program, "--voices", voices)
        try:
            for step in (check_formats, check_same_in_a_crowd, check_events, check_refusals, check_large_body, check_pipelined,
                         check_hang_up, check_openai):
                step(server)
                print(f"{step.__name__}: passed", flush=True)
            spoken = check_voices(server, recording)
            server.process.kill()
            server = Server(program, "--voices", voices)
            check(server.speak(response_format="pcm", voice="ann")[2] == spoken, "the voice is lost after kill -9")
            check(server.stop() == 0, "SIGTERM: the exit code is not 0")
        finally:
            server.process.kill()


main()
