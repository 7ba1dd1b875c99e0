// What there is to know about a loaded model. Immutable: every function may be called from any
// thread at any time. Torch-free.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/options.h"
#include "runtime/task.h"
#include "text/words.h"
#include "voice/conditionals.h"

namespace chatterbox::runtime {

// What the memory limit allows.
struct CacheLimits {
  int64_t rows = 0;
  int64_t positions = 0;  // of each row
  int64_t row_bytes = 0;
  int64_t batch_frames = 0;  // mel frames that S3Gen works on at a time
  int64_t prefix_bytes = 0;  // of the prefix cache
  int64_t prompt_bytes = 0;  // of the frozen prompts of streams
  int64_t requests = 0;      // that may draw tokens at a time
  int64_t graphs = 0;        // of kinds of decode steps, on a device that records them
};

// How the device wants to be used. Plain facts that the scheduling policies are functions of.
struct DeviceTraits {
  // S3Gen may run on a thread of its own beside T3.
  bool overlaps = false;
  // A batch of utterances costs S3Gen less than one after the other. Not so on a CPU, where S3Gen
  // is arithmetic that fills all cores with one utterance.
  bool batches_speech = false;
  // Texts that T3 reads together, whose chunks take one pass. Their bits depend on each other.
  int64_t prefills = 1;
};

class ModelCatalog {
 public:
  virtual ~ModelCatalog() = default;

  [[nodiscard]] virtual const EngineInfo& info() const = 0;
  [[nodiscard]] virtual CacheLimits limits() const = 0;
  [[nodiscard]] virtual Mode mode() const = 0;  // effective_mode() of its options
  [[nodiscard]] virtual DeviceTraits device_traits() const = 0;

  [[nodiscard]] virtual std::shared_ptr<const voice::Conditionals> default_voice()
      const = 0;  // may be null
  // One that the model ships. kNotFound lists those it has.
  [[nodiscard]] virtual std::shared_ptr<const voice::Conditionals> named_voice(
      const std::string& name) const = 0;

  // The ids of a task's text, without start and stop. kInvalidArgument: a language that the model
  // does not speak, characters that it cannot read.
  [[nodiscard]] virtual std::vector<int64_t> encode(const Task& task) const = 0;
  // The words of a task's text, and the places of their tokens in text_ids, which are there.
  [[nodiscard]] virtual std::vector<text::TextWord> words(const Task& task) const = 0;
  // Tokens of the text with start and stop, as info().max_text_tokens counts them.
  [[nodiscard]] virtual int64_t text_tokens(const Task& task) const = 0;
  // Speech tokens that the task may have at most: max_new_tokens, or fewer where the family has a
  // limit by the text. The task's text_ids are there.
  [[nodiscard]] virtual int64_t token_budget(const Task& task) const { return task.max_new_tokens; }
  // Of a piece of a long text: as many as are spoken in half a minute or less.
  [[nodiscard]] virtual int64_t piece_tokens() const = 0;
  // KV rows that the task takes, at most as many as there are; none but for speech.
  [[nodiscard]] virtual int64_t rows(const Task& task) const = 0;
  // Throws kInvalidArgument where the text has too many tokens, where no row is long enough, and
  // the like. The task's text_ids are there.
  virtual void check(const Task& task) const = 0;
};

}  // namespace chatterbox::runtime
