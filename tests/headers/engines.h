// What the tests of the C++ interface share. They run over the fake model, but know of the library
// what its public headers say.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chatterbox/chatterbox.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/latch.h"
#include "support/wave.h"

namespace chatterbox::header_test {

// Of the fake model.
inline constexpr size_t kSamplesPerToken = 8;
inline constexpr const char* kWithoutVoice = "no-voice";

using Wave = std::vector<float>;
using testing::wave_of;

// With a seed, so that results can be compared.
inline Request request_for(const std::string& text) {
  Request request;
  request.text = text;
  request.seed = 5;
  return request;
}

inline Conversion conversion_of(size_t seconds = 1) {
  Conversion conversion;
  conversion.source = Audio(Wave(seconds * 24000, 0.5F));
  conversion.seed = 5;
  return conversion;
}

// What `work` throws.
inline Error error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {Status::kOk, ""};
}

inline void expect_error(const std::function<void()>& work, Status status,
                         const std::string& message) {
  const Error error = error_of(work);
  EXPECT_EQ(error.status(), status);
  EXPECT_EQ(std::string(error.what()), message);
}

// Holds an engine's thread in the first report of a request, until the test says go on or ends.
class Hold {
 public:
  ~Hold() { go_on(); }
  Hold() = default;
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  [[nodiscard]] Request request(const std::string& text) const {
    Request held = request_for(text);
    held.on_progress = [latches = latches_](const Progress&) {
      latches->reached.open();
      latches->go_on.wait();
    };
    return held;
  }
  void wait_until_reached() const { latches_->reached.wait(); }
  void go_on() const { latches_->go_on.open(); }

 private:
  struct Latches {
    testing::Latch reached, go_on;
  };
  const std::shared_ptr<Latches> latches_ = std::make_shared<Latches>();
};

}  // namespace chatterbox::header_test
