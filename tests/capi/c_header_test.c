/* The C header needs nothing before it, is C11 without a warning, and suffices to speak. */
#include <chatterbox/chatterbox.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(chatterbox_status) == 4, "a status has 32 bits in every language");
_Static_assert(CHATTERBOX_STATUS_OK == 0, "success is 0");
_Static_assert(CHATTERBOX_STATUS_INTERNAL == -13, "failures are negative and never renumbered");
_Static_assert(offsetof(chatterbox_request, struct_size) == 0, "the size comes first");

#define CHECK(condition)                                                         \
  do {                                                                           \
    if (!(condition)) {                                                          \
      fprintf(stderr, "%s is false: %s\n", #condition, chatterbox_last_error()); \
      return 1;                                                                  \
    }                                                                            \
  } while (0)

static void count_reports(const chatterbox_progress* progress, void* user_data) {
  if (progress->stage == CHATTERBOX_STAGE_DECODE) ++*(int*)user_data;
}

int main(void) {
  chatterbox_engine_options options;
  chatterbox_engine* engine = NULL;
  chatterbox_voice* voice = NULL;
  chatterbox_request request;
  chatterbox_job* job = NULL;
  chatterbox_result* result = NULL;
  chatterbox_result_stats stats;
  int reports = 0;

  CHECK(chatterbox_abi_version() == CHATTERBOX_ABI_VERSION);
  CHECK(chatterbox_engine_options_init(&options, sizeof options) == CHATTERBOX_STATUS_OK);
  options.device = "cpu";
  CHECK(chatterbox_engine_create(&options, &engine) == CHATTERBOX_STATUS_OK);
  CHECK(chatterbox_engine_default_voice(engine, &voice) == CHATTERBOX_STATUS_OK);
  CHECK(chatterbox_request_init(&request, sizeof request) == CHATTERBOX_STATUS_OK);
  request.text = "Hello.";
  request.voice = voice;
  request.max_new_tokens = 3;
  request.on_progress = count_reports;
  request.progress_user_data = &reports;
  CHECK(chatterbox_engine_submit(engine, &request, &job) == CHATTERBOX_STATUS_OK);
  chatterbox_voice_destroy(voice);
  CHECK(chatterbox_job_wait(job, &result) == CHATTERBOX_STATUS_OK);
  CHECK(reports == 3);
  CHECK(chatterbox_result_sample_count(result) == 24);
  CHECK(chatterbox_result_samples(result) != NULL);
  CHECK(chatterbox_result_get_stats(result, &stats, sizeof stats) == CHATTERBOX_STATUS_OK);
  CHECK(stats.finish_reason == CHATTERBOX_FINISH_MAX_TOKENS);
  chatterbox_job_destroy(job);
  CHECK(chatterbox_engine_submit(engine, NULL, &job) == CHATTERBOX_STATUS_INVALID_ARGUMENT);
  CHECK(strcmp(chatterbox_last_error(), "request must not be NULL") == 0);
  CHECK(job == NULL);
  chatterbox_result_destroy(result);
  chatterbox_engine_destroy(engine);
  return 0;
}
