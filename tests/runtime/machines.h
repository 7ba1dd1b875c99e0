// The machines of a loaded model, driven as the engine drives them on a CPU: both on one thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "audio/audio.h"
#include "runtime/executor.h"
#include "voice/recording.h"

namespace chatterbox::testing {

inline EngineOptions cpu_options(const std::string& model) {
  EngineOptions options;
  options.model = model;
  options.device = "cpu";
  options.threads = 2;
  options.watermark = Watermark::kOff;
  options.memory_limit = int64_t{1} << 30;
  return options;
}

class Machines {
 public:
  explicit Machines(const EngineOptions& options) : model_(runtime::load_model(options)) {
    tokens().enter();
    speech().enter();
  }
  Machines(const Machines&) = delete;
  Machines& operator=(const Machines&) = delete;
  ~Machines() {
    speech().leave();
    tokens().leave();
  }

  [[nodiscard]] const runtime::ModelCatalog& catalog() const { return model_->catalog(); }
  [[nodiscard]] runtime::TokenExecutor& tokens() { return model_->tokens(); }
  [[nodiscard]] runtime::SpeechExecutor& speech() { return model_->speech(); }

  // With the family's defaults and the model's own voice.
  [[nodiscard]] runtime::Task speech_task(const std::string& text,
                                          const std::string& language = "") const {
    const RequestDefaults& defaults = catalog().info().defaults;
    runtime::Task task;
    task.text = text;
    task.language = language;
    task.text_ids = catalog().encode(task);
    task.voice = catalog().default_voice();
    task.seed = 1;
    task.temperature = defaults.temperature;
    task.cfg_weight = defaults.cfg_weight;
    task.exaggeration = defaults.exaggeration;
    task.min_p = defaults.min_p;
    task.top_p = defaults.top_p;
    task.repetition_penalty = defaults.repetition_penalty;
    task.top_k = defaults.top_k;
    task.max_new_tokens = defaults.max_new_tokens;
    task.cfm_steps = task.cfg_steps = defaults.cfm_steps;
    task.analyze_alignment = defaults.analyze_alignment;
    return task;
  }
  [[nodiscard]] runtime::Task conversion_task(const Audio& source) const {
    runtime::Task task;
    task.kind = runtime::TaskKind::kConversion;
    task.source = std::make_shared<const Audio>(voice::heard_for_conversion(source));
    task.voice = catalog().default_voice();
    task.seed = 1;
    task.cfm_steps = task.cfg_steps = catalog().info().defaults.cfm_steps;
    return task;
  }
  [[nodiscard]] static runtime::Task voice_task(const Audio& recording) {
    runtime::Task task;
    task.kind = runtime::TaskKind::kVoice;
    task.source = std::make_shared<const Audio>(voice::heard_for_voice(recording));
    return task;
  }

  // Begun, and through with its prefill.
  [[nodiscard]] int64_t begin(const runtime::Task& task) {
    catalog().check(task);
    const int64_t id = tokens().begin(task);
    while (!tokens().prefill(id)) continue;
    return id;
  }
  [[nodiscard]] std::unique_ptr<runtime::Utterance> draw(int64_t id) {
    while (!tokens().generated(id)) tokens().step();
    return tokens().collect(id);
  }
  [[nodiscard]] std::unique_ptr<runtime::Utterance> draw(const runtime::Task& task) {
    return draw(begin(task));
  }
  [[nodiscard]] std::shared_ptr<const voice::Conditionals> make_voice(const runtime::Task& task) {
    return std::make_shared<const voice::Conditionals>(tokens().collect_voice(begin(task)));
  }
  [[nodiscard]] std::vector<std::vector<float>> speak(
      const std::vector<runtime::Utterance*>& batch) {
    speech().flow(batch, [](int64_t) {});
    return speech().vocode(batch);
  }
  [[nodiscard]] std::vector<float> speak(runtime::Utterance& utterance) {
    return speak(std::vector<runtime::Utterance*>{&utterance}).front();
  }
  [[nodiscard]] std::vector<float> speak(const runtime::Task& task) { return speak(*draw(task)); }

 private:
  std::unique_ptr<runtime::Model> model_;
};

}  // namespace chatterbox::testing
