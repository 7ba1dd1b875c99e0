"""voices_test.py PROGRAM: voices in a folder that two of `chatterbox serve` share."""
import json, os, pathlib, sys, tempfile, threading

from running import Server, check

DATA = pathlib.Path(__file__).parent.parent
LOW, HIGH = ((DATA.parent / f"examples/demo_voice/model/{name}.voice").read_bytes() for name in ("low", "high"))


def upload(server, name, data):
    body = (b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\n' + name.encode() +
            b'\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n' + data + b"\r\n--b--")
    status, _, answer = server.ask("POST", "/v1/audio/voices", body, {"Content-Type": "multipart/form-data; boundary=b"})
    check(status == 201, answer)
    return json.loads(answer)["id"]


def speech(server, voice):
    status, _, body = server.speak(response_format="pcm", voice=voice)
    return body if status == 200 else status


def names(server):
    return [voice["name"] for voice in json.loads(server.ask("GET", "/v1/audio/voices")[2])["data"] if "voice_id" in voice]


def check_what_one_stores_the_other_has(one, other, folder):
    low = upload(one, "ann", LOW)
    by_name, by_id = (speech(other, voice) for voice in ("ann", {"id": low}))
    check(by_name == by_id == speech(one, "low"), "the voice is another one, or is not there")
    check(names(one) == names(other) == ["ann"], names(other))
    high = upload(other, "ann", HIGH)
    check(speech(one, "ann") == speech(one, "high") != by_name, "the old voice is still there")
    check(speech(one, {"id": low}) == speech(other, {"id": low}) == 404, "a voice without a name is still there")
    upload(one, "bob", HIGH)
    check(one.ask("DELETE", "/v1/audio/voices/ann")[0] == 200, "ann could not be deleted")
    check(speech(other, "ann") == 404 and speech(other, "bob") == speech(other, {"id": high}) == speech(one, "high"),
          "bob has the same voice, and went with ann")
    check(other.ask("DELETE", f"/v1/audio/voices/{high}")[0] == 200, "bob could not be deleted")
    check(one.ask("DELETE", "/v1/audio/voices/bob")[0] == 404, "bob was deleted twice")
    check(speech(one, "bob") == 404 and names(one) == [], "bob is still there")
    check([name for name in os.listdir(folder) if name.endswith((".json", ".voice"))] == [], os.listdir(folder))


def check_both_at_once(one, other, folder):
    """They store and delete the same voice under many names; none of these loses its voice's file."""
    def work(server, letter):
        for turn in range(40):
            upload(server, f"{letter}{turn % 4}", LOW if turn % 3 else HIGH)
            if turn % 2:
                server.ask("DELETE", f"/v1/audio/voices/{letter}{turn % 4}")

    threads = [threading.Thread(target=work, args=pair) for pair in ((one, "a"), (other, "b"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(names(one) == names(other) == ["a0", "a2", "b0", "b2"], names(one))
    wanted = {json.loads(pathlib.Path(folder, name + ".json").read_text())["id"] + ".voice" for name in names(one)}
    check(wanted == {name for name in os.listdir(folder) if name.endswith(".voice")}, os.listdir(folder))


def main():
    with tempfile.TemporaryDirectory() as folder:
        servers = []
        try:
            for _ in range(2):
                servers.append(Server(sys.argv[1], "--threads", "1", "--voices", folder))
            for step in (check_what_one_stores_the_other_has, check_both_at_once):
                step(*servers, folder)
                print(f"{step.__name__}: passed", flush=True)
            check([server.stop() for server in servers] == [0, 0], "SIGTERM: the exit code is not 0")
        finally:
            for server in servers:
                server.process.kill()


main()
