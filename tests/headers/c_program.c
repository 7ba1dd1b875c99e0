/* The C headers are C11 without a warning, and suffice to speak. */
#include <chatterbox/chatterbox.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(chatterbox_status) == 4, "a status has 32 bits in every language");
_Static_assert(CHATTERBOX_STATUS_OK == 0, "success is 0");
_Static_assert(CHATTERBOX_STATUS_END_OF_STREAM == 1, "what is no failure is positive");
_Static_assert(CHATTERBOX_STATUS_DEVICE_LOST == -15, "failures are negative and never renumbered");
_Static_assert(offsetof(chatterbox_request, struct_size) == 0, "the size comes first");

#define CHECK(condition)                                                         \
  do {                                                                           \
    if (!(condition)) {                                                          \
      fprintf(stderr, "%s is false: %s\n", #condition, chatterbox_last_error()); \
      return 1;                                                                  \
    }                                                                            \
  } while (0)

struct counts {
  int reports;
  int ends;
};

static int32_t count_report(const chatterbox_progress* progress, void* user_data) {
  if (progress->stage == CHATTERBOX_STAGE_DECODE) ++((struct counts*)user_data)->reports;
  return 0;
}

static void count_end(uint64_t tag, chatterbox_status status, void* user_data) {
  if (tag == 7 && status == CHATTERBOX_STATUS_OK) ++((struct counts*)user_data)->ends;
}

/* One request in one go, and one whose samples are taken as they come. */
static int speak(chatterbox_engine* engine, const chatterbox_voice* voice) {
  struct counts counts = {0, 0};
  chatterbox_request request;
  chatterbox_job* job = NULL;
  chatterbox_result* result = NULL;
  chatterbox_result_stats stats;
  chatterbox_chunk chunk;

  CHECK(chatterbox_request_init(&request, sizeof request) == CHATTERBOX_STATUS_OK);
  CHECK(request.temperature == CHATTERBOX_UNSET);
  request.text = "Hello.";
  request.voice = voice;
  request.max_new_tokens = 3;
  request.tag = 7;
  request.on_progress = count_report;
  request.on_done = count_end;
  request.user_data = &counts;
  CHECK(chatterbox_engine_generate(engine, &request, &result) == CHATTERBOX_STATUS_OK);
  CHECK(counts.reports == 3);
  CHECK(counts.ends == 1);
  CHECK(chatterbox_result_samples(result) != NULL);
  CHECK(chatterbox_result_get_stats(result, &stats, sizeof stats) == CHATTERBOX_STATUS_OK);
  CHECK(stats.finish_reason == CHATTERBOX_FINISH_MAX_TOKENS);
  CHECK(stats.tag == 7);

  /* Without callbacks: the last may come after the end was seen, when `counts` is gone. */
  request.on_progress = NULL;
  request.on_done = NULL;
  request.has_seed = 1; /* that the engine has picked */
  request.seed = stats.seed;
  request.stream = 1;
  CHECK(chatterbox_engine_submit(engine, &request, &job) == CHATTERBOX_STATUS_OK);
  CHECK(chatterbox_chunk_init(&chunk, sizeof chunk) == CHATTERBOX_STATUS_OK);
  CHECK(chatterbox_job_next(job, CHATTERBOX_FOREVER, &chunk) == CHATTERBOX_STATUS_OK);
  CHECK(chunk.count == chatterbox_result_sample_count(result));
  CHECK(memcmp(chunk.samples, chatterbox_result_samples(result),
               chunk.count * sizeof *chunk.samples) == 0);
  CHECK(chatterbox_job_next(job, CHATTERBOX_FOREVER, &chunk) == CHATTERBOX_STATUS_END_OF_STREAM);
  chatterbox_job_destroy(job);
  chatterbox_result_destroy(result);
  return 0;
}

int main(void) {
  chatterbox_engine_options options;
  chatterbox_engine* engine = NULL;
  chatterbox_voice* voice = NULL;
  chatterbox_job* job = NULL;

  CHECK(chatterbox_abi_version() == CHATTERBOX_ABI_VERSION);
  CHECK(chatterbox_engine_options_init(&options, sizeof options) == CHATTERBOX_STATUS_OK);
  options.device = "cpu";
  CHECK(chatterbox_engine_create(&options, &engine) == CHATTERBOX_STATUS_OK);
  CHECK(chatterbox_engine_get_default_voice(engine, &voice) == CHATTERBOX_STATUS_OK);
  CHECK(speak(engine, voice) == 0);
  chatterbox_voice_destroy(voice);
  CHECK(chatterbox_engine_submit(engine, NULL, &job) == CHATTERBOX_STATUS_INVALID_ARGUMENT);
  CHECK(strcmp(chatterbox_last_error(), "request must not be NULL") == 0);
  CHECK(job == NULL);
  CHECK(chatterbox_engine_drain(engine, CHATTERBOX_FOREVER) == CHATTERBOX_STATUS_OK);
  chatterbox_engine_destroy(engine);
  return 0;
}
