"""Requests to an engine."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from . import _abi
from ._enum_names import member, optional_member
from ._enums import Halo, Noise, Prompt, StreamMode
from ._library import initialised, milliseconds, put, put_options, to_text
from ._voice import Voice, put_voice

if TYPE_CHECKING:
    from ._audio import Source


@dataclass
class StreamOptions:
    """How a request streams in chunks. Lengths are in speech tokens, 25 a second.

    Attributes
    ----------
    chunks : sequence of int
        Tokens of the first chunk, the second, ..., 6 to 4096 each; those after the last are as long
        as that. Empty: 25, 50, 100, and 12 before them with Halo.LOW_LATENCY; of Flash
        so that each comes with a block.
    left_tokens : int
        Before a chunk, computed again with it, 0 to 500.
    right_tokens : int
        Behind a chunk, waited for, 3 to 13.
    condition_tokens : int
        Of left_tokens, those whose mel is given to the flow. For experiments.
    halo : Halo or str
        How much of the speech behind a chunk the vocoder waits for: "exact" or "low-latency".
    prompt : Prompt or str
        "recomputed" with each chunk, or "frozen", which is less than half the work.
    slack_tokens : int
        More tokens behind a chunk, waited for while there is time, 0 to 10. With them the sound
        depends on how fast the machine is.
    """

    chunks: Sequence[int] = ()
    left_tokens: int = 50
    right_tokens: int = 6
    condition_tokens: int = 0
    halo: Halo | str = Halo.EXACT
    prompt: Prompt | str = Prompt.RECOMPUTED
    slack_tokens: int = 0

    def to_c(self) -> Any:
        c = initialised(_abi.StreamOptions, "chatterbox_stream_options_init")
        if self.chunks:
            c.chunks = (ctypes.c_int32 * len(self.chunks))(*self.chunks)
            c.chunk_count = len(self.chunks)
        put(
            c,
            left_tokens=self.left_tokens,
            right_tokens=self.right_tokens,
            condition_tokens=self.condition_tokens,
            slack_tokens=self.slack_tokens,
            halo=member(Halo, self.halo, "halo"),
            prompt=member(Prompt, self.prompt, "prompt"),
        )
        return c


class RequestOptions(TypedDict, total=False):
    """The keyword arguments of everything that speaks: see Request."""

    seed: int | None
    temperature: float | None
    cfg_weight: float | None
    exaggeration: float | None
    min_p: float | None
    top_p: float | None
    repetition_penalty: float | None
    max_new_tokens: int | None
    cfm_steps: int | None
    cfg_steps: int | None
    top_k: int | None
    analyze_alignment: bool | None
    language: str
    text_tags: bool
    word_times: bool
    block_size: int | None
    block_passes: int | None
    schedule_shift: float | None
    early_decoding: float | None
    position_noise: bool | None
    prior: bool | None
    fill_before_end: bool | None
    normalise: bool | None
    priority: int
    client: int
    tag: int
    deadline: float | None
    wait_for_room: float | None
    noise: Noise | str | None
    stream_options: StreamOptions | None


@dataclass
class Request:
    """A text to be spoken. What is None takes the family's default: see Engine.info.

    Attributes
    ----------
    text : str
        Not blank, at most 10000 bytes in UTF-8.
    voice : Voice, optional
        None: the model's own.
    seed : int, optional
        The same seed gives the same samples. None: the engine picks one; see Speech.seed.
    temperature : float, optional
        0 (greedy), or 0.05 to 5.
    cfg_weight : float, optional
        Strength of guidance by the text, 0 (none, half the work) to 5. No effect in Turbo and Nano.
    exaggeration : float, optional
        How expressive the speech is, 0 to 2. No effect in Turbo and Nano.
    min_p : float, optional
        Lowest probability, relative to the likeliest token, 0 to 1. No effect in Turbo and Nano.
    top_p : float, optional
        Probability mass to draw from, above 0, up to 1.
    repetition_penalty : float, optional
        0.5 to 5; 1: none.
    max_new_tokens : int, optional
        Limit of speech tokens, 25 a second, 1 to 4096.
    cfm_steps : int, optional
        Euler steps of the flow, 1 to 100.
    cfg_steps : int, optional
        Of these, the first ones, with guidance; None: all.
    top_k : int, optional
        How many tokens to draw from, 0 (all) to 10000; 0 except in Turbo and Nano.
    analyze_alignment : bool, optional
        Watch what T3 attends to, and intervene if it would end early or not at all.
    language : str
        One of Engine.languages; empty unless the model is multilingual.
    text_tags : bool
        Multilingual models read tags such as [laughter] as tokens, not as text.
    word_times : bool
        Tell when each word is spoken: Speech.words, Chunk.words.
    block_size : int, optional
        Flash draws speech in blocks of so many tokens, 1 to 256. This and what follows up to
        `normalise` must be None for every other family.
    block_passes : int, optional
        Passes that fill a block, 1 to 100; fewer are faster.
    schedule_shift : float, optional
        0 to 100; below 1, few positions are filled at first and more in later passes.
    early_decoding : float, optional
        0 to 100; how soon positions with high scores are filled, which saves passes.
    position_noise : bool, optional
        Which positions are filled first is partly random.
    prior : bool, optional
        Scores are relative to what the model says without a text, not to the block.
    fill_before_end : bool, optional
        An end of speech waits until the positions before it are filled.
    normalise : bool, optional
        Numbers, times, abbreviations and the like are read as words.
    priority : int
        -100 to 100; the waiting request with the highest priority starts first.
    client : int
        Who asks: at equal priority, clients are served in turn.
    tag : int
        A number of the caller's.
    deadline : float, optional
        Seconds from submission; a request that is not done by then ends with DeadlineExceeded.
    wait_for_room : float, optional
        Seconds that submit() waits for room in the queue before it raises Busy; None: as long as it
        takes, as everything that waits for the speech always does.
    noise : Noise or str, optional
        "reference", or "by-frame", which streams need. None: what fits the request.
    stream_options : StreamOptions, optional
        Of a request that streams in chunks.
    """

    text: str = ""
    voice: Voice | None = None
    seed: int | None = None
    temperature: float | None = None
    cfg_weight: float | None = None
    exaggeration: float | None = None
    min_p: float | None = None
    top_p: float | None = None
    repetition_penalty: float | None = None
    max_new_tokens: int | None = None
    cfm_steps: int | None = None
    cfg_steps: int | None = None
    top_k: int | None = None
    analyze_alignment: bool | None = None
    language: str = ""
    text_tags: bool = False
    word_times: bool = False
    block_size: int | None = None
    block_passes: int | None = None
    schedule_shift: float | None = None
    early_decoding: float | None = None
    position_noise: bool | None = None
    prior: bool | None = None
    fill_before_end: bool | None = None
    normalise: bool | None = None
    priority: int = 0
    client: int = 0
    tag: int = 0
    deadline: float | None = None
    wait_for_room: float | None = 0
    noise: Noise | str | None = None
    stream_options: StreamOptions | None = None

    def to_c(self, stream: StreamMode | str = StreamMode.NONE) -> Any:
        """The C struct, which keeps what it points to."""
        c = initialised(_abi.Request, "chatterbox_request_init")
        c.text = to_text("text", self.text)
        put_voice(c, self.voice)
        put_options(
            c,
            temperature=self.temperature,
            cfg_weight=self.cfg_weight,
            exaggeration=self.exaggeration,
            min_p=self.min_p,
            top_p=self.top_p,
            repetition_penalty=self.repetition_penalty,
            max_new_tokens=self.max_new_tokens,
            top_k=self.top_k,
            analyze_alignment=self.analyze_alignment,
            block_size=self.block_size,
            block_passes=self.block_passes,
            schedule_shift=self.schedule_shift,
            early_decoding=self.early_decoding,
            position_noise=self.position_noise,
            prior=self.prior,
            fill_before_end=self.fill_before_end,
            normalise=self.normalise,
        )
        put(
            c,
            language=self.language or None,
            text_tags=bool(self.text_tags),
            word_times=bool(self.word_times),
        )
        _put_common(c, self, stream)
        return c


def _put_common(c: Any, request: Request, stream: StreamMode | str) -> None:
    """What a request and a conversion have in common."""
    if request.seed is not None:
        put(c, has_seed=1, seed=request.seed)
    put_options(c, cfm_steps=request.cfm_steps, cfg_steps=request.cfg_steps)
    put(
        c,
        priority=request.priority,
        client=request.client,
        tag=request.tag,
        wait_ms=milliseconds("wait_for_room", request.wait_for_room),
        stream=member(StreamMode, stream, "stream"),
        noise=optional_member(Noise, request.noise, "noise"),
    )
    if request.deadline is not None:
        put(c, deadline_ms=milliseconds("deadline", request.deadline))
    if request.stream_options is not None:
        c.stream_options = ctypes.pointer(request.stream_options.to_c())


def conversion_to_c(source: Source, request: Request, stream: StreamMode | str) -> Any:
    """The C struct of a conversion, which takes the options of `request` that it knows."""
    c = initialised(_abi.Conversion, "chatterbox_conversion_init")
    c.samples, c.kept_source = source.pointer, source
    put(c, frames=source.frames, channels=source.channels, sample_rate=source.sample_rate)
    put_voice(c, request.voice)
    _put_common(c, request, stream)
    return c


def long_text_to_c(pause: float) -> Any:
    """The C struct for the joins of a long text."""
    c = initialised(_abi.LongTextOptions, "chatterbox_long_text_options_init")
    c.pause_seconds = pause
    return c
