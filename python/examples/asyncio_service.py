#!/usr/bin/env python3
"""A small service with asyncio alone: asyncio_service.py [--port N] [--model DIR]

A client sends a line of text and gets the speech as samples of 16 bits, little-endian, 24 kHz, while it is made:

    printf 'Hello.\\n' | nc -q1 localhost 7000 | aplay -f S16_LE -r 24000

A client that goes away cancels its request. For HTTP, formats and limits, use `chatterbox serve`.
"""

from __future__ import annotations

import argparse
import asyncio

import numpy as np

import chatterbox


async def send(
    engine: chatterbox.Engine, text: str, writer: asyncio.StreamWriter, seed: int | None
) -> None:
    try:
        async for chunk in engine.astream(text, seed=seed, deadline=60):
            samples = np.round(np.clip(chunk.samples, -1, 1) * 32767).astype("<i2")
            writer.write(samples.tobytes())
            await writer.drain()  # a slow listener holds up its own stream and no other
    except chatterbox.Error as error:
        print(f"{text!r}: {error}", flush=True)


async def serve(engine: chatterbox.Engine, port: int, seed: int | None) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        text = (await reader.readline()).decode("utf-8", "replace")
        try:
            await send(engine, text, writer, seed)
        except ConnectionError:
            pass  # leaving the loop in send() has cancelled the request
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    print(f"listening on port {server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=7000)
    parser.add_argument("--model", default="demo")
    parser.add_argument("--seed", type=int)
    asked = parser.parse_args()
    with chatterbox.Engine(asked.model, precision="auto") as engine:
        asyncio.run(serve(engine, asked.port, asked.seed))


if __name__ == "__main__":
    main()
