#include "engine/task.h"

#include <algorithm>
#include <random>
#include <utility>

#include "engine/validate.h"
#include "engine/voice.h"
#include "support/error.h"

namespace chatterbox::engine {
namespace {

std::shared_ptr<const voice::Conditionals> choose_voice(const std::optional<Voice>& voice,
                                                        const Executor& executor) {
  auto chosen = voice ? voice->impl()->conditionals() : executor.default_voice();
  if (!chosen) fail(Status::kNotFound, "the model has no voice of its own, so voice must be set");
  return chosen;
}

}  // namespace

uint64_t random_seed() {
  std::random_device device;
  const uint64_t high = device();
  return high << 32 | device();
}

std::string lower_case(std::string code) {
  std::transform(code.begin(), code.end(), code.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return code;
}

Task make_task(const Request& request, const Executor& executor) {
  validate_request(request);
  Task task;
  task.text = request.text;
  task.language = lower_case(request.language);
  task.text_tags = request.text_tags;
  task.voice = choose_voice(request.voice, executor);
  task.seed = request.seed ? *request.seed : random_seed();
  task.temperature = request.temperature;
  task.cfg_weight = request.cfg_weight;
  task.exaggeration = request.exaggeration;
  task.min_p = request.min_p;
  task.top_p = request.top_p;
  task.repetition_penalty = request.repetition_penalty;
  task.top_k = request.top_k;
  task.max_new_tokens = request.max_new_tokens;
  task.cfm_steps = request.cfm_steps;
  task.analyze_alignment = request.analyze_alignment;
  executor.check(task);
  return task;
}

Task make_task(Conversion conversion, const Executor& executor) {
  validate_conversion(conversion);
  Task task;
  task.source = std::make_shared<const Audio>(std::move(conversion.source));
  task.voice = choose_voice(conversion.voice, executor);
  task.seed = conversion.seed ? *conversion.seed : random_seed();
  task.cfm_steps =
      conversion.cfm_steps ? *conversion.cfm_steps : executor.default_request().cfm_steps;
  executor.check(task);
  return task;
}

}  // namespace chatterbox::engine
