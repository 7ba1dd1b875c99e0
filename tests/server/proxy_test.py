"""proxy_test.py PROGRAM EXAMPLES: `chatterbox serve` behind haproxy and nginx, with the configurations of EXAMPLES."""
import http.client, json, os, re, shutil, socket, ssl, subprocess, sys, tempfile, time

from running import TEXT, Server, check


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def certificate(folder):
    path = os.path.join(folder, "speech.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-keyout", path, "-out", path + ".crt"], check=True, capture_output=True)
    with open(path, "a") as both:
        both.write(open(path + ".crt").read())
    return path


def start_proxy(name, config, server, folder, pem):
    """The example as it is but for the ports and the certificate, which are this test's."""
    port = free_port()
    text = open(config).read().replace("/etc/ssl/speech.pem", pem).replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
    text = text.replace("0.0.0.0:443", f"127.0.0.1:{port}").replace("listen 443", f"listen 127.0.0.1:{port}")
    path = os.path.join(folder, os.path.basename(config))
    if name == "nginx":
        # What an installed nginx has in its own folders.
        paths = "".join(f"  {kind}_temp_path {folder}/{kind};\n"
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        text = (f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\n" +
                text.replace("http {\n", "http {\n  access_log off;\n" + paths))
    with open(path, "w") as file:
        file.write(text)
    command = {"haproxy": ["haproxy", "-db", "-f", path], "nginx": ["nginx", "-p", folder, "-c", path]}[name]
    return port, subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def tls():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def ask(port, method, path, body=None):
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=120, context=tls())
    headers = {"Content-Type": "application/json", "Origin": f"https://127.0.0.1:{port}"}
    connection.request(method, path, json.dumps(body) if body else None, headers)
    return connection.getresponse()


def wait_until_up(port, proxy):
    for _ in range(300):
        check(proxy.poll() is None, f"the proxy ended: {proxy.stderr.read() if proxy.poll() is not None else ''}")
        try:
            if ask(port, "GET", "/health/ready").status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("the proxy is not up after half a minute")


def check_through(name, port, server):
    direct = server.speak(response_format="pcm", input=TEXT * 4)[2]
    start = time.monotonic()
    answer = ask(port, "POST", "/v1/audio/speech", {"input": TEXT * 4, "seed": 7, "response_format": "pcm"})
    first = answer.read(1)
    first_after = time.monotonic() - start
    body = first + answer.read()
    all_after = time.monotonic() - start
    check(body == direct, f"{name}: other bytes than without it")
    check(first_after < 0.8 * all_after, f"{name} keeps audio back: first byte {first_after:.2f} s, all {all_after:.2f} s")
    check(ask(port, "POST", "/v1/audio/speech", {"input": "x", "speed": 9}).status == 400, f"{name}: an error")
    curl = ["curl", "-sk", "--http2", "-o", "/dev/null", "-w", "%{http_version} %{http_code}",
            f"https://127.0.0.1:{port}/v1/models"]
    if shutil.which("curl"):
        said = subprocess.run(curl, capture_output=True, text=True).stdout
        check(said == "2 200", f"{name}: no HTTP/2: {said}")
    check_hang_up(name, port, server)
    check_socket(name, port)


def check_hang_up(name, port, server):
    def count():
        metrics = server.ask("GET", "/metrics")[2].decode()
        found = re.search(r'route="/v1/audio/speech",end="disconnect"} (\d+)', metrics)
        return int(found.group(1)) if found else 0

    before = count()
    answer = ask(port, "POST", "/v1/audio/speech", {"input": TEXT * 40, "response_format": "pcm"})
    answer.read(1000)
    answer.close()
    for _ in range(200):
        if count() > before:
            return
        time.sleep(0.05)
    raise AssertionError(f"{name}: the server does not see that the client has gone")


def check_socket(name, port):
    try:
        from websockets.sync.client import connect
    except ImportError:
        return print("SKIPPED: the Python package websockets is not there")
    with connect(f"wss://127.0.0.1:{port}/v1/audio/speech/stream", ssl=tls(), max_size=None) as speech:
        speech.send(json.dumps({"type": "text", "text": "Hello there."}))
        speech.send(json.dumps({"type": "end"}))
        audio = b""
        for message in speech:
            if isinstance(message, bytes):
                audio += message
            elif json.loads(message)["type"] == "speech.audio.done":
                break
        check(len(audio) > 10000, f"{name}: a WebSocket that says nothing")


def main():
    program, examples = sys.argv[1:]
    proxies = {name: config for name, config in (("haproxy", "haproxy.cfg"), ("nginx", "nginx.conf"))
               if shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")}
    if not proxies or not shutil.which("openssl"):
        print("SKIPPED: haproxy, nginx or openssl is not there")
        sys.exit(77)
    os.environ["PATH"] += ":/usr/sbin"
    server = Server(program)
    try:
        for name, config in proxies.items():
            with tempfile.TemporaryDirectory() as folder:
                port, proxy = start_proxy(name, os.path.join(examples, config), server, folder, certificate(folder))
                try:
                    wait_until_up(port, proxy)
                    check_through(name, port, server)
                    print(f"{name}: passed", flush=True)
                finally:
                    proxy.terminate()
                    proxy.wait(timeout=20)
    finally:
        server.process.kill()


main()
