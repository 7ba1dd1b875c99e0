// What S3Gen speaks next, of the utterances that have all their tokens. Pure functions over plain
// numbers.
//
// Where a batch gains nothing (a CPU), utterances are spoken one at a time, and as soon as there is
// one: what is nearly done is done first that way, which serves the mean, and the decode steps of
// the others cost the same before and after. Between two utterances there is one step of the
// others; within one there is none, as it would put off this one and bring no other forward.
// tests/engine/latency_test.cpp has what that gives. More steps between two utterances (8, 16, 32
// were tried) make the mean worse and bring a long request forward by little.
//
// Where a batch is cheaper than its parts (a GPU), an utterance waits a while for others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace chatterbox::engine {

struct ReadyUtterance {
  int64_t frames = 0;  // of its mel
  int64_t cfm_steps = 0;
  int64_t cfg_steps = 0;
  int32_t priority = 0;
  uint64_t series = 0;          // of the pieces of one long text; 0: of none
  int64_t steps_waited = 0;     // decode steps since it has been ready
  int64_t times_overtaken = 0;  // by utterances that are listed behind it
};

// Times that an utterance lets others pass that are listed behind it and have less to do.
inline constexpr int64_t kMaxOvertaken = 4;
// Decode steps that an utterance waits for others to be spoken with.
inline constexpr int64_t kPatience = 32;

// All of them give indices into `ready`, which is in the order in which the requests started;
// nothing: S3Gen is to wait.

// The one with the least work of those with the highest priority, but first whoever was overtaken
// kMaxOvertaken times. Pieces of one long text come in their order.
[[nodiscard]] std::vector<size_t> next_alone(const std::vector<ReadyUtterance>& ready);

// Utterances of the same cfm_steps and cfg_steps and of about the same length, so that little of a
// batch is padding, of at most `max_frames` with it. Where both share a device's time, S3Gen holds
// up those that still draw tokens, `drawing` of them: so it waits until no more draw than are
// ready, which makes a large batch, or until a batch is full, or one has waited for kPatience
// steps.
[[nodiscard]] std::vector<size_t> next_batch(const std::vector<ReadyUtterance>& ready,
                                             int64_t drawing, int64_t max_frames);

}  // namespace chatterbox::engine
