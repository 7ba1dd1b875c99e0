/* Speaks with the demo model through the C interface. */
#include <chatterbox/chatterbox.h>
#include <stdio.h>

int main(void) {
  chatterbox_engine* engine = NULL;
  chatterbox_result* result = NULL;
  chatterbox_request request;
  if (chatterbox_abi_version() != CHATTERBOX_ABI_VERSION) return 2;
  chatterbox_status status = chatterbox_request_init(&request, sizeof request);
  request.text = "Installed.";
  request.has_seed = 1;
  request.seed = 1;
  request.max_new_tokens = 20;
  if (status == CHATTERBOX_STATUS_OK) status = chatterbox_engine_create(NULL, &engine);
  if (status == CHATTERBOX_STATUS_OK) {
    status = chatterbox_engine_generate(engine, &request, &result);
  }
  if (status != CHATTERBOX_STATUS_OK) fprintf(stderr, "%s\n", chatterbox_last_error());
  const int spoke = chatterbox_result_sample_count(result) > 0;
  chatterbox_result_destroy(result);
  chatterbox_engine_destroy(engine);
  return spoke ? 0 : 1;
}
