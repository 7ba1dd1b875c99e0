/* The C11 interface of chatterbox: text and a voice in, 24 kHz speech out. The library's only
 * binary interface: <chatterbox/chatterbox.hpp> is C++ over it, in headers alone.
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
 * Errors: functions that can fail return a chatterbox_status: 0 for success, a negative one for a
 * failure, a positive one where there is nothing to hand out (TIMEOUT, END_OF_STREAM; only where
 * the comment says so). Their outputs are set to NULL or 0 before anything can fail.
 * chatterbox_last_error() has one line about the failure that names the value at fault and the
 * limit. No function aborts, exits, prints, or lets a C++ exception out. NULL where a pointer is
 * asked for is INVALID_ARGUMENT, unless the comment says otherwise. OUT_OF_MEMORY and INTERNAL can
 * come from any function that can fail; the comments list what else can.
 *
 * Ownership: handles that a function stores through its last argument belong to the caller, who
 * ends each with its _destroy function, in any order: voices, jobs, results, batches and what else
 * there is outlive their engine. _destroy accepts NULL. What goes in is copied before the function
 * returns, so the caller may free it at once; exceptions are marked. Strings that are returned
 * belong to the library, or to the handle they were asked of, and must not be freed.
 *
 * Threads: any function may be called from any thread at any time, with handles shared between
 * threads; only _destroy must be the last call with its handle. chatterbox_engine_destroy() may be
 * called while others block in functions of that engine: they return with CANCELLED.
 * Functions that block say so; on a thread of the engine's own, that is in a callback, they fail
 * with INVALID_ARGUMENT instead of waiting for themselves. Times to wait are milliseconds, 0 or
 * more, or CHATTERBOX_FOREVER.
 *
 * Structs: their first member is their size, as the caller's compiler knows it. An _init function
 * fills in that size and the defaults. Members are only ever appended, so programs keep working
 * with newer libraries. A struct from a newer header is accepted by an older library as long as
 * what that library does not know is zero.
 *
 * Values: 0 is a value like any other and never stands for a default. An option that is not given
 * is CHATTERBOX_UNSET (-1), which is in no option's range; _init sets it, and the comment says what
 * the library then does.
 *
 * Strings are UTF-8 and end with NUL; paths are what fopen() takes. The library is for Linux. */
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
