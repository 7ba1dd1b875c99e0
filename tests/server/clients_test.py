"""clients_test.py PROGRAM: `chatterbox serve` with the demo model and real clients.

The standard library always; curl, ffprobe and the Python package openai where they are there, and
what is left out is said.
"""
import base64, json, os, shutil, socket, subprocess, sys, tempfile, threading, time

from running import TEXT, Server, check

FORMATS = {"mp3": "audio/mpeg", "opus": "audio/ogg", "flac": "audio/flac", "wav": "audio/wav", "pcm": "audio/pcm"}


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


def check_seed_of_a_header(server):
    """A proxy gives a request a seed without reading its body, and gets the same bytes from any server."""
    def speak(header, **fields):
        body = {"input": TEXT, "response_format": "pcm", **fields}
        return server.ask("POST", "/v1/audio/speech", body, {"X-Seed": header})

    wanted = server.speak(response_format="pcm")[2]
    check(speak("7")[2] == speak("8", seed=7)[2] == wanted != speak("8")[2], "X-Seed is not the seed of what has none")
    status, headers, body = speak(str(2**64 - 1))
    check(status == 200 and headers["X-Seed"] == str(2**64 - 1), f"{status} {headers}")
    for wrong in ("-1", "7x", "0x7", str(2**64), "7 8"):
        status, _, body = speak(wrong)
        error = json.loads(body)["error"]
        check((status, error["param"]) == (400, "X-Seed") and wrong in error["message"], error)


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
    server.wait_for_metrics('end="disconnect"} 1', 'chatterbox_engine_running{model="demo"} 0.0', seconds=5,
                            otherwise="a client that hung up is still being spoken to")


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


def check_openai_async(server):
    try:
        import asyncio, openai
    except ImportError:
        return print("SKIPPED: the Python package openai is not there")

    async def speak():
        client = openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{server.port}/v1", api_key="none")
        asked = dict(model="tts-1", voice="alloy", input=TEXT, response_format="pcm", extra_body={"seed": 7})

        async def streamed():
            async with client.audio.speech.with_streaming_response.create(**asked) as answer:
                return b"".join([data async for data in answer.iter_bytes()])

        bodies = await asyncio.gather(*(streamed() for _ in range(3)))
        async with client.audio.speech.with_streaming_response.create(**asked, stream_format="sse") as answer:
            lines = [line async for line in answer.iter_lines() if line]
        await client.close()
        return bodies, [json.loads(line[6:]) for line in lines]

    bodies, events = asyncio.run(speak())
    check(bodies == [server.speak(response_format="pcm")[2]] * 3, "openai, async: the streams differ")
    audio = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    check(audio == bodies[0] and events[-1]["type"] == "speech.audio.done", "openai, async: the events differ")


def check_what_clients_send(server):
    """Requests as programs make them that are not here, from what they have published."""
    for request in json.load(open(os.path.join(os.path.dirname(__file__), "requests.json"))):
        headers = {"Content-Type": "application/json", **request.get("headers", {})}
        body = json.dumps(request["body"]) if "body" in request else None
        status, answered, body = server.ask(request["method"], request["path"], body, headers)
        check(status == 200, f"{request['client']}: {status} {body[:200]}")
        if "type" in request:
            check(answered["Content-Type"] == request["type"] and len(body) > 1000, f"{request['client']}: {answered}")
        for key, expected in request.get("expect", {}).items():
            for item in expected:
                found = [one for one in json.loads(body)[key] if item.items() <= one.items()]
                check(found, f"{request['client']}: no {item} in {body[:300]}")


def check_idle_unload(program):
    """A model that nobody uses goes, and comes back with the next request."""
    server = Server(program, "--idle-unload", "1")

    def is_loaded():
        return b'chatterbox_engine_healthy{model="demo"}' in server.ask("GET", "/metrics")[2]

    try:
        spoken = server.speak(response_format="pcm")[2]
        for _ in range(200):
            if not is_loaded():
                break
            time.sleep(0.1)
        check(not is_loaded(), "the model is still loaded")
        check(server.ask("GET", "/health/ready")[0] == 200, "not ready without the model")
        check(server.speak(response_format="pcm")[2] == spoken, "other speech after the model was loaded again")
        check(server.stop() == 0, "SIGTERM: the exit code is not 0")
    finally:
        server.process.kill()


def main():
    program = sys.argv[1]
    recording = os.path.join(os.path.dirname(__file__), "../data/espeak_m3.wav")
    for tool in ("ffprobe", "curl"):
        if not shutil.which(tool):
            print(f"SKIPPED: {tool} is not there")
    with tempfile.TemporaryDirectory() as voices:
        server = Server(program, "--voices", voices)
        try:
            for step in (check_formats, check_same_in_a_crowd, check_events, check_refusals,
                         check_seed_of_a_header, check_large_body, check_pipelined,
                         check_hang_up, check_openai, check_openai_async, check_what_clients_send):
                step(server)
                print(f"{step.__name__}: passed", flush=True)
            spoken = check_voices(server, recording)
            server.process.kill()
            server = Server(program, "--voices", voices)
            check(server.speak(response_format="pcm", voice="ann")[2] == spoken, "the voice is lost after kill -9")
            check(server.stop() == 0, "SIGTERM: the exit code is not 0")
        finally:
            server.process.kill()
    check_idle_unload(program)


main()
