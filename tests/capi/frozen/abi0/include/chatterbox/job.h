/* Requests on their way: part of <chatterbox/chatterbox.h>, which is to be included. */
#ifndef CHATTERBOX_JOB_H
#define CHATTERBOX_JOB_H

#include <chatterbox/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Blocks until the job is done, at most `timeout_ms`, and stores its result as a new handle, which
 * the caller ends with chatterbox_result_destroy(). May be called again, and gives the same.
 * TIMEOUT: it is not done yet. Otherwise the status that ended the request: CANCELLED after
 * chatterbox_job_cancel() or chatterbox_engine_destroy(), DEADLINE_EXCEEDED, NO_SPEECH where the
 * model drew none, INTERNAL where a callback threw, DEVICE, DEVICE_LOST, ... */
CHATTERBOX_API chatterbox_status chatterbox_job_wait(const chatterbox_job* job, int64_t timeout_ms,
                                                     chatterbox_result** result);

/* Blocks until one of `count` jobs is done, at most `timeout_ms`, and tells its index; the lowest
 * where there are several. How it ended, chatterbox_job_wait() tells. TIMEOUT: none is done yet.
 * INVALID_ARGUMENT: also a `count` of 0. */
CHATTERBOX_API chatterbox_status chatterbox_jobs_wait_any(const chatterbox_job* const* jobs,
                                                          uint64_t count, int64_t timeout_ms,
                                                          uint64_t* index);

/* 1 where the job is done, whatever its end, 0 where it is not or `job` is NULL. Never fails. */
CHATTERBOX_API int32_t chatterbox_job_is_done(const chatterbox_job* job);

/* Tells what ended the job: its status, and one line of text that belongs to the job's handle and
 * is valid until that is destroyed. OK and "" where it is not done or succeeded. Never waits; may
 * be asked on any thread. */
CHATTERBOX_API chatterbox_status chatterbox_job_get_error(const chatterbox_job* job,
                                                          chatterbox_status* status,
                                                          const char** message);

/* The request's tag; 0 where `job` is NULL. Never fails. */
CHATTERBOX_API uint64_t chatterbox_job_tag(const chatterbox_job* job);

/* Samples of a job that was submitted with `stream`. */
typedef struct chatterbox_chunk {
  uint32_t struct_size; /* set by chatterbox_chunk_init() */
  int32_t sample_rate;  /* Hz, 24000 */
  const float* samples; /* mono, nominally in [-1, 1]; they belong to the job's handle and are valid
                         * until the next call of chatterbox_job_next() with it */
  uint64_t count;       /* how many */
  uint64_t first_sample; /* index of the first of them in all of the speech */
} chatterbox_chunk;

/* Fills in `size` (pass sizeof *chunk). The struct is the caller's. INVALID_ARGUMENT: a size that
 * no version of the struct has. */
CHATTERBOX_API chatterbox_status chatterbox_chunk_init(chatterbox_chunk* chunk, size_t size);

/* Blocks until there are more samples, at most `timeout_ms`, and fills in `chunk`. To be called by
 * one thread at a time. A reader that is slow holds up this job and no other. END_OF_STREAM: there
 * are no more, and the job has succeeded; comes without samples. TIMEOUT: there are none yet.
 * Otherwise the status that ended the request, after the samples that were final before.
 * INVALID_ARGUMENT: the job was submitted without `stream`. */
CHATTERBOX_API chatterbox_status chatterbox_job_next(chatterbox_job* job, int64_t timeout_ms,
                                                     chatterbox_chunk* chunk);

/* Asks the job to stop and returns at once. It stops within one decode step or one Euler step, or
 * at once where it was still queued, and then is done with CANCELLED. A job that is done stays as
 * it is. NULL does nothing. */
CHATTERBOX_API void chatterbox_job_cancel(chatterbox_job* job);

/* Frees the handle. Does not cancel: a job without a handle runs on, but where its samples are
 * taken from chatterbox_job_next() it is cancelled. NULL does nothing. */
CHATTERBOX_API void chatterbox_job_destroy(chatterbox_job* job);

#ifdef __cplusplus
}
#endif

#endif /* CHATTERBOX_JOB_H */
