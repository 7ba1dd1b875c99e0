"""What an engine speaks, with the demo model."""

from __future__ import annotations

import pathlib
import pickle
import subprocess
from collections.abc import Callable

import numpy as np
import pytest

import chatterbox
from chatterbox._library import library

TEXT = "Hello from Python."


@pytest.fixture(scope="module")
def speech(engine: chatterbox.Engine) -> chatterbox.Speech:
    return engine.synthesize(TEXT, seed=1)


def test_samples_are_those_of_the_program(
    speech: chatterbox.Speech,
    run_program: Callable[..., subprocess.CompletedProcess[bytes]],
    tmp_path: pathlib.Path,
) -> None:
    theirs, ours = tmp_path / "theirs.wav", tmp_path / "ours.wav"
    run_program("speak", TEXT, "--seed", "1", "--threads", "1", "-o", str(theirs))
    speech.save(ours)
    assert ours.read_bytes() == theirs.read_bytes()
    assert speech.encode("wav") == theirs.read_bytes()


def test_samples_are_not_copied(speech: chatterbox.Speech) -> None:
    import ctypes

    pointer = library().chatterbox_result_samples(speech._handle.value)
    address = ctypes.cast(pointer, ctypes.c_void_p).value
    assert speech.samples.__array_interface__["data"] == (address, True)
    assert np.asarray(speech).__array_interface__["data"][0] == address
    assert speech.samples.dtype == np.float32 and speech.samples.shape == (len(speech),)
    with pytest.raises(ValueError):
        speech.samples[0] = 0


def test_samples_outlive_the_speech(engine: chatterbox.Engine) -> None:
    samples = engine.synthesize(TEXT, seed=1).samples
    copy = samples.copy()
    others = [engine.synthesize(TEXT, seed=seed, max_new_tokens=20) for seed in (2, 3)]
    assert len(others) == 2
    np.testing.assert_array_equal(samples, copy)


def test_what_is_known_about_it(speech: chatterbox.Speech) -> None:
    assert speech.seed == 1 and speech.sample_rate == chatterbox.SAMPLE_RATE
    assert speech.duration == len(speech) / 24000
    assert speech.finish_reason is chatterbox.FinishReason.EOS
    assert 0 < speech.quality.peak <= 1
    assert speech.stats.speech_tokens > 10 and speech.stats.total_seconds > 0
    assert speech.interventions == [] and speech.pieces == [] and speech.words == []
    assert speech.stream_stats.chunk_count == len(speech.chunks) == 1
    assert "<audio controls src=" in speech._repr_html_()
    assert np.asarray(speech, np.float64).dtype == np.float64


