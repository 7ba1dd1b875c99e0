// NaN and infinity within one request, at each of its stages: it fails, what is spoken beside it
// has the same bits as without it, and the engine goes on. They are put where --dump looks, into
// the tensors that a stage hands to the next, or come with a voice: then T3's activations have them
// from the first position on, and so all of its rows in the KV cache.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "engine/engine.h"

namespace chatterbox::testing {

struct NotFiniteSetup {
  const char* name;
  EngineOptions (*options)();
  std::vector<const char*> tensors;          // of those that a stage hands on, not as copies
  float* (*memory)(const TensorView& view);  // where the stage has what the view shows
};

inline std::string name_of(const ::testing::TestParamInfo<NotFiniteSetup>& setup) {
  return setup.param.name;
}

// Its tests, in not_finite_cases.cpp, are run for each setup of a program.
class NotFinite : public ::testing::TestWithParam<NotFiniteSetup> {
 protected:
  NotFinite();

  static Request victim();
  // Puts the value into the middle of each tensor of that name.
  static void put(Request& request, const std::string& tensor, float value);
  void expect_fails_alone(const Request& request, const std::string& why);
  void TearDown() override;

  Engine engine_;
  std::vector<std::vector<float>> alone_;
  std::vector<float> whole_;
};

}  // namespace chatterbox::testing
