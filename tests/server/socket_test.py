"""socket_test.py PROGRAM: speech over a WebSocket, with the Python package websockets."""
import contextlib, json, sys, time

from running import Server, check

try:
    from websockets.exceptions import ConnectionClosed, InvalidStatus
    from websockets.sync.client import connect
except ImportError:
    print("SKIPPED: the Python package websockets is not there")
    sys.exit(77)

TEXT = "The quick brown fox jumps over the lazy dog. It was not amused."


class Client:
    def __init__(self, server, **options):
        url = f"ws://127.0.0.1:{server.port}/v1/audio/speech/stream"
        self.context = connect(url, max_size=None, **options)
        self.socket = self.context.__enter__()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.__exit__(None, None, None)

    def send(self, kind, **fields):
        self.socket.send(json.dumps({"type": kind, **fields}))

    def speak(self, text, **options):
        self.send("start", **options)
        for word in text.split(" "):
            self.send("text", text=word + " ")
        self.send("end")

    def until(self, *kinds):
        """The audio and the events that come, up to one of a kind."""
        audio, events = b"", []
        while True:
            message = self.socket.recv(timeout=120)
            if isinstance(message, bytes):
                audio += message
                continue
            events.append(json.loads(message))
            if events[-1]["type"].split(".")[-1] in kinds:
                return audio, events


def check_words_in_audio_out(server):
    with Client(server) as client:
        client.speak(TEXT, seed=7)
        audio, events = client.until("done", "error")
        check([event["type"] for event in events] == ["speech.audio.start", "speech.audio.done"], events)
        check(events[0]["seed"] == "7" and events[0]["content_type"] == "audio/pcm", events[0])
        check(len(audio) > 2 * 24000 and events[1]["usage"]["output_tokens"] > 25, (len(audio), events))
        client.speak(TEXT, seed=7)
        check(client.until("done", "error")[0] == audio, "the same seed gives other samples on the same socket")
        client.speak(TEXT, seed=7, response_format="wav")
        wav, events = client.until("done", "error")
        check(wav[:4] == b"RIFF" and wav[44:] == audio, "wav does not have the samples of pcm")
        client.speak(" ")
        audio, events = client.until("done", "error")
        check(audio == b"" and events[-1]["type"] == "speech.audio.done", events)


def check_sentences_are_spoken_before_the_end(server):
    with Client(server) as client:
        client.send("text", text="A first sentence, which is complete now that another one begins. And this one")
        audio = client.socket.recv(timeout=120), client.socket.recv(timeout=120)
        check(isinstance(audio[1], bytes), f"no audio before the end: {audio}")
        client.send("flush")
        client.send("text", text=" goes on.")
        client.send("end")
        check(client.until("done", "error")[1][-1]["type"] == "speech.audio.done", "no end")


def check_barge_in(server):
    with Client(server) as client:
        client.send("text", text=TEXT * 20)
        client.socket.recv(timeout=120), client.socket.recv(timeout=120)
        start = time.monotonic()
        client.send("cancel", played=4800)
        _, events = client.until("cancelled", "done", "error")
        check(events[-1]["type"] == "speech.audio.cancelled", events)
        check(events[-1]["heard_seconds"] == 0.2, events)
        check(TEXT.startswith(events[-1]["text"][:20]), events)
        print(f"cancelled after {time.monotonic() - start:.3f} s")
        # At once the next one, on the same socket, in which nothing of the old one comes any more.
        client.speak("Hello again.", seed=3)
        audio, events = client.until("done", "error")
        check([event["type"][13:] for event in events] == ["start", "done"], events)
        # A speech that was sent, and is still being played.
        client.send("cancel", played=0)
        _, events = client.until("cancelled")
        check((events[-1]["heard_seconds"], events[-1]["text"]) == (0, ""), events)
    for _ in range(200):
        metrics = server.ask("GET", "/metrics")[2].decode()
        if 'chatterbox_engine_running{model="demo"} 0.0' in metrics:
            break
        time.sleep(0.05)
    check('route="/v1/audio/speech/stream",end="cancelled"} 1' in metrics, metrics)


def check_refusals(server):
    def error(client):
        return client.until("error")[1][-1]["error"]

    with Client(server) as client:
        for message, param in (("{", None), ('{"type": "sing"}', "type"), ('{"type": "start", "sped": 1}', "sped"),
                               ('{"type": "text", "text": 3}', "text"), ('{"type": "start", "input": "x"}', "input")):
            client.socket.send(message)
            check(error(client)["param"] == param, message)
        client.send("start")
        client.send("start")
        check(error(client)["code"] == "speech_open", "two starts")
        client.send("cancel")
        client.until("cancelled")
        with contextlib.suppress(ConnectionClosed):  # it may be refused before its end is sent
            client.speak("x", voice="nobody")
        check(error(client)["code"] == "voice_not_found", "no such voice")
        try:
            client.socket.recv(timeout=20)
            raise AssertionError("a speech that failed left the socket open")
        except ConnectionClosed as closed:
            check(closed.rcvd.code == 1011, closed)
    status, _, body = server.ask("GET", "/v1/audio/speech/stream")
    check(status == 426, body)
    try:
        Client(server, origin="http://evil.example")
        raise AssertionError("a page of another origin opened a socket")
    except InvalidStatus as refused:
        check(refused.response.status_code == 403, refused)


def check_hang_up(server):
    client = Client(server)
    client.send("text", text=TEXT * 20)
    client.socket.recv(timeout=120)
    client.socket.socket.close()
    server.wait_for_metrics('stream",end="disconnect"} 1', 'engine_running{model="demo"} 0.0', seconds=10,
                            otherwise="a client that hung up is still being spoken to")


def main():
    server = Server(sys.argv[1])
    try:
        for step in (check_words_in_audio_out, check_sentences_are_spoken_before_the_end, check_barge_in, check_refusals,
                     check_hang_up):
            step(server)
            print(f"{step.__name__}: passed", flush=True)
        with Client(server) as idle:
            check(server.stop() == 0, "SIGTERM: the exit code is not 0")
            try:
                idle.socket.recv(timeout=20)
                raise AssertionError("a socket outlived the server")
            except ConnectionClosed as closed:
                check(closed.rcvd is not None and closed.rcvd.code == 1001, closed)
    finally:
        server.process.kill()


main()
