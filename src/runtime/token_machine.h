// T3 with the real models, and the reading of recordings in parts.
#pragma once

#include <c10/core/InferenceMode.h>

#include <map>
#include <memory>
#include <optional>
#include <variant>

#include "runtime/executor.h"
#include "runtime/model_set.h"
#include "runtime/model_utterance.h"
#include "voice/source_tokens.h"
#include "voice/voice_maker.h"

namespace chatterbox::runtime {

class TokenMachine final : public TokenExecutor {
 public:
  TokenMachine(std::shared_ptr<const ModelSet> models, Log log)
      : models_(std::move(models)), log_(std::move(log)) {}

  void enter() override;
  void leave() noexcept override;
  [[nodiscard]] int64_t begin(const Task& task) override;
  [[nodiscard]] bool prefill(int64_t id) override;
  void step() override;
  [[nodiscard]] bool generated(int64_t id) const override;
  [[nodiscard]] int64_t drawn(int64_t id) const override;
  [[nodiscard]] std::unique_ptr<Utterance> collect(int64_t id) override;
  [[nodiscard]] std::unique_ptr<Utterance> open(int64_t id) override;
  void extend(int64_t id, Utterance& utterance) override;
  [[nodiscard]] voice::Conditionals collect_voice(int64_t id) override;
  void end(int64_t id) noexcept override;
  [[nodiscard]] PrefixStats prefix_stats() const override;

 private:
  struct Decoding {
    int64_t id;  // the decoder's
  };
  struct Sequence {
    Task task;
    std::variant<Decoding, voice::SourceReader, voice::VoiceRun> work;
    bool read = false;  // a recording of which all parts are done
    double prefill_seconds = 0;
  };
  using Sequences = std::map<int64_t, Sequence>;

  [[nodiscard]] Sequence start(const Task& task);
  [[nodiscard]] t3::Decoder& decoder();
  [[nodiscard]] Sequence take(int64_t id);
  // What the sequence has generated, to an utterance that may have some of it.
  void finish(const Sequence& sequence, ModelUtterance& utterance) const;
  void finish_speech(const Sequence& sequence, ModelUtterance& utterance) const;
  [[nodiscard]] std::vector<int64_t> places(const t3::Generation& generation) const;
  void finish_conversion(const Sequence& sequence, ModelUtterance& utterance) const;

  const std::shared_ptr<const ModelSet> models_;
  const Log log_;
  std::unique_ptr<c10::InferenceMode> inference_mode_;
  std::unique_ptr<t3::Decoder> decoder_;  // made for the first request: an idle engine is small
  Sequences sequences_;
  int64_t next_id_ = 0;
};

}  // namespace chatterbox::runtime
