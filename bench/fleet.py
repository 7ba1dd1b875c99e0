#!/usr/bin/env python3
"""Simulates many servers behind a router: how many a load needs, and when the router's policy matters.

    bench/fleet.py                        # tables for the demo model's measured times
    bench/fleet.py --results MODEL.json --listeners LISTENERS.json --price 0.2   # for another one

Measured (bench/results): seconds of work for a second of sound at 1 and at 8 requests at a time, and the time until
the first sound with so many listeners. Assumed:

- Texts come at random times (Poisson), independent of each other. Their speech has a lognormal length, 4 s on average,
  a tenth of them over 6.7 s.
- A server makes up to `slots` speeches at a time, which share its speed equally; others wait in turn, and no one gives
  up. The first sound comes so long after a speech has begun as was measured with so many at a time.
- All servers are equally fast, none fails, and the network takes no time. Loads are shares of what all servers
  together can do.
- The quarter of the time in which queues grow is left out; each server has 200 requests or more.
- The router knows, at once: nothing (`random`, as a Kubernetes Service; `turns`), the open requests of two servers that
  it picks (`two`), or of all (`least`); `8 x least` are eight routers, each of which knows its own requests only. `work`
  knows the seconds of sound that each server has still to make, which nobody can know better.
"""

from __future__ import annotations

import argparse
import bisect
import collections
import heapq
import json
import math
import pathlib
import random
from dataclasses import dataclass, field

RESULTS = pathlib.Path(__file__).resolve().parent / "results"
POLICIES = ("random", "turns", "two", "8 x least", "least", "work")
MEAN_SECONDS = 4.0
SIGMA = 0.5  # of the logarithm of the length


@dataclass
class Machine:
    """What was measured. `work`, `first`: pairs of requests at a time and seconds, sorted."""

    work: list[tuple[int, float]]  # of work for a second of sound
    first: list[tuple[int, float]]  # until the first sound
    slots: int

    def speed(self, active: int) -> float:
        """Seconds of sound that are made in a second."""
        return 1 / _between(self.work, active)

    def first_sound(self, active: int) -> float:
        return _between(self.first, active)

    @property
    def capacity(self) -> float:
        return self.speed(self.slots)


def _between(points: list[tuple[int, float]], x: int) -> float:
    """Linear between the points, constant beyond them."""
    index = bisect.bisect_left(points, (x, -math.inf))
    if index == 0:
        return points[0][1]
    if index == len(points):
        return points[-1][1]
    (x0, y0), (x1, y1) = points[index - 1], points[index]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)


@dataclass
class Server:
    """Speeches that share a machine equally. Its clock counts the sound that each of them has got."""

    machine: Machine
    clock: float = 0.0
    seen: float = 0.0  # until when the clock was advanced, s
    # A heap: the clock when each has all of its sound, and the front that knows of it.
    ends: list[tuple[float, int]] = field(default_factory=list)
    # When they came, their sound, and the front.
    waiting: collections.deque[tuple[float, float, int]] = field(default_factory=collections.deque)
    left: float = 0.0  # seconds of sound to be made
    version: int = 0  # of what is known about the next end

    @property
    def open(self) -> int:
        return len(self.ends) + len(self.waiting)

    def advance(self, now: float) -> None:
        if self.ends:
            made = (now - self.seen) * self.machine.speed(len(self.ends))
            self.clock += made / len(self.ends)
            self.left -= made
        self.seen = now

    def next_end(self) -> float:
        rate = self.machine.speed(len(self.ends)) / len(self.ends)
        return self.seen + max(0.0, self.ends[0][0] - self.clock) / rate

    def begin(self, now: float, came: float, seconds: float, front: int) -> float:
        """Returns when its first sound comes, after it came."""
        heapq.heappush(self.ends, (self.clock + seconds, front))
        return now - came + self.machine.first_sound(len(self.ends))


class Router:
    def __init__(self, policy: str, servers: list[Server], draw: random.Random) -> None:
        self._policy = policy
        self._servers = servers
        self._draw = draw
        self._turn = 0
        fronts = 8 if policy == "8 x least" else 1
        self._open = [[0] * len(servers) for _ in range(fronts)]

    def choose(self) -> tuple[int, int]:
        """The server, and the front that chose it."""
        count = len(self._servers)
        front = self._draw.randrange(len(self._open))
        if self._policy == "random":
            return self._draw.randrange(count), front
        if self._policy == "turns":
            self._turn += 1
            return self._turn % count, front
        if self._policy == "two":
            pair = (self._draw.randrange(count), self._draw.randrange(count))
            return min(pair, key=lambda i: self._servers[i].open), front
        if self._policy == "work":
            return min(range(count), key=lambda i: self._servers[i].left), front
        known = self._open[front]
        least = min(known)
        return self._draw.choice([i for i, n in enumerate(known) if n == least]), front

    def note(self, server: int, front: int, change: int) -> None:
        self._open[front][server] += change


