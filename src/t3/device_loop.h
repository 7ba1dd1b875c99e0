// The decode loop on a device. A step is asked for before anybody has read the last one's tokens,
// which stay on the device: the host is one step behind, unless an analyzer has to see what a
// step attends to before the next token is drawn. A sequence whose end the host has not seen yet
// takes part in one more step, which nobody reads.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "t3/batch_generation_state.h"
#include "t3/device_step.h"
#include "t3/draws_ahead.h"
#include "t3/model.h"

namespace chatterbox::t3 {

class DeviceLoop {
 public:
  DeviceLoop(const Model& model, BatchKVCache& cache, BatchGenerationState& state,
             const DeviceUse& use)
      : model_(model), cache_(cache), state_(state), step_(model, cache, use) {}

  // At the end of a sequence's prompt, which may be on another stream: logits [its rows,
  // vocabulary] that it draws from once it is `started`.
  void start(int64_t id, const at::Tensor& logits);
  // Draws one token for every running sequence and feeds it back. Most are read in the next call.
  void step();
  void remove(int64_t id) { drawing_.erase(id); }

 private:
  // What the host knows of a sequence ahead of its tokens.
  struct Drawing {
    DrawsAhead draws;
    int64_t asked = 0;  // tokens that steps were asked for
    EndOfSpeech end = EndOfSpeech::kKept;
  };
  struct Asked {
    std::vector<int64_t> ids;
    StepResults results;
  };

  [[nodiscard]] std::vector<int64_t> drawing() const;
  [[nodiscard]] bool is_last(int64_t id) const;
  // Whether the host has to read a step before the next one: before it is asked for, and at once.
  [[nodiscard]] bool reads_before(const std::vector<int64_t>& ids) const;
  [[nodiscard]] bool reads_after(const std::vector<int64_t>& ids) const;
  void ask_in_halves(const std::vector<int64_t>& ids);
  void ask(const std::vector<int64_t>& ids);
  [[nodiscard]] StepPlan plan(const std::vector<int64_t>& ids);
  void add_rows(StepPlan& plan, const SequenceState& sequence, const Drawing& drawing,
                bool is_last) const;
  void prepare_draws();
  // All but the last `kept` steps.
  void read(size_t kept);
  void read(const Asked& asked, size_t index);

  const Model& model_;
  BatchKVCache& cache_;
  BatchGenerationState& state_;
  DeviceStep step_;
  std::map<int64_t, Drawing> drawing_;  // by the sequence's id
  std::deque<Asked> asked_;             // and not read
};

}  // namespace chatterbox::t3