def test_options_and_batches(engine: chatterbox.Engine, speech: chatterbox.Speech) -> None:
    seen: list[tuple[int, int]] = []
    requests: list[str | chatterbox.Request] = [TEXT, "Yes.", chatterbox.Request("No.", seed=5)]
    batch = engine.synthesize_batch(
        requests, seed=1, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
    np.testing.assert_array_equal(batch[0].samples, speech.samples)
    assert [one.seed for one in batch] == [1, 1, 1]
    voice = engine.named_voice("low")
    low = engine.synthesize(chatterbox.Request("Yes.", voice=voice), seed=1, cfm_steps=2)
    again = engine.synthesize("Yes.", seed=1, voice="low", cfm_steps=2)
    np.testing.assert_array_equal(low.samples, again.samples)
    assert len(low) != len(batch[1]) or (low.samples != batch[1].samples).any()


def test_a_failure_in_a_batch_is_its_own(engine: chatterbox.Engine) -> None:
    outcomes = engine.synthesize_batch(
        ["Yes.", "", "Yes."], seed=1, max_new_tokens=10, return_exceptions=True
    )
    assert isinstance(outcomes[1], chatterbox.InvalidArgument)
    assert isinstance(outcomes[0], chatterbox.Speech) and isinstance(outcomes[2], chatterbox.Speech)
    with pytest.raises(chatterbox.InvalidArgument, match="text"):
        engine.synthesize_batch(["Yes.", ""], max_new_tokens=10)


def test_progress(engine: chatterbox.Engine) -> None:
    import threading

    seen: list[chatterbox.Progress] = []
    threads: set[int] = set()

    def progress(report: chatterbox.Progress) -> None:
        seen.append(report)
        threads.add(threading.get_ident())

    engine.synthesize("Yes.", seed=1, tag=7, progress=progress)
    assert threads == {threading.get_ident()}
    assert seen[-1].stage is chatterbox.Stage.DONE and {report.tag for report in seen} == {7}
    stages = [report.stage for report in seen]
    assert stages == sorted(stages) and chatterbox.Stage.FLOW in stages


def test_what_progress_raises_cancels(engine: chatterbox.Engine) -> None:
    cancelled = engine.metrics.ended[-chatterbox.Status.CANCELLED]

    def progress(report: chatterbox.Progress) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        engine.synthesize("One, two, three, four, five, six.", progress=progress)
    assert engine.synthesize("Yes.", max_new_tokens=5)
    assert engine.metrics.ended[-chatterbox.Status.CANCELLED] == cancelled + 1


def test_streams(engine: chatterbox.Engine) -> None:
    text = "Hello from Python, this is a longer sentence."
    chunks = list(engine.stream(text, seed=1))
    assert len(chunks) > 1
    assert [chunk.first_sample for chunk in chunks] == list(
        np.cumsum([0] + [len(chunk.samples) for chunk in chunks[:-1]])
    )
    whole = np.concatenate([chunk.samples for chunk in chunks])
    job = engine.submit(text, seed=1, stream="chunks")
    np.testing.assert_array_equal(np.concatenate([chunk.samples for chunk in job]), whole)
    result = job.wait()
    assert len(result) == 0 and result.stats.samples == len(whole)
    assert job.done and job.error is None and job.heard().samples == len(whole)
    offline = engine.synthesize(text, seed=1)
    assert len(offline) == len(whole)


def test_a_stream_that_is_left_is_cancelled(engine: chatterbox.Engine) -> None:
    ended = engine.metrics.ended[-chatterbox.Status.CANCELLED]
    for _ in engine.stream("One, two, three, four, five, six, seven, eight, nine.", seed=1):
        break
    assert engine.synthesize("Yes.", max_new_tokens=5)
    assert engine.metrics.ended[-chatterbox.Status.CANCELLED] == ended + 1


def test_stream_options(engine: chatterbox.Engine) -> None:
    options = chatterbox.StreamOptions(chunks=[10, 20], halo="low-latency", prompt="frozen")
    chunks = list(engine.stream("Hello from Python.", seed=1, stream_options=options))
    assert len(chunks[0].samples) < 24000 * 10 / 25 < sum(len(chunk.samples) for chunk in chunks)
    with pytest.raises(chatterbox.InvalidArgument, match="right_tokens"):
        list(engine.stream("Yes.", stream_options=chatterbox.StreamOptions(right_tokens=99)))


def test_long_texts(engine: chatterbox.Engine) -> None:
    text = "Yes. [pause:500ms] No."
    speech = engine.synthesize(text, long=True, seed=1)
    first, second = speech.pieces
    assert text.encode()[first.text_begin : first.text_end].strip() == b"Yes."
    assert second.begin_seconds - first.end_seconds == pytest.approx(0.5, abs=0.01)
    parts = [chunk.samples for chunk in engine.submit(text, long=True, seed=1, stream="pieces")]
    np.testing.assert_array_equal(np.concatenate(parts), speech.samples)


def test_text_that_comes_by_and_by(engine: chatterbox.Engine) -> None:
    job = engine.open_text("Yes. ", seed=1)
    job.feed("No. ")
    job.flush()
    first = job.next()
    assert first is not None and len(first.samples) > 0 and not job.done
    job.feed("Good")
    job.feed("bye.")
    job.end()
    rest = list(job)
    assert len(job.wait().pieces) >= 2
    assert sum(len(chunk.samples) for chunk in [first, *rest]) == job.wait().stats.samples
    with pytest.raises(chatterbox.InvalidArgument):
        job.feed("More.")


def test_words(aligned_model: pathlib.Path) -> None:
    text = "One two three."
    with chatterbox.Engine(aligned_model, threads=1) as engine:
        speech = engine.synthesize(text, seed=1, word_times=True)
        words = speech.words
        assert [text.encode()[word.text_begin : word.text_end] for word in words][:1] == [b"One"]
        assert all(word.begin_seconds <= word.end_seconds for word in words)
        streamed = [word for chunk in engine.stream(text, seed=1, word_times=True) for word in chunk.words]
        assert [word.text_begin for word in streamed] == [word.text_begin for word in words]


def test_voices(engine: chatterbox.Engine, tmp_path: pathlib.Path) -> None:
    assert engine.voices == ["high", "low"]
    voice = engine.named_voice("high")
    voice.save(tmp_path / "a.voice")
    assert chatterbox.Voice.load(tmp_path / "a.voice") == voice
    assert pickle.loads(pickle.dumps(voice)) == voice and len(voice.id) == 32
    assert voice != engine.default_voice() and voice.info.prompt_tokens > 0
    recording = engine.synthesize(TEXT, voice=voice, seed=1)
    recording.save(tmp_path / "a.flac")
    made = chatterbox.Voice.from_array(engine, recording.samples, 24000)
    assert chatterbox.Voice.from_file(engine, tmp_path / "a.flac").info == made.info
    short = engine.make_voice(recording, prompt_seconds=0.5)
    assert short.info.s3gen_tokens < made.info.s3gen_tokens
    spoken = engine.synthesize("Yes.", voice=tmp_path / "a.voice", seed=2)
    np.testing.assert_array_equal(
        spoken.samples, engine.synthesize("Yes.", voice="high", seed=2).samples
    )
    with pytest.raises(chatterbox.NotFound, match="none of the model's"):
        engine.synthesize("Yes.", voice="nobody")


def test_conversion(engine: chatterbox.Engine, speech: chatterbox.Speech) -> None:
    converted = engine.convert(speech, voice="low", seed=3, cfm_steps=2)
    assert converted.duration == pytest.approx(speech.duration, abs=0.1)
    job = engine.submit_conversion(speech.samples, 24000, voice="low", seed=3, cfm_steps=2)
    np.testing.assert_array_equal(job.wait().samples, converted.samples)


def test_watermark(engine: chatterbox.Engine) -> None:
    if not engine.info.watermark:
        with pytest.raises(chatterbox.NotFound):
            chatterbox.WatermarkDetector()
        pytest.skip("no weights of the watermark")
    speech = engine.synthesize("One, two, three, four, five, six.", seed=1)
    assert chatterbox.detect_watermark(speech) > 0.5
    noise = np.random.default_rng(1).normal(0, 0.1, 48000).astype(np.float32)
    assert chatterbox.detect_watermark(noise, 24000) < 0.5


def test_what_the_engine_says(engine: chatterbox.Engine) -> None:
    assert engine.info.family == "english" and engine.info.temperature == pytest.approx(0.8)
    assert engine.languages == [] and chatterbox.languages()["fr"] == "French"
    assert engine.limits.max_batch == 8
    assert engine.metrics.healthy and engine.metrics.ended[0] > 0
    assert engine.count_tokens(TEXT) > 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 9.0}, "temperature"),
        ({"temperature": -1}, "temperature must not be -1"),
        ({"top_p": 0.0}, "top_p"),
        ({"seed": -1}, r"seed must be in \[0, "),
        ({"seed": 2**64}, r"seed must be in \[0, "),
        ({"max_new_tokens": 2**32 + 5}, "max_new_tokens must be in"),
        ({"language": "xx"}, "language"),
        ({"noise": "white"}, "noise must be one of reference, by_frame, got 'white'"),
        ({"deadline": -2}, "deadline"),
    ],
)
def test_values_out_of_range(
    engine: chatterbox.Engine, options: chatterbox.RequestOptions, message: str
) -> None:
    with pytest.raises(chatterbox.InvalidArgument, match=message) as caught:
        engine.synthesize("Yes.", **options)
    assert isinstance(caught.value, ValueError)
    assert caught.value.status == chatterbox.Status.INVALID_ARGUMENT


