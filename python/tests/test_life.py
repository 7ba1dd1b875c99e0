"""Engines and handles: closing, forking, interrupting, and memory."""

from __future__ import annotations

import gc
import os
import resource
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

import chatterbox

if TYPE_CHECKING:
    import subprocess

    Run = Callable[..., subprocess.CompletedProcess[str]]

LONG = "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve."


def resident_bytes() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


@pytest.mark.timeout(800)
def test_a_thousand_calls_without_growth() -> None:
    with chatterbox.Engine(threads=1, watermark="off") as engine:
        voice = engine.named_voice("low")

        def speak() -> None:
            engine.synthesize("Yes.", seed=1, voice=voice, max_new_tokens=8, cfm_steps=1)

        def stream() -> None:
            list(engine.stream("Yes.", seed=1, max_new_tokens=8, cfm_steps=1))

        stream()
        for _ in range(20):
            speak()
        gc.collect()
        objects, memory = len(gc.get_objects()), resident_bytes()
        for _ in range(1000):
            speak()
        for _ in range(10):
            stream()
        gc.collect()
        # A result has 30 kB of samples: one that was kept in six calls would show.
        assert len(gc.get_objects()) - objects < 100
        assert resident_bytes() - memory < 5_000_000


def test_what_outlives_an_engine() -> None:
    engine = chatterbox.Engine(threads=1)
    speech = engine.synthesize("Yes.", seed=1)
    voice = engine.default_voice()
    job = engine.submit(LONG)
    engine.close()
    engine.close()
    assert len(speech.samples) > 0 and len(voice.id) == 32
    with pytest.raises(chatterbox.Cancelled):
        job.wait()
    with pytest.raises(chatterbox.Cancelled, match="the engine is closed"):
        engine.synthesize("Yes.")


def test_closing_while_others_wait() -> None:
    engine = chatterbox.Engine(threads=1, max_batch=1, max_queue=1)
    outcomes: list[BaseException | chatterbox.Speech] = []

    def speak() -> None:
        try:
            outcomes.append(engine.synthesize(LONG))
        except BaseException as error:
            outcomes.append(error)

    threads = [threading.Thread(target=speak) for _ in range(4)]
    for thread in threads:
        thread.start()
    while engine.metrics.waiting == 0:
        pass
    engine.close()
    for thread in threads:
        thread.join(60)
    assert len(outcomes) == 4
    assert all(isinstance(outcome, chatterbox.Cancelled) for outcome in outcomes), outcomes


def test_draining() -> None:
    with chatterbox.Engine(threads=1) as engine:
        job = engine.submit("Yes.", seed=1)
        assert not engine.drain(0) or job.done
        assert engine.drain()
        assert job.done and job.error is None
        with pytest.raises(chatterbox.Busy):
            engine.submit("Yes.")
        assert isinstance(engine.synthesize_batch(["Yes."], return_exceptions=True)[0], chatterbox.Busy)


def test_a_full_queue() -> None:
    with chatterbox.Engine(threads=1, max_batch=1, max_queue=1) as engine:
        with pytest.raises(chatterbox.Busy):
            for _ in range(4):
                engine.submit(LONG)
        engine.cancel_all()
        batch = engine.synthesize_batch(["Yes."] * 6, seed=1, max_new_tokens=5)
        assert len({speech.samples.tobytes() for speech in batch}) == 1


def test_an_unknown_option() -> None:
    with pytest.raises(TypeError):
        chatterbox.Engine(precison="fp32")  # type: ignore[call-arg]
    with pytest.raises(chatterbox.InvalidArgument, match="precision must be one of fp32, bf16"):
        chatterbox.Engine(precision="fp8")
    with pytest.raises(chatterbox.InvalidArgument, match="max_batch"):
        chatterbox.Engine(max_batch=0)


def test_files_in_memory_and_log() -> None:
    import pathlib

    folder = pathlib.Path(__file__).parents[2] / "examples" / "demo_voice" / "model"
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    lines: list[tuple[chatterbox.LogLevel, int, str]] = []
    with chatterbox.Engine(
        "mine", files=files, threads=1, log=lambda *line: lines.append(line), log_level="debug"
    ) as engine:
        assert engine.info.model == "mine"
        engine.synthesize("Yes.", max_new_tokens=5, tag=5)
    assert lines and all(isinstance(line[2], str) for line in lines)


def test_forking(run_python: Run) -> None:
    done = run_python(
        """
import os, chatterbox
engine = chatterbox.Engine(threads=1)
engine.synthesize("Yes.", max_new_tokens=5)
child = os.fork()
if child == 0:
    try:
        engine.synthesize("Yes.")
    except chatterbox.Error as error:
        print(error, flush=True)
    engine.close()
    del engine
    raise SystemExit(3)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
engine.synthesize("Yes.", max_new_tokens=5)
print("parent")
"""
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "an engine cannot be used after fork(): make one in each process",
        "parent",
    ]


def test_interrupting(run_python: Run) -> None:
    done = run_python(
        """
import os, signal, threading, time, chatterbox
engine = chatterbox.Engine(threads=1)
def interrupt():
    while engine.metrics.running == 0: time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt).start()
try:
    engine.synthesize("One, two, three, four, five. " * 20)
except KeyboardInterrupt:
    while engine.metrics.running: time.sleep(0.01)
    print("interrupted", engine.metrics.ended[10])
"""
    )
    assert done.stdout == "interrupted 1\n", done.stderr


@pytest.mark.parametrize(
    "leave",
    [
        "",  # an engine that is not closed
        "job = engine.submit('One, two, three, four, five, six.')",
        "job = engine.open_text('Yes. ')",
        "stream = engine.stream('One, two, three, four, five, six.'); next(stream)",
        "import asyncio, threading\n"
        "async def main():\n"
        "    try: await engine.asynthesize('One, two, three, four, five, six.')\n"
        "    except chatterbox.Cancelled: pass\n"
        "threading.Thread(target=asyncio.run, args=(main(),), daemon=True).start()",
    ],
)
def test_ending_the_program(run_python: Run, leave: str) -> None:
    code = f"import chatterbox\nengine = chatterbox.Engine(threads=1)\n{leave}\nprint('end')"
    done = run_python(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")
