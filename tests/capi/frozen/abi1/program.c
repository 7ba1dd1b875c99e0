/* A program of ABI 1: speaks in every way that there is, with the defaults of its time. Returns 0
 * where the library does what it did then. */
#include <chatterbox/chatterbox.h>
#include <stdio.h>
#include <string.h>

#define CHECK(condition)                                                         \
  do {                                                                           \
    if (!(condition)) {                                                          \
      fprintf(stderr, "%s is false: %s\n", #condition, chatterbox_last_error()); \
      return 1;                                                                  \
    }                                                                            \
  } while (0)

struct seen {
  uint64_t samples, pieces;
  int stages, ends;
};

static int32_t on_progress(const chatterbox_progress* progress, void* user_data) {
  struct seen* seen = user_data;
  if (progress->struct_size >= sizeof *progress && progress->tag == 7) ++seen->stages;
  return 0;
}

static int32_t on_audio(uint64_t tag, const float* samples, uint64_t count, void* user_data) {
  struct seen* seen = user_data;
  seen->samples += samples != NULL ? count : 0;
  return tag == 7 ? 0 : 1;
}

static int32_t on_piece(const chatterbox_piece* piece, void* user_data) {
  struct seen* seen = user_data;
  if (piece->index == seen->pieces && piece->text_begin < piece->text_end) ++seen->pieces;
  return 0;
}

static void on_done(uint64_t tag, chatterbox_status status, void* user_data) {
  struct seen* seen = user_data;
  if (tag == 7 && status == CHATTERBOX_STATUS_OK) ++seen->ends;
}

static int describe(const chatterbox_engine* engine) {
  chatterbox_engine_info info;
  chatterbox_limits limits;
  chatterbox_metrics metrics;
  int64_t tokens = 0;
  CHECK(chatterbox_engine_get_info(engine, &info, sizeof info) == CHATTERBOX_STATUS_OK);
  CHECK(info.struct_size == sizeof info && info.sample_rate == 24000 && info.cfm_steps > 0);
  CHECK(strcmp(info.model, "demo") == 0 && info.has_default_voice == 1);
  CHECK(chatterbox_engine_get_limits(engine, &limits, sizeof limits) == CHATTERBOX_STATUS_OK);
  CHECK(limits.struct_size == sizeof limits && limits.max_queue == 64 && limits.rows > 0);
  CHECK(chatterbox_engine_get_metrics(engine, &metrics, sizeof metrics) == CHATTERBOX_STATUS_OK);
  CHECK(metrics.struct_size == sizeof metrics && metrics.healthy == 1 && metrics.ended[0] > 0);
  CHECK(chatterbox_engine_count_tokens(engine, "Hello.", NULL, 0, &tokens) == CHATTERBOX_STATUS_OK);
  CHECK(tokens > 0 && tokens <= info.max_text_tokens);
  return 0;
}

static int take_voices(const chatterbox_engine* engine) {
  chatterbox_voice *voice = NULL, *copy = NULL;
  chatterbox_buffer* buffer = NULL;
  CHECK(chatterbox_engine_get_default_voice(engine, &voice) == CHATTERBOX_STATUS_OK);
  CHECK(chatterbox_voice_save_to_memory(voice, &buffer) == CHATTERBOX_STATUS_OK);
  CHECK(chatterbox_voice_load_from_memory(chatterbox_buffer_data(buffer),
                                          chatterbox_buffer_size(buffer),
                                          &copy) == CHATTERBOX_STATUS_OK);
  CHECK(strcmp(chatterbox_voice_id(voice), chatterbox_voice_id(copy)) == 0);
  chatterbox_buffer_destroy(buffer);
  chatterbox_voice_destroy(copy);
  chatterbox_voice_destroy(voice);
  return 0;
}

/* The samples by a callback are those of the result and of the stream. */
static int speak(chatterbox_engine* engine, chatterbox_request* request) {
  struct seen seen = {0, 0, 0, 0};
  chatterbox_result *result = NULL, *silent = NULL;
  chatterbox_result_stats stats;
  chatterbox_job* job = NULL;
  chatterbox_chunk chunk;
  chatterbox_status status = CHATTERBOX_STATUS_OK;
  uint64_t index = 1, streamed = 0;

  CHECK(chatterbox_engine_generate(engine, request, &result) == CHATTERBOX_STATUS_OK);
  CHECK(chatterbox_result_get_stats(result, &stats, sizeof stats) == CHATTERBOX_STATUS_OK);
  CHECK(stats.struct_size == sizeof stats && stats.seed == 5 && stats.tag == 7);
  CHECK(stats.samples == (int64_t)chatterbox_result_sample_count(result) && stats.samples > 0);

  request->on_progress = on_progress;
  request->on_audio = on_audio;
  request->on_done = on_done;
  request->user_data = &seen;
  CHECK(chatterbox_engine_generate(engine, request, &silent) == CHATTERBOX_STATUS_OK);
  CHECK(seen.samples == chatterbox_result_sample_count(result) && seen.stages > 3 &&
        seen.ends == 1);
  CHECK(chatterbox_result_samples(silent) == NULL);

  /* The last call may come after the end was seen, when `seen` is gone. */
  request->on_progress = NULL;
  request->on_audio = NULL;
  request->on_done = NULL;
  request->stream = CHATTERBOX_STREAM_PIECES;
  CHECK(chatterbox_engine_submit(engine, request, &job) == CHATTERBOX_STATUS_OK);
  CHECK(chatterbox_chunk_init(&chunk, sizeof chunk) == CHATTERBOX_STATUS_OK);
  while ((status = chatterbox_job_next(job, CHATTERBOX_FOREVER, &chunk)) == CHATTERBOX_STATUS_OK) {
    CHECK(chunk.first_sample == streamed);
    streamed += chunk.count;
  }
  CHECK(status == CHATTERBOX_STATUS_END_OF_STREAM && streamed == seen.samples);
  CHECK(chatterbox_jobs_wait_any((const chatterbox_job* const*)&job, 1, CHATTERBOX_FOREVER,
                                 &index) == CHATTERBOX_STATUS_OK);
  CHECK(index == 0 && chatterbox_job_is_done(job) == 1 && chatterbox_job_tag(job) == 7);
  chatterbox_job_destroy(job);
  chatterbox_result_destroy(silent);
  chatterbox_result_destroy(result);
  return 0;
}

static int speak_long(chatterbox_engine* engine, chatterbox_request* request) {
  struct seen seen = {0, 0, 0, 0};
  chatterbox_long_text_options options;
  chatterbox_result* result = NULL;
  CHECK(chatterbox_long_text_options_init(&options, sizeof options) == CHATTERBOX_STATUS_OK);
  options.on_piece = on_piece;
  request->text = "One.[pause:500ms]Two.";
  request->stream = CHATTERBOX_STREAM_NONE;
  request->on_done = on_done;
  request->user_data = &seen;
  CHECK(chatterbox_engine_generate_long(engine, request, &options, &result) ==
        CHATTERBOX_STATUS_OK);
  CHECK(seen.pieces == 2 && chatterbox_result_piece_count(result) == 2 && seen.ends == 1);
  chatterbox_result_destroy(result);
  return 0;
}

/* A text that comes in parts, in chunks, heard to its end. */
static int speak_as_it_comes(chatterbox_engine* engine, chatterbox_request* request) {
  chatterbox_stream_options options;
  chatterbox_job* job = NULL;
  chatterbox_chunk chunk;
  chatterbox_heard heard;
  chatterbox_status status = CHATTERBOX_STATUS_OK;
  uint64_t streamed = 0;
  CHECK(chatterbox_stream_options_init(&options, sizeof options) == CHATTERBOX_STATUS_OK);
  options.right_tokens = 3;
  request->text = NULL;
  request->stream = CHATTERBOX_STREAM_CHUNKS;
  request->stream_options = &options;
  request->on_done = NULL;
  CHECK(chatterbox_engine_open_text(engine, request, NULL, &job) == CHATTERBOX_STATUS_OK);
  CHECK(chatterbox_job_feed(job, "One. Tw") == CHATTERBOX_STATUS_OK);
  CHECK(chatterbox_job_feed(job, "o.") == CHATTERBOX_STATUS_OK);
  CHECK(chatterbox_job_end(job) == CHATTERBOX_STATUS_OK);
  CHECK(chatterbox_chunk_init(&chunk, sizeof chunk) == CHATTERBOX_STATUS_OK);
  while ((status = chatterbox_job_next(job, CHATTERBOX_FOREVER, &chunk)) == CHATTERBOX_STATUS_OK) {
    streamed += chunk.count;
  }
  CHECK(status == CHATTERBOX_STATUS_END_OF_STREAM && streamed > 0);
  CHECK(chatterbox_job_get_heard(job, UINT64_MAX, &heard, sizeof heard) == CHATTERBOX_STATUS_OK);
  CHECK(heard.samples == streamed && heard.pieces > 0 && heard.text_end == strlen("One. Two."));
  chatterbox_job_destroy(job);
  request->text = "Hello.";
  request->stream = CHATTERBOX_STREAM_NONE;
  request->stream_options = NULL;
  return 0;
}

static int fail(chatterbox_engine* engine, chatterbox_request* request) {
  chatterbox_job* job = (chatterbox_job*)request;
  request->temperature = 7;
  CHECK(chatterbox_engine_submit(engine, request, &job) == CHATTERBOX_STATUS_INVALID_ARGUMENT);
  CHECK(job == NULL && strstr(chatterbox_last_error(), "temperature") != NULL);
  CHECK(chatterbox_engine_drain(engine, CHATTERBOX_FOREVER) == CHATTERBOX_STATUS_OK);
  request->temperature = CHATTERBOX_UNSET;
  CHECK(chatterbox_engine_submit(engine, request, &job) == CHATTERBOX_STATUS_BUSY);
  return 0;
}

int main(void) {
  chatterbox_engine_options options;
  chatterbox_engine* engine = NULL;
  chatterbox_request request;
  CHECK(chatterbox_abi_version() == CHATTERBOX_ABI_VERSION);
  CHECK(chatterbox_engine_options_init(&options, sizeof options) == CHATTERBOX_STATUS_OK);
  options.device = "cpu";
  options.watermark = CHATTERBOX_WATERMARK_OFF;
  CHECK(chatterbox_engine_create(&options, &engine) == CHATTERBOX_STATUS_OK);
  CHECK(chatterbox_request_init(&request, sizeof request) == CHATTERBOX_STATUS_OK);
  request.text = "Hello.";
  request.has_seed = 1;
  request.seed = 5;
  request.tag = 7;
  request.max_new_tokens = 12;
  CHECK(speak(engine, &request) == 0);
  CHECK(describe(engine) == 0);
  CHECK(take_voices(engine) == 0);
  CHECK(speak_long(engine, &request) == 0);
  CHECK(speak_as_it_comes(engine, &request) == 0);
  CHECK(fail(engine, &request) == 0);
  chatterbox_engine_destroy(engine);
  return 0;
}
