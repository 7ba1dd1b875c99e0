/* Speaks one sentence with the demo model, or with the checkpoint folder given. */
#include <chatterbox/chatterbox.h>
#include <stdio.h>

int main(int argc, char** argv) {
  chatterbox_engine_options options;
  chatterbox_engine* engine = NULL;
  chatterbox_request request;
  chatterbox_result* result = NULL;

  chatterbox_status status = chatterbox_engine_options_init(&options, sizeof options);
  if (argc > 1) options.model = argv[1];
  if (!status) status = chatterbox_engine_create(&options, &engine);
  if (!status) status = chatterbox_request_init(&request, sizeof request);
  request.text = "Hello from C.";
  if (!status) status = chatterbox_engine_generate(engine, &request, &result);
  if (!status) {
    status = chatterbox_audio_write(
        "hello_c.wav", CHATTERBOX_FORMAT_AUTO, chatterbox_result_samples(result),
        chatterbox_result_sample_count(result), 1, chatterbox_result_sample_rate(result));
  }
  if (status) fprintf(stderr, "error: %s\n", chatterbox_last_error());

  chatterbox_result_destroy(result);
  chatterbox_engine_destroy(engine);
  return status ? 1 : 0;
}