def test_errors_of_a_job(engine: chatterbox.Engine) -> None:
    with pytest.raises(chatterbox.DeadlineExceeded) as caught:
        engine.synthesize("One, two, three, four, five, six, seven.", deadline=0.001)
    assert isinstance(caught.value, TimeoutError)
    job = engine.submit("One, two, three, four, five, six, seven.")
    with pytest.raises(TimeoutError):
        job.wait(timeout=0)
    job.cancel()
    with pytest.raises(chatterbox.Cancelled):
        job.wait()
    assert isinstance(job.error, chatterbox.Cancelled)
    copied = pickle.loads(pickle.dumps(job.error))
    assert type(copied) is chatterbox.Cancelled and copied.status == chatterbox.Status.CANCELLED
    with pytest.raises(chatterbox.NotFound):
        chatterbox.Engine("no/such/model")


def test_waiting_for_any(engine: chatterbox.Engine) -> None:
    jobs = [engine.submit("One, two, three, four, five, six.", seed=1) for _ in range(2)]
    jobs.append(engine.submit("Yes.", seed=1, max_new_tokens=3, priority=1))
    assert chatterbox.wait_any(jobs) in (0, 1, 2)
    engine.cancel_all()
    for job in jobs:
        try:
            job.wait()
        except chatterbox.Cancelled:
            pass
