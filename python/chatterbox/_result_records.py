# Made by python/tools/generate_abi.py from include/chatterbox; do not edit.

"""What the library reports."""

from __future__ import annotations

from dataclasses import dataclass

from . import _abi
from ._enums import FinishReason, Intervention, Stage


@dataclass(frozen=True)
class Progress:
    """The C header's chatterbox_progress.

    Attributes
    ----------
    stage : Stage
    tag : int
        the request's
    done : int
        see the stages; 0 if nothing is counted
    total : int
        see the stages; 0 if nothing is counted
    """

    stage: Stage
    tag: int
    done: int
    total: int

    @classmethod
    def from_c(cls, c: _abi.Progress) -> Progress:
        """Copy the C struct."""
        return cls(
            stage=Stage(c.stage),
            tag=c.tag,
            done=c.done,
            total=c.total,
        )


@dataclass(frozen=True)
class Word:
    """When a word is spoken: a part of the text between white space that has more than punctuation.

    Attributes
    ----------
    text_begin : int
        its bytes in the whole text, with the punctuation on its sides
    text_end : int
    begin_seconds : float
        in the whole speech; words follow each other, and one that was passed over begins when it
        ends
    end_seconds : float
    """

    text_begin: int
    text_end: int
    begin_seconds: float
    end_seconds: float

    @classmethod
    def from_c(cls, c: _abi.Word) -> Word:
        """Copy the C struct."""
        return cls(
            text_begin=c.text_begin,
            text_end=c.text_end,
            begin_seconds=c.begin_seconds,
            end_seconds=c.end_seconds,
        )


@dataclass(frozen=True)
class Piece:
    """A part of a long text that is spoken in one go.

    Attributes
    ----------
    tag : int
        the request's
    index : int
        from 0
    count : int
        number of pieces of the whole text
    text_begin : int
        its place in the text: the offset of its first byte ...
    text_end : int
        ... and of the byte after its last
    begin_seconds : float
        its place in the speech
    end_seconds : float
    """

    tag: int
    index: int
    count: int
    text_begin: int
    text_end: int
    begin_seconds: float
    end_seconds: float

    @classmethod
    def from_c(cls, c: _abi.Piece) -> Piece:
        """Copy the C struct."""
        return cls(
            tag=c.tag,
            index=c.index,
            count=c.count,
            text_begin=c.text_begin,
            text_end=c.text_end,
            begin_seconds=c.begin_seconds,
            end_seconds=c.end_seconds,
        )


@dataclass(frozen=True)
class Heard:
    """How far a listener has come in a job's text.

    Attributes
    ----------
    samples : int
        that were heard
    pieces : int
        of a long text that were heard to their end, and so the index of the one that was being
        heard; a single text is one piece
    text_end : int
        bytes of the text that were heard to their end: with `word_times` up to the last word,
        otherwise up to the last piece
    """

    samples: int
    pieces: int
    text_end: int

    @classmethod
    def from_c(cls, c: _abi.Heard) -> Heard:
        """Copy the C struct."""
        return cls(
            samples=c.samples,
            pieces=c.pieces,
            text_end=c.text_end,
        )


