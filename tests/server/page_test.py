"""page_test.py PROGRAM [FOLDER]: the page at / in a headless Chromium; pictures of it go to FOLDER."""
import os, shutil, subprocess, sys, tempfile

from running import TEXT, Server, check

try:
    from browser import Browser
except ImportError:
    Browser = None
CTRL = 2  # DevTools' number of the key


def speak(browser, text):
    browser.evaluate(f"document.getElementById('text').value = {text!r}; document.getElementById('seed').value = 7")
    browser.evaluate("document.getElementById('text').focus()")
    browser.press("Enter", code="Enter", modifiers=CTRL)


def check_speech(browser, server):
    speak(browser, TEXT)
    browser.wait_for("!document.getElementById('result').hidden")
    state = browser.evaluate("document.getElementById('state').textContent")
    check("First sound after" in state and "Seed 7" in state, state)
    whole = server.speak(response_format="pcm", voice="default")[2]
    check(browser.evaluate("spoken.reduce((sum, part) => sum + part.length, 0)") == len(whole) // 2,
          "the page has other samples than the server sends")
    browser.wait_for("!player || player.played() > 12000")  # it sounds, and the wave follows
    check(browser.evaluate("""(() => { const wave = document.getElementById('wave'), paint = wave.getContext('2d');
      return paint.getImageData(0, 0, wave.width, wave.height).data.some(value => value); })()"""), "no wave is drawn")
    browser.wait_for("player === null")
    return browser.evaluate("wav(spoken).size"), len(whole) + 44


def check_curl(browser):
    line = browser.evaluate("document.getElementById('curl').textContent")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(line.replace("curl ", "curl -sf ", 1), shell=True, check=True, cwd=folder)
        with open(os.path.join(folder, "speech.wav"), "rb") as file:
            wav = file.read()
    check(wav[:4] == b"RIFF", "the curl line does not make a file")
    return len(wav)


def check_stop(browser):
    speak(browser, TEXT * 20)
    browser.wait_for("player && player.count > 0")
    browser.press("Escape", code="Escape")
    browser.wait_for("player === null")
    check(browser.evaluate("document.getElementById('state').textContent") == "Stopped.", "Escape does not stop it")


def check_voices(browser, recording):
    browser.call("DOM.enable")
    document = browser.call("DOM.getDocument")["root"]["nodeId"]
    browser.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    node = browser.call("DOM.querySelector", nodeId=document, selector="#file")["nodeId"]
    browser.call("DOM.setFileInputFiles", nodeId=node, files=[os.path.abspath(recording)])
    browser.wait_for("document.getElementById('voice').value === 'my-voice'")
    browser.evaluate("document.getElementById('name').value = 'from-microphone'")
    browser.evaluate("document.getElementById('record').click()")
    browser.wait_for("document.getElementById('voice-state').textContent === '6 s'")
    browser.evaluate("document.getElementById('record').click()")
    browser.wait_for("/from-microphone|speech/.test(document.getElementById('voice-state').textContent)")
    print("microphone: " + browser.evaluate("document.getElementById('voice-state').textContent"))


def check_looks(browser, folder):
    for name, width, height, phone in (("wide", 1000, 900, False), ("phone", 390, 844, True)):
        browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, mobile=phone, deviceScaleFactor=1)
        for scheme in ("light", "dark"):
            browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
            browser.evaluate("new Promise(done => setTimeout(done, 200))")
            browser.evaluate("draw()")
            check(browser.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name}: wider than the screen")
            if folder:
                browser.picture(os.path.join(folder, f"page_{name}_{scheme}.png"))


def main():
    if not shutil.which("chromium") or Browser is None:
        print("SKIPPED: chromium or the Python package websockets is not there")
        sys.exit(77)
    folder = sys.argv[2] if len(sys.argv) > 2 else None
    recording = os.path.join(os.path.dirname(__file__), "../data/espeak_m3.wav")
    server, browser = Server(sys.argv[1]), Browser()
    try:
        browser.call("Page.enable")
        browser.call("Page.navigate", url=f"http://127.0.0.1:{server.port}/")
        browser.wait_for("document.readyState === 'complete' && document.getElementById('voice').options.length > 0")
        file, expected = check_speech(browser, server)
        check(file == expected == check_curl(browser), "the download, the answer and the curl line differ in length")
        check_looks(browser, folder)
        check_stop(browser)
        check_voices(browser, recording)
        foreign = browser.evaluate("performance.getEntriesByType('resource').map(one => one.name)"
                                   ".filter(name => !/^(blob:|data:)/.test(name) && !name.startsWith(location.origin))")
        check(foreign == [], f"the page asks others: {foreign}")
        print("page: passed")
    finally:
        browser.close()
        server.process.kill()


main()