def simulate(
    machine: Machine, count: int, load: float, policy: str, requests: int, seed: int = 1
) -> list[float]:
    """Return the seconds until the first sound of each request after the first quarter, sorted."""
    draw = random.Random(seed)
    servers = [Server(machine) for _ in range(count)]
    router = Router(policy, servers, random.Random(-seed))  # all policies see the same requests
    rate = load * count * machine.capacity / MEAN_SECONDS
    mu = math.log(MEAN_SECONDS) - SIGMA**2 / 2
    first: list[float] = []
    events: list[tuple[float, int, int]] = []  # time, server, version
    now = draw.expovariate(rate)
    left = requests
    while left or events:
        if events and (not left or events[0][0] <= now):
            time, index, version = heapq.heappop(events)
            server = servers[index]
            if version != server.version:
                continue
            server.advance(time)
            router.note(index, heapq.heappop(server.ends)[1], -1)
            if server.waiting:
                came, seconds, front = server.waiting.popleft()
                first.append(server.begin(time, came, seconds, front))
        else:
            index, front = router.choose()
            server = servers[index]
            server.advance(now)
            seconds = draw.lognormvariate(mu, SIGMA)
            server.left += seconds
            router.note(index, front, 1)
            if len(server.ends) < machine.slots:
                first.append(server.begin(now, now, seconds, front))
            else:
                server.waiting.append((now, seconds, front))
            left -= 1
            now += draw.expovariate(rate)
        server.version += 1
        if server.ends:
            heapq.heappush(events, (server.next_end(), index, server.version))
    return sorted(first[len(first) // 4 :])


def read_machine(results: pathlib.Path, listeners: pathlib.Path) -> Machine:
    measured = json.loads(results.read_text())
    work = sorted((batch["batch_size"], batch["rtf"]["median"]) for batch in measured["batches"])
    slots = max(1, int(1 / work[-1][1]))
    first = [
        (row["listeners"], row["first_sound_median"])
        for row in json.loads(listeners.read_text())["streams"]
        if row["listeners"] <= slots
    ]
    return Machine(work, first, slots)


def table(machine: Machine, counts: list[int], loads: list[float], requests: int) -> None:
    print("Seconds until the first sound, 95 of 100 before:\n")
    print("| servers | load | " + " | ".join(POLICIES) + " |")
    print("|---:|---:|" + "---:|" * len(POLICIES))
    for count in counts:
        for load in loads:
            cells = []
            for policy in POLICIES:
                first = simulate(machine, count, load, policy, max(requests, 200 * count))
                cells.append(f"{first[int(0.95 * len(first))]:.2f}")
            print(f"| {count} | {load:.0%} | " + " | ".join(cells) + " |", flush=True)


def cost(machine: Machine, loads: list[float], price: float) -> None:
    print(f"\nCost of an hour of speech, at {price} an hour for a server:\n")
    print("| load | " + " | ".join(f"{load:.0%}" for load in loads) + " |")
    print("|---|" + "---:|" * len(loads))
    print("| cost | " + " | ".join(f"{price / (load * machine.capacity):.4f}" for load in loads) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=pathlib.Path, default=RESULTS / "demo.json")
    parser.add_argument("--listeners", type=pathlib.Path, default=RESULTS / "listeners_demo.json")
    parser.add_argument("--servers", default="1,16,256,1000")
    parser.add_argument("--loads", default="0.5,0.8,0.9,0.95")
    parser.add_argument("--requests", type=int, default=40000)
    parser.add_argument("--price", type=float, default=0.10)
    asked = parser.parse_args()
    machine = read_machine(asked.results, asked.listeners)
    loads = [float(load) for load in asked.loads.split(",")]
    print(f"A server: {machine.slots} speeches at a time, {machine.capacity:.1f} s of sound a second.\n")
    table(machine, [int(count) for count in asked.servers.split(",")], loads, asked.requests)
    cost(machine, loads, asked.price)


if __name__ == "__main__":
    main()
