"""asyncio: no thread of the loop blocks, and a cancelled task cancels its request."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

import chatterbox

LONG = "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve."


async def quiet(engine: chatterbox.Engine) -> None:
    """Until nothing runs in the engine."""
    for _ in range(1000):
        if engine.metrics.running == 0 and engine.metrics.waiting == 0:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the request runs on")


def cancelled(engine: chatterbox.Engine) -> int:
    return engine.metrics.ended[-chatterbox.Status.CANCELLED]


def test_speech(engine: chatterbox.Engine) -> None:
    async def main() -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.001)

        ticker = asyncio.create_task(tick())
        speeches = await asyncio.gather(
            *(engine.asynthesize("Hello from Python.", seed=seed) for seed in (1, 2, 1))
        )
        ticker.cancel()
        assert ticks > 10  # the loop went on
        np.testing.assert_array_equal(speeches[0].samples, speeches[2].samples)
        alone = engine.synthesize("Hello from Python.", seed=1)
        np.testing.assert_array_equal(speeches[0].samples, alone.samples)

    asyncio.run(main())


def test_streams(engine: chatterbox.Engine) -> None:
    async def main() -> None:
        chunks = [chunk async for chunk in engine.astream(LONG, seed=1)]
        expected = [chunk.samples for chunk in engine.stream(LONG, seed=1)]
        assert len(chunks) == len(expected) > 1
        for ours, theirs in zip(chunks, expected):
            np.testing.assert_array_equal(ours.samples, theirs)

    asyncio.run(main())


def test_a_cancelled_task(engine: chatterbox.Engine) -> None:
    async def main() -> None:
        before = cancelled(engine)
        task = asyncio.create_task(engine.asynthesize(LONG, seed=1))
        while engine.metrics.running == 0:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await quiet(engine)
        assert cancelled(engine) == before + 1

    asyncio.run(main())


def test_a_cancelled_stream(engine: chatterbox.Engine) -> None:
    async def main() -> None:
        before = cancelled(engine)
        heard = asyncio.Event()

        async def listen() -> None:
            async for _ in engine.astream(LONG, seed=1):
                heard.set()

        task = asyncio.create_task(listen())
        await heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await quiet(engine)
        assert cancelled(engine) == before + 1

    asyncio.run(main())


def test_a_timeout(engine: chatterbox.Engine) -> None:
    async def main() -> None:
        before = cancelled(engine)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(engine.asynthesize(LONG, seed=1), 0.01)
        await quiet(engine)
        assert cancelled(engine) in (before, before + 1)  # it may not have been submitted

    asyncio.run(main())


def test_cancelled_while_it_waits_for_room() -> None:
    async def main() -> None:
        with chatterbox.Engine(threads=1, max_batch=1, max_queue=1) as engine:
            tasks = [asyncio.create_task(engine.asynthesize(LONG, seed=1)) for _ in range(4)]
            while engine.metrics.waiting == 0:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.05)
            for task in tasks:
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                assert isinstance(outcome, asyncio.CancelledError)
            await quiet(engine)
            assert engine.metrics.ended[0] == 0

    asyncio.run(main())


def test_errors(engine: chatterbox.Engine) -> None:
    async def main() -> None:
        with pytest.raises(chatterbox.InvalidArgument, match="text"):
            await engine.asynthesize("")
        with pytest.raises(chatterbox.InvalidArgument, match="text"):
            async for _ in engine.astream(" "):
                pass

    asyncio.run(main())


def test_fed_text(engine: chatterbox.Engine) -> None:
    async def main() -> None:
        job = engine.open_text("", seed=1)

        async def feed() -> None:
            for word in "Yes. No. Goodbye.".split():
                job.feed(word + " ")
                await asyncio.sleep(0.01)
            job.end()

        feeding = asyncio.create_task(feed())
        count = 0
        async for chunk in job:
            count += len(chunk.samples)
        await feeding
        assert (await job).stats.samples == count > 0

    asyncio.run(main())


def test_no_callbacks() -> None:
    """Nothing that the engine's threads could call: what waits is a thread of this package."""
    c = chatterbox.Request("Yes.").to_c("chunks")
    callbacks = [name for name, *_ in c._fields_ if name.startswith("on_")]
    assert len(callbacks) == 4 and not any(getattr(c, name) for name in callbacks)
