#include "runtime/not_finite.h"

#include "support/error.h"
#include "support/failure_of.h"

namespace chatterbox::testing {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

Request request_for(const std::string& text, uint64_t seed) {
  Request request;
  request.text = text;
  request.seed = seed;
  request.max_new_tokens = 16;
  request.cfm_steps = 1;
  return request;
}

// Without guidance and whole, with it and in chunks.
Request other(int number) {
  Request request = request_for("One of the others.", static_cast<uint64_t>(number));
  request.cfg_weight = number == 0 ? 0.F : 0.5F;
  if (number == 1) {
    request.stream = StreamMode::kChunks;
    request.on_audio = [](const float*, size_t) { return true; };
  }
  return request;
}

EngineOptions with_room(EngineOptions options) {
  options.max_batch = 4;
  return options;
}

}  // namespace

NotFinite::NotFinite() : engine_(with_room(GetParam().options())) {
  for (int i = 0; i < 2; ++i) alone_.push_back(engine_.submit(other(i)).result().audio.samples);
  whole_ = engine_.submit(victim()).result().audio.samples;
}

Request NotFinite::victim() { return request_for("This one has it.", 7); }

void NotFinite::put(Request& request, const std::string& tensor, float value) {
  request.on_tensor = [tensor, value](const TensorView& view) {
    if (view.name.substr(0, tensor.size()) != tensor) return;
    int64_t count = 1;
    for (size_t i = 0; i < view.rank; ++i) count *= view.shape[i];
    GetParam().memory(view)[count / 2] = value;
  };
}

void NotFinite::expect_fails_alone(const Request& request, const std::string& why) {
  std::vector<Job> jobs = {engine_.submit(other(0))};
  const Job failing = engine_.submit(request);
  jobs.push_back(engine_.submit(other(1)));
  const Failure failure = failure_of([&] { (void)failing.result(); });
  EXPECT_EQ(failure.status, Status::kInternal) << failure.message;
  EXPECT_THAT(failure.message, ::testing::HasSubstr(why));
  for (size_t i = 0; i < jobs.size(); ++i) {
    EXPECT_TRUE(jobs[i].result().audio.samples == alone_[i]) << i;
  }
  EXPECT_EQ(engine_.metrics().rows_in_use, 0);
}

void NotFinite::TearDown() {
  EXPECT_TRUE(engine_.submit(victim()).result().audio.samples == whole_);
}

TEST_P(NotFinite, InATensorThatAStageHandsOn) {
  for (const char* tensor : GetParam().tensors) {
    for (const float value : {kNan, kInf}) {
      SCOPED_TRACE(std::string(tensor) + " " + std::to_string(value));
      Request request = victim();
      put(request, tensor, value);
      expect_fails_alone(request, "not finite");
    }
  }
}

TEST_P(NotFinite, InAStream) {
  for (const char* tensor : {"s3gen.mu", "s3gen.mel"}) {
    for (const float value : {kNan, -kInf}) {
      SCOPED_TRACE(std::string(tensor) + " " + std::to_string(value));
      Request request = victim();
      request.stream = StreamMode::kChunks;
      request.on_audio = [](const float*, size_t) { return true; };
      put(request, tensor, value);
      expect_fails_alone(request, "not finite");
    }
  }
}

// The parts of a voice that T3 reads, and those that S3Gen does. One that was parsed is finite.
TEST_P(NotFinite, InAVoice) {
  const voice::Conditionals sound = *engine_.default_voice().conditionals();
  const auto with = [&](std::vector<float> voice::Conditionals::*part, float value) {
    auto bad = std::make_shared<voice::Conditionals>(sound);
    ((*bad).*part)[(sound.*part).size() / 2] = value;
    Request request = victim();
    request.voice = Voice(bad);
    return request;
  };
  for (const float value : {kNan, kInf}) {
    SCOPED_TRACE(value);
    expect_fails_alone(with(&voice::Conditionals::speaker_emb, value), "logits of step 0");
    expect_fails_alone(with(&voice::Conditionals::x_vector, value), "not finite");
    expect_fails_alone(with(&voice::Conditionals::s3gen_mel, value), "not finite");
  }
}

}  // namespace chatterbox::testing
