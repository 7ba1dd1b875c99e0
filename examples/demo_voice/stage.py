"""What the stages share: options, the work folder, and a training loop with a time budget, progress and resume."""
import argparse
import math
import os
import random
import time
from pathlib import Path

import numpy as np
import torch

import config
import muon

STARTED = 0.5   # of the learning rate, for weights that have learned before


def parse(description, seconds=None, extra=None):
    """The options of a stage. `seconds`: its budget, for a stage that trains."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--work", type=Path, default=config.WORK,
                        help="folder for all that is made (default: %(default)s)")
    parser.add_argument("--smoke", action="store_true",
                        help="tiny amounts and 3 steps of training, to see that it runs")
    parser.add_argument("--threads", type=int, default=0,
                        help="CPU threads; 0: those of OMP_NUM_THREADS or all cores (default: 0)")
    if seconds is not None:
        parser.add_argument("--minutes", type=float, default=seconds / 60,
                            help="time to train (default: %(default)s)")
        parser.add_argument("--steps", type=int, default=0,
                            help="stop after so many steps; 0: when the time is up (default: 0)")
        parser.add_argument("--device", default="cpu", help="of torch (default: %(default)s)")
    parser.set_defaults(start=None)
    if extra:
        extra(parser)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    options.amounts = config.SMOKE_AMOUNTS if options.smoke else config.Amounts()
    if options.smoke and seconds is not None:
        options.steps = options.steps or 3
    if options.threads:
        torch.set_num_threads(options.threads)
    return options


def start_option(parser):
    """For parse(): to train weights further."""
    parser.add_argument("--start", type=Path, help=f"weights to go on from, with {STARTED} of the learning rate")


def workers(options):
    return options.threads or int(os.environ.get("OMP_NUM_THREADS", 0)) or os.cpu_count()


def save(value, path):
    """Whole or not at all: an interrupted run leaves no half file."""
    part = path.with_name(path.name + ".part")
    torch.save(value, part)
    part.replace(path)


def load(path, **options):
    if not path.exists():
        raise SystemExit(f"error: {path} is missing: run the earlier stages first (see README.md)")
    return torch.load(path, weights_only=False, **options)


def half(state):
    """What ships is fp16. Later stages train on what these rounded weights give."""
    return {name: t.half() if t.is_floating_point() else t for name, t in state.items()}


def load_model(module, path, device="cpu"):
    module.load_state_dict(load(path))
    return module.float().to(device).eval()


def draw(step, salt=0):
    """The random numbers of one step depend on nothing but its number, so that a resumed run goes on alike."""
    seed = config.SEED * 1_000_003 + salt * 7_919 + step
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    return random.Random(seed)


def fast_autocast(device):
    """bf16 where it is faster than fp32: on a GPU and on a CPU with instructions for it."""
    on_cpu = torch.device(device).type == "cpu"
    return not on_cpu or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def worked(device):
    """Seconds of work: on a CPU what its threads computed, so that other programs cost time but no quality."""
    return time.process_time() / torch.get_num_threads() if torch.device(device).type == "cpu" else time.time()


SAVE_EVERY = 60  # seconds


class Progress:
    """A line every ten seconds."""

    def __init__(self, name):
        self.name, self.last, self.values = name, 0.0, {}

    def show(self, step, seconds, budget, values):
        for key, value in values.items():  # a running mean
            self.values[key] = 0.95 * self.values.get(key, value) + 0.05 * value
        if time.time() - self.last > 10:
            self.last = time.time()
            text = "  ".join(f"{key} {value:.4g}" for key, value in self.values.items())
            print(f"{self.name}: step {step}, {seconds:.0f} of {budget:.0f} s, {text}", flush=True)


class Schedule:
    """Warm-up over 200 steps or a twentieth, then a cosine to 3 % over the budget, be it of time or of steps."""

    def __init__(self, rate, budget, steps):
        self.rate, self.budget, self.steps = rate, budget, steps

    def done(self, step, seconds):
        return self.fraction(step, seconds) >= 1

    def fraction(self, step, seconds):
        return step / self.steps if self.steps else seconds / self.budget

    def at(self, step, seconds):
        done = min(1.0, self.fraction(step, seconds))
        cosine = 0.5 * (1 + math.cos(math.pi * done))
        return self.rate * min(1.0, max((step + 1) / 200, done / 0.05)) * (0.03 + 0.97 * cosine)


def train(name, module, loss_of, options, rate, watch=None, decay=0.0, minutes=None, finish=None):
    """Trains `module` until its time is up and writes WORK/NAME.pt.

    loss_of(step, rng) gives the loss and numbers to show; watch() gives numbers of held-out data; finish() is called
    before the weights are written. State goes to
    WORK/NAME.ckpt every minute; with it there, training goes on; with NAME.pt there, nothing is left to do.
    """
    final, checkpoint = options.work / f"{name}.pt", options.work / f"{name}.ckpt"
    if final.exists():
        print(f"{name}: {final} is there; delete it to train again")
        return
    module.to(options.device).train()
    parameters = [p for p in module.parameters() if p.requires_grad]
    rate = STARTED * rate if options.start else rate
    optimizer = muon.Optimizers(module, rate, decay)
    step, seconds = 0, 0.0
    if checkpoint.exists():
        state = load(checkpoint, map_location=options.device)
        module.load_state_dict(state["module"])
        optimizer.load_state_dict(state["optimizer"])
        step, seconds = state["step"], state["seconds"]
        print(f"{name}: goes on from step {step}")
    schedule = Schedule(rate, 60 * (minutes or options.minutes), options.steps)
    progress, begin, saved = Progress(name), worked(options.device) - seconds, time.time()
    while not schedule.done(step, seconds):
        optimizer.set_rate(schedule.at(step, seconds))
        loss, values = loss_of(step, draw(step))
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        if torch.isfinite(norm):  # one bad batch must not end the run
            optimizer.step()
        step, seconds = step + 1, worked(options.device) - begin
        progress.show(step, seconds, schedule.budget, values)
        if time.time() - saved > SAVE_EVERY:
            save({"module": module.state_dict(), "optimizer": optimizer.state_dict(),
                  "step": step, "seconds": seconds}, checkpoint)
            report(name, step, module, watch)
            saved = time.time()
    report(name, step, module, watch)
    if finish:
        finish()
    save(half({k: v.cpu() for k, v in module.state_dict().items()}), final)
    checkpoint.unlink(missing_ok=True)
    print(f"{name}: {step} steps in {seconds:.0f} s, wrote {final}", flush=True)


def report(name, step, module, watch):
    if watch is None:
        return
    module.eval()
    with torch.no_grad():
        values = watch()
    module.train()
    print(f"{name}: step {step}, held out: " + "  ".join(f"{k} {v:.4g}" for k, v in values.items()), flush=True)
