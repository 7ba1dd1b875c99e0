"""A headless Chromium that does what it is told, over its DevTools protocol."""
import base64, itertools, json, os, shutil, subprocess, tempfile, time

from websockets.sync.client import connect


class Browser:
    def __init__(self):
        self.folder = tempfile.mkdtemp()
        command = [shutil.which("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
                   "--remote-debugging-port=0", f"--user-data-dir={self.folder}", "--mute-audio",
                   "--autoplay-policy=no-user-gesture-required", "--use-fake-ui-for-media-stream",
                   "--use-fake-device-for-media-stream", "about:blank"]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        port = os.path.join(self.folder, "DevToolsActivePort")
        self.wait(lambda: os.path.exists(port) and open(port).read().count("\n"), "the browser does not start")
        number, path = open(port).read().split()
        self.context = connect(f"ws://127.0.0.1:{number}{path}", max_size=None)
        self.socket = self.context.__enter__()
        self.ids = itertools.count(1)
        self.session = None
        target = next(target for target in self.call("Target.getTargets")["targetInfos"] if target["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]

    def call(self, method, **params):
        number = next(self.ids)
        message = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(self.socket.recv(timeout=120))
            if answer.get("id") == number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]

    def evaluate(self, script):
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise AssertionError(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, holds, what, seconds=120):
        end = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > end:
                raise AssertionError(what)
            time.sleep(0.05)

    def wait_for(self, script):
        self.wait(lambda: self.evaluate(script), f"never true: {script}")

    def press(self, key, **more):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, **more)

    def picture(self, path):
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def close(self):
        self.context.__exit__(None, None, None)
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
