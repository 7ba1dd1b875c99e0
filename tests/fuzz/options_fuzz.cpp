// The structs of the C functions from raw bytes, over the fake model: every function takes them or
// says what is wrong, and an engine goes on.
#include <chatterbox/chatterbox.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "fuzz/target.h"

namespace chatterbox::fuzz {
namespace {

const char* draw_text(Input& input) {
  static const char* const kTexts[] = {
      "Hello.", "", nullptr, "de", "\xFF", "cpu", "One. [pause:1s] Two.", "a\nb"};
  return kTexts[input.below(std::size(kTexts))];
}

// A struct that begins as the defaults or as zeros, with some of its bytes drawn. Pointers are set
// afterwards.
template <class Struct>
Struct draw(Input& input, chatterbox_status (*init)(Struct*, size_t)) {
  Struct value;
  std::memset(&value, 0, sizeof value);
  if (!input.one_of(8)) {
    require(init(&value, sizeof value) == CHATTERBOX_STATUS_OK, "no defaults");
  }
  auto* bytes = reinterpret_cast<unsigned char*>(&value);
  // A size that is more than there is cannot be known to be wrong, so it stays below.
  for (size_t changes = input.below(6); changes > 0; --changes) {
    const size_t at = 4 + (input.next() | input.next() << 8) % (sizeof value - 4);
    bytes[at] = input.next();
  }
  if (input.one_of(16)) value.struct_size = static_cast<uint32_t>(input.below(sizeof value + 1));
  return value;
}

void check(chatterbox_status status) {
  require(status != CHATTERBOX_STATUS_INTERNAL, chatterbox_last_error());
}

void finish(chatterbox_status status, chatterbox_job* job) {
  check(status);
  require((status == CHATTERBOX_STATUS_OK) == (job != nullptr), "a job without a status");
  if (job == nullptr) return;
  chatterbox_job_cancel(job);
  chatterbox_result* result = nullptr;
  check(chatterbox_job_wait(job, CHATTERBOX_FOREVER, &result));
  chatterbox_result_destroy(result);
  chatterbox_job_destroy(job);
}

void make_engine(Input& input) {
  auto options = draw(input, chatterbox_engine_options_init);
  options.model = input.one_of(4) ? draw_text(input) : "demo";
  options.device = input.one_of(4) ? draw_text(input) : "cpu";
  options.s3gen = input.one_of(4) ? draw_text(input) : nullptr;
  options.files = nullptr;
  options.log = nullptr;
  chatterbox_engine* engine = nullptr;
  check(chatterbox_engine_create(&options, &engine));
  chatterbox_engine_destroy(engine);
}

void submit(Input& input, chatterbox_engine* engine) {
  auto stream = draw(input, chatterbox_stream_options_init);
  const int32_t chunks[] = {6, 7, static_cast<int32_t>(input.next())};
  stream.chunks = input.one_of(2) ? chunks : nullptr;
  stream.chunk_count =
      stream.chunks == nullptr ? input.below(3) : input.below(std::size(chunks) + 1);
  auto request = draw(input, chatterbox_request_init);
  request.text = input.one_of(4) ? draw_text(input) : "Hello.";
  request.language = input.one_of(4) ? draw_text(input) : nullptr;
  request.voice = nullptr;
  request.on_progress = nullptr;
  request.on_tensor = nullptr;
  request.on_audio = nullptr;
  request.on_done = nullptr;
  request.stream_options = input.one_of(2) ? &stream : nullptr;
  chatterbox_job* job = nullptr;
  if (input.one_of(2)) {
    const chatterbox_status status = chatterbox_engine_submit(engine, &request, &job);
    return finish(status, job);
  }
  auto options = draw(input, chatterbox_long_text_options_init);
  options.on_piece = nullptr;
  const chatterbox_status status = chatterbox_engine_submit_long(engine, &request, &options, &job);
  finish(status, job);
}

void convert(Input& input, chatterbox_engine* engine) {
  auto conversion = draw(input, chatterbox_conversion_init);
  const std::vector<float> samples(8000, 0.25F);
  conversion.samples = input.one_of(8) ? nullptr : samples.data();
  conversion.channels = std::min(conversion.channels, 4);
  conversion.frames = input.one_of(4) ? input.next() : samples.size() / 4;
  if (!input.one_of(4)) conversion.sample_rate = 8000;
  conversion.voice = nullptr;
  conversion.on_progress = nullptr;
  conversion.on_tensor = nullptr;
  conversion.on_audio = nullptr;
  conversion.on_done = nullptr;
  conversion.stream_options = nullptr;
  chatterbox_job* job = nullptr;
  const chatterbox_status status = chatterbox_engine_submit_conversion(engine, &conversion, &job);
  finish(status, job);
}

chatterbox_engine* shared_engine() {
  static chatterbox_engine* const kEngine = [] {
    chatterbox_engine* engine = nullptr;
    require(chatterbox_engine_create(nullptr, &engine) == CHATTERBOX_STATUS_OK, "no engine");
    return engine;
  }();
  return kEngine;
}

}  // namespace
}  // namespace chatterbox::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace chatterbox::fuzz;  // NOLINT
  Input input(data, size);
  switch (input.below(4)) {
    case 0:
      make_engine(input);
      break;
    case 1:
      convert(input, shared_engine());
      break;
    default:
      submit(input, shared_engine());
  }
  return 0;
}
