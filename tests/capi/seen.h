// What arrives behind the C ABI.
#pragma once

#include <array>
#include <memory>

#include "capi/capi_test.h"

namespace chatterbox::capi_test {

// What the model gets of what `ask` asks of an engine.
template <class Ask>
runtime::Task task_of(const Ask& ask, const chatterbox_engine_options* options = nullptr) {
  const auto seen = std::make_shared<runtime::Task>();
  const testing::ScopedFakeHook hook([seen](const testing::FakeCall& call) {
    if (call.point == testing::FakePoint::kBegin) *seen = *call.task;
  });
  const auto engine = make_engine(options);
  ask(engine);
  return *seen;
}

inline runtime::Task task_of(const chatterbox_request& request,
                             const chatterbox_engine_options* options = nullptr) {
  return task_of([&](const Owned<chatterbox_engine>& engine) { (void)generate(engine, request); },
                 options);
}

inline EngineOptions options_of(const chatterbox_engine_options* options) {
  const auto seen = std::make_shared<EngineOptions>();
  const testing::ScopedFakeHook hook([seen](const testing::FakeCall& call) {
    if (call.point == testing::FakePoint::kLoad) *seen = *call.options;
  });
  EXPECT_TRUE(make_engine(options));
  return *seen;
}

// A struct of a newer header: more bytes behind it than this library knows.
template <class Struct>
struct Newer {
  Struct known;
  std::array<unsigned char, 16> appended;
};

}  // namespace chatterbox::capi_test
