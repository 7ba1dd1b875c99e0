/* The C11 interface of chatterbox: text and a voice in, 24 kHz speech out. It is the library's only
 * binary interface: <chatterbox/chatterbox.hpp> is a header-only C++ interface over it.
 *
 *   #include <chatterbox/chatterbox.h>
 *   #include <stdio.h>
 *
 *   int main(void) {
 *     chatterbox_engine* engine = NULL;
 *     chatterbox_result* result = NULL;
 *     chatterbox_request request;
 *     chatterbox_status status = chatterbox_engine_create(NULL, &engine);  // the demo model
 *     if (!status) status = chatterbox_request_init(&request, sizeof request);
 *     if (!status) request.text = "Hello.";
 *     if (!status) status = chatterbox_engine_generate(engine, &request, &result);
 *     if (!status) {
 *       status = chatterbox_audio_write("hello.wav", CHATTERBOX_FORMAT_AUTO,
 *                                       chatterbox_result_samples(result),
 *                                       chatterbox_result_sample_count(result), 1,
 *                                       chatterbox_result_sample_rate(result));
 *     }
 *     if (status) fprintf(stderr, "%s\n", chatterbox_last_error());
 *     chatterbox_result_destroy(result);
 *     chatterbox_engine_destroy(engine);
 *     return status ? 1 : 0;
 *   }
 *
 * Errors: functions that can fail return a chatterbox_status: 0 for success, a negative value for a
 * failure, and a positive value if there is nothing to return (TIMEOUT, END_OF_STREAM; only if the
 * comment says so). Their outputs are set to NULL or 0 before anything can fail.
 * chatterbox_last_error() returns one line about the failure that names the value at fault and the
 * limit. No function aborts, exits, prints, or lets a C++ exception out; but libtorch, which
 * computes, may end the process if the system denies it memory. NULL for a pointer parameter is
 * INVALID_ARGUMENT, unless the comment says otherwise. Any function that can fail may return
 * OUT_OF_MEMORY or INTERNAL; the comments list its other errors.
 *
 * Ownership: handles that a function stores through its last argument belong to the caller, who
 * must release each with its _destroy function. The order does not matter: voices, jobs, results,
 * batches and all other handles outlive their engine. _destroy accepts NULL. Inputs are copied
 * before the function returns, so the caller may free them at once; exceptions are marked. Returned
 * strings belong to the library, or to the handle that they were read from, and must not be freed.
 *
 * Threads: any function may be called from any thread at any time, and threads may share handles;
 * only _destroy must be the last call with its handle. chatterbox_engine_destroy() may be called
 * while others block in functions of that engine: they return CANCELLED. Functions that block say
 * so; on one of the engine's own threads, that is, in a callback, they fail with INVALID_ARGUMENT
 * instead of waiting for themselves. Timeouts are in milliseconds, 0 or more, or
 * CHATTERBOX_FOREVER.
 *
 * Structs: the first member is the size of the struct as the caller's compiler knows it. An _init
 * function fills in that size and the defaults. Members are only ever appended, so programs keep
 * working with newer libraries. An older library accepts a struct from a newer header as long as
 * the members that it does not know are zero.
 *
 * Values: 0 is a value like any other and never stands for a default. An option that is not set is
 * CHATTERBOX_UNSET (-1), which is outside the range of every option; _init sets it, and the comment
 * says what the library then does.
 *
 * Strings are UTF-8 and end with NUL; paths are passed to fopen(). The library is for Linux. */
#ifndef CHATTERBOX_CHATTERBOX_H
#define CHATTERBOX_CHATTERBOX_H

#include <chatterbox/audio.h>
#include <chatterbox/engine.h>
#include <chatterbox/job.h>
#include <chatterbox/request.h>
#include <chatterbox/result.h>
#include <chatterbox/status.h>
#include <chatterbox/types.h>
#include <chatterbox/voice.h>
#include <chatterbox/watermark.h>

#endif /* CHATTERBOX_CHATTERBOX_H */