@dataclass(frozen=True)
class ResultStats:
    """The C header's chatterbox_result_stats.

    Attributes
    ----------
    finish_reason : FinishReason
    seed : int
        the one that was used
    tag : int
        the request's
    text_tokens : int
        including start and stop
    speech_tokens : int
        as drawn, including the end of speech if it was reached
    decode_steps : int
        forward passes of one token
    samples : int
        that were made, wherever they went
    queued_seconds : float
        time spent waiting for the engine
    text_seconds : float
        normalisation and tokenizer
    prefill_seconds : float
    decode_seconds : float
    flow_seconds : float
        of a request that streams in chunks: all of S3Gen
    vocoder_seconds : float
    watermark_seconds : float
    total_seconds : float
        from submission to the end
    """

    finish_reason: FinishReason
    seed: int
    tag: int
    text_tokens: int
    speech_tokens: int
    decode_steps: int
    samples: int
    queued_seconds: float
    text_seconds: float
    prefill_seconds: float
    decode_seconds: float
    flow_seconds: float
    vocoder_seconds: float
    watermark_seconds: float
    total_seconds: float

    @classmethod
    def from_c(cls, c: _abi.ResultStats) -> ResultStats:
        """Copy the C struct."""
        return cls(
            finish_reason=FinishReason(c.finish_reason),
            seed=c.seed,
            tag=c.tag,
            text_tokens=c.text_tokens,
            speech_tokens=c.speech_tokens,
            decode_steps=c.decode_steps,
            samples=c.samples,
            queued_seconds=c.queued_seconds,
            text_seconds=c.text_seconds,
            prefill_seconds=c.prefill_seconds,
            decode_seconds=c.decode_seconds,
            flow_seconds=c.flow_seconds,
            vocoder_seconds=c.vocoder_seconds,
            watermark_seconds=c.watermark_seconds,
            total_seconds=c.total_seconds,
        )


@dataclass(frozen=True)
class Quality:
    """What can be said about a result's quality without listening to it.

    Attributes
    ----------
    peak : float
        largest magnitude of a sample
    clipped_samples : int
        samples at the vocoder's limit, a magnitude of 0.99
    longest_repetition : int
        longest run of equal speech tokens
    intervention_count : int
        for the C function chatterbox_result_get_intervention()
    text_coverage : float
        share of the text that was spoken, 0 to 1; unset: not analyzed
    """

    peak: float
    clipped_samples: int
    longest_repetition: int
    intervention_count: int
    text_coverage: float

    @classmethod
    def from_c(cls, c: _abi.Quality) -> Quality:
        """Copy the C struct."""
        return cls(
            peak=c.peak,
            clipped_samples=c.clipped_samples,
            longest_repetition=c.longest_repetition,
            intervention_count=c.intervention_count,
            text_coverage=c.text_coverage,
        )


@dataclass(frozen=True)
class InterventionSpan:
    """The C header's chatterbox_intervention.

    Attributes
    ----------
    kind : Intervention
    first_step : int
        index of the first speech token that it affected
    steps : int
        number of consecutive tokens
    """

    kind: Intervention
    first_step: int
    steps: int

    @classmethod
    def from_c(cls, c: _abi.Intervention) -> InterventionSpan:
        """Copy the C struct."""
        return cls(
            kind=Intervention(c.kind),
            first_step=c.first_step,
            steps=c.steps,
        )


@dataclass(frozen=True)
class StreamStats:
    """How the samples reached somebody who plays them as they come; of any request.

    Attributes
    ----------
    first_sound_seconds : float
        from submission to the first samples
    largest_underrun_seconds : float
        longest silence of a listener who plays from the first sample on; 0: none
    chunk_count : int
        for the C function chatterbox_result_get_chunk()
    """

    first_sound_seconds: float
    largest_underrun_seconds: float
    chunk_count: int

    @classmethod
    def from_c(cls, c: _abi.StreamStats) -> StreamStats:
        """Copy the C struct."""
        return cls(
            first_sound_seconds=c.first_sound_seconds,
            largest_underrun_seconds=c.largest_underrun_seconds,
            chunk_count=c.chunk_count,
        )


@dataclass(frozen=True)
class ChunkStats:
    """Samples that came together.

    Attributes
    ----------
    first_sample : int
        index of the first of them in the whole speech
    count : int
        number of samples
    seconds : float
        from submission, when they could be read or were pushed
    """

    first_sample: int
    count: int
    seconds: float

    @classmethod
    def from_c(cls, c: _abi.ChunkStats) -> ChunkStats:
        """Copy the C struct."""
        return cls(
            first_sample=c.first_sample,
            count=c.count,
            seconds=c.seconds,
        )
