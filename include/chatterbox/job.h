/* Jobs, which are requests in progress. Include <chatterbox/chatterbox.h>, not this file. */
#ifndef CHATTERBOX_JOB_H
#define CHATTERBOX_JOB_H

#include <chatterbox/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Blocks until the job is done, at most `timeout_ms`, and stores its result as a new handle, which
 * the caller must release with chatterbox_result_destroy(). May be called again and gives the same
 * result. TIMEOUT: the job is not done yet. Otherwise the status that ended the request: CANCELLED
 * after chatterbox_job_cancel() or chatterbox_engine_destroy(), DEADLINE_EXCEEDED, NO_SPEECH if the
 * model drew none, INTERNAL if a callback threw, DEVICE, DEVICE_LOST, ... */
CHATTERBOX_API chatterbox_status chatterbox_job_wait(const chatterbox_job* job, int64_t timeout_ms,
                                                     chatterbox_result** result);

/* Blocks until one of `count` jobs is done, at most `timeout_ms`, and stores its index, the lowest
 * if several are done. chatterbox_job_wait() returns how it ended. TIMEOUT: none is done yet.
 * INVALID_ARGUMENT: also a `count` of 0. */
CHATTERBOX_API chatterbox_status chatterbox_jobs_wait_any(const chatterbox_job* const* jobs,
                                                          uint64_t count, int64_t timeout_ms,
                                                          uint64_t* index);

/* Returns 1 if the job is done, however it ended; 0 if it is not or `job` is NULL. Never fails. */
CHATTERBOX_API int32_t chatterbox_job_is_done(const chatterbox_job* job);

/* Stores what ended the job: its status, and one line of text that belongs to the job's handle and
 * is valid until the handle is destroyed. OK and "" if the job is not done or succeeded. Never
 * waits; may be called on any thread. */
CHATTERBOX_API chatterbox_status chatterbox_job_get_error(const chatterbox_job* job,
                                                          chatterbox_status* status,
                                                          const char** message);

/* Returns the request's tag; 0 if `job` is NULL. Never fails. */
CHATTERBOX_API uint64_t chatterbox_job_tag(const chatterbox_job* job);

/* ---- Text that comes by and by --------------------------------------------------------------- */

/* Appends text to a job of chatterbox_engine_open_text(): UTF-8, whole characters. Sentences that
 * are complete are spoken; the last one waits for what follows it. May be called from any thread.
 * INVALID_ARGUMENT: no UTF-8, a malformed pause, more than 16 MB in all, a job that was not opened
 * for text or was ended; nothing is taken. Otherwise the status that ended the job. */
CHATTERBOX_API chatterbox_status chatterbox_job_feed(chatterbox_job* job, const char* text);

/* Speaks all that was fed, as if another sentence followed. Errors: those of chatterbox_job_feed().
 */
CHATTERBOX_API chatterbox_status chatterbox_job_flush(chatterbox_job* job);

/* Ends the text: the rest is spoken, and then the job is done. Errors: those of
 * chatterbox_job_feed(). A text that has nothing to speak ends the job with INVALID_ARGUMENT. */
CHATTERBOX_API chatterbox_status chatterbox_job_end(chatterbox_job* job);

/* ---- Samples ----------------------------------------------------------------------------------
 */

/* Samples of a job that was submitted with `stream` and without `on_audio`. */
typedef struct chatterbox_chunk {
  uint32_t struct_size; /* set by chatterbox_chunk_init() */
  int32_t sample_rate;  /* Hz, 24000 */
  const float* samples; /* mono, nominally in [-1, 1]; they belong to the job's handle and are valid
                         * until the next call of chatterbox_job_next() with it */
  uint64_t count;       /* number of samples */
  uint64_t first_sample; /* index of the first of them in the whole speech */
  uint64_t first_word;   /* for chatterbox_job_get_word(): the words that end with these samples; */
  uint64_t word_count;   /* none without the request's `word_times` */
} chatterbox_chunk;

/* Fills in `size` (pass sizeof *chunk). The caller owns the struct. INVALID_ARGUMENT: a size that
 * no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_chunk_init(chatterbox_chunk* chunk, size_t size);

/* Blocks until there are more samples, at most `timeout_ms`, and fills in `chunk`. Only one thread
 * at a time may call it. A slow reader delays this job and no other: no more samples are made while
 * ten seconds of them are unread. END_OF_STREAM: the job has succeeded and there are no more
 * samples; this call returns none. TIMEOUT: there are none yet. Otherwise the status that ended the
 * request, after the samples that were final before.
 * INVALID_ARGUMENT: the job was submitted without `stream`, or with `on_audio`. */
CHATTERBOX_API chatterbox_status chatterbox_job_next(chatterbox_job* job, int64_t timeout_ms,
                                                     chatterbox_chunk* chunk);

/* Describes word `index` of a job with `word_times`, counted from 0, as soon as the samples that it
 * ends with were handed out, and after the job's end. Writes at most `size` bytes (pass sizeof
 * *word) to the caller's struct. May be called on any thread. INVALID_ARGUMENT: a size that no
 * version of the struct has, a word that was not handed out. */
CHATTERBOX_API chatterbox_status chatterbox_job_get_word(const chatterbox_job* job, uint64_t index,
                                                         chatterbox_word* word, size_t size);

/* How far a listener has come in a job's text. */
typedef struct chatterbox_heard {
  uint32_t struct_size; /* bytes that the library filled in */
  int32_t reserved;     /* 0 */
  uint64_t samples;     /* that were heard */
  uint64_t pieces;      /* of a long text that were heard to their end, and so the index of the one
                         * that was being heard; a single text is one piece */
  uint64_t text_end;    /* bytes of the text that were heard to their end: with `word_times` up to
                         * the last word, otherwise up to the last piece */
} chatterbox_heard;

/* Describes how far the speech was heard by somebody who has heard the first `samples` of it, or,
 * if that is UINT64_MAX, all that chatterbox_job_next() returned or `on_audio` received so far; a
 * player usually has some of these still to play. May be called at any time on any thread, also
 * after the job was cancelled. Of a job whose samples are in its result, nothing was heard. Writes
 * at most `size` bytes (pass sizeof *heard) to the caller's struct. INVALID_ARGUMENT: a size that
 * no version of the struct has, more samples than were handed out. */
CHATTERBOX_API chatterbox_status chatterbox_job_get_heard(const chatterbox_job* job,
                                                          uint64_t samples, chatterbox_heard* heard,
                                                          size_t size);

/* Asks the job to stop and returns at once. If it is queued it stops at once, otherwise within one
 * decode step or one operation of libtorch (on one core 0.11 s or less for a recording of 30 s).
 * It ends with CANCELLED. A job that is done does not change. NULL does nothing. */
CHATTERBOX_API void chatterbox_job_cancel(chatterbox_job* job);

/* Frees the handle. The job itself runs on, but a job that was submitted with `stream` is
 * cancelled. NULL does nothing. */
CHATTERBOX_API void chatterbox_job_destroy(chatterbox_job* job);

#ifdef __cplusplus
}
#endif

#endif /* CHATTERBOX_JOB_H */
