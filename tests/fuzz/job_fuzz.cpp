// Jobs in any order of events: submitted, fed, read, not read, cancelled, too late, thrown out of
// by their callbacks, dropped, and with the engine destroyed under them. Over the fake model, whose
// speech depends on the request alone. An entry of libFuzzer (clang++ -fsanitize=fuzzer);
// driver.cpp calls it with bytes drawn from seeds.
#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/long_texts.h"
#include "fuzz/target.h"
#include "support/fake_executor.h"
#include "support/requests.h"

namespace chatterbox {
namespace {

using namespace chatterbox::testing;  // NOLINT

using fuzz::Input;
using fuzz::require;

// What the callbacks of a job have seen.
struct Told {
  std::atomic<int> ends{0};
  std::atomic<bool> late{false};
  std::vector<float> pushed;  // of the engine's thread until the end

  void call() {
    if (ends != 0) late = true;
  }
};

struct Held {
  Job job;
  std::shared_ptr<Told> told;
  Request request;
  bool is_long = false, is_read = false, is_pushed = false;
  std::vector<float> read = {};
  bool ended = false;  // next() has said so
  // Of a job whose text comes by and by: what has come. Where it was flushed, what is a sentence
  // hangs on when; otherwise it is spoken as a text that was there at once.
  bool is_fed = false, is_flushed = false, is_all = false;
  std::string fed = {};
};

const std::vector<std::string>& texts() {
  static const std::vector<std::string> kTexts = {
      "A.", "Hello.", std::string(40, 'x'), std::string(120, 'y'),
      "One sentence. Another one. And a third one, which is longer than both of them."};
  return kTexts;
}

// What the text sounds like when nothing disturbs it.
const std::vector<float>& undisturbed(const std::string& text, bool is_long) {
  static std::map<std::pair<std::string, bool>, std::vector<float>> known;
  auto& samples = known[{text, is_long}];
  if (samples.empty()) {
    Engine engine({});
    const Request request = request_for(text);
    samples =
        (is_long ? engine.submit_long(request, {}) : engine.submit(request)).result().audio.samples;
  }
  return samples;
}

class Session {
 public:
  explicit Session(Input input) : input_(input) { start_engine(); }

  void run() {
    while (!input_.empty()) act();
    if (input_.one_of(2)) finish_all();
    destroy_engine();
  }

 private:
  void start_engine() {
    EngineOptions options;
    options.mode = static_cast<Mode>(input_.below(3));
    options.max_batch = 1 + static_cast<int32_t>(input_.below(4));
    options.max_queue = 1 + static_cast<int32_t>(input_.below(6));
    if (input_.one_of(2)) options.max_streams = 1 + static_cast<int32_t>(input_.below(3));
    if (input_.one_of(2)) options.device = input_.one_of(2) ? "cuda" : kFakeBatching;
    engine_ = std::make_unique<Engine>(options);
  }

  void act() {
    switch (input_.below(14)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return submit();
      case 4:
      case 5:
      case 6:
        return with_one([this](Held& held) { read(held); });
      case 7:
        return with_one([](Held& held) { held.job.cancel(); });
      case 8:
        return with_one([this](Held& held) {
          (void)held.job.wait(std::chrono::milliseconds(input_.below(3)));
        });
      case 9:
        return with_one([this](Held& held) { drop(held); });
      case 10:
        if (input_.one_of(4)) engine_->cancel_all();
        return;
      case 11:
      case 12:
        return with_one([this](Held& held) { feed(held); });
      default:
        if (!input_.one_of(8)) return;
        destroy_engine();
        start_engine();
    }
  }

  template <class Action>
  void with_one(const Action& action) {
    if (!jobs_.empty()) action(jobs_[input_.below(jobs_.size())]);
  }

  Request draw_request(const std::shared_ptr<Told>& told, bool is_long) {
    Request request = request_for(texts()[is_long ? texts().size() - 1 : input_.below(4)]);
    request.stream = static_cast<StreamMode>(input_.below(3));
    request.stream_options.chunks = {6 + static_cast<int32_t>(input_.below(10))};
    request.stream_options.right_tokens = 3 + static_cast<int32_t>(input_.below(11));
    request.stream_options.slack_tokens = static_cast<int32_t>(input_.below(11));
    request.priority = static_cast<int32_t>(input_.below(3)) - 1;
    request.client = input_.below(2);
    if (input_.one_of(6)) request.deadline = std::chrono::milliseconds(1 + input_.below(3));
    request.on_progress = [told](const Progress&) { told->call(); };
    request.on_done = [told](Status) { ++told->ends; };
    return request;
  }

  // Takes the samples until it has so many of them, and then refuses or throws; 0: takes all.
  static void push_to(Request& request, const std::shared_ptr<Told>& told, size_t most) {
    request.on_audio = [told, most](const float* samples, size_t count) {
      told->call();
      told->pushed.insert(told->pushed.end(), samples, samples + count);
      if (most == 0 || told->pushed.size() < most) return true;
      if (most % 2 == 0) return false;
      throw std::runtime_error("enough");
    };
  }

  void submit() {
    auto told = std::make_shared<Told>();
    const bool is_long = input_.one_of(4);
    const bool is_fed = is_long && input_.one_of(2);
    Request request = draw_request(told, is_long);
    if (is_fed) request.text.clear();
    const bool pushed = input_.one_of(3);
    if (pushed) push_to(request, told, input_.one_of(2) ? 0 : 1 + 4 * input_.below(64));
    try {
      Job job = is_fed    ? engine_->open(request, {})
                : is_long ? engine_->submit_long(request, {})
                          : engine_->submit(request);
      const bool read = request.stream != StreamMode::kNone && !pushed;
      jobs_.push_back({std::move(job), told, std::move(request), is_long, read, pushed});
      jobs_.back().is_fed = is_fed;
    } catch (const Error& error) {
      require(error.status() == Status::kBusy, "a good request was refused");
      require(told->ends == 0, "a request that was refused has an end");
    }
  }

  void feed(Held& held) {
    if (!held.is_fed || held.is_all) return;
    if (input_.one_of(8)) return end(held);
    try {
      if (input_.one_of(8)) {
        held.is_flushed = true;
        return held.job.flush();
      }
      const std::string part = sentences(3).substr(held.fed.size(), 1 + input_.below(200));
      held.job.feed(part);
      held.fed += part;
    } catch (const Error&) {
      require(held.job.done(), "a job that goes on took no text");
    }
  }

  static void end(Held& held) {
    if (std::exchange(held.is_all, true)) return;
    try {
      held.job.end();
    } catch (const Error&) {
      require(held.job.done(), "a job that goes on could not end");
    }
  }

  void read(Held& held) {
    if (!held.is_read || held.ended) return;
    Chunk chunk;
    try {
      const Job::Next next = held.job.next(std::chrono::milliseconds(input_.below(2)), chunk);
      held.ended = next == Job::Next::kEnd;
      if (next != Job::Next::kChunk) return;
      require(chunk.first == static_cast<int64_t>(held.read.size()), "a chunk is out of place");
      held.read.insert(held.read.end(), chunk.samples.begin(), chunk.samples.end());
    } catch (const Error&) {
      held.ended = true;
      require(held.job.done(), "a stream has failed and its job goes on");
    }
  }

  // The caller keeps nothing but what the callbacks tell.
  void drop(Held& held) {
    if (held.is_fed) end(held);
    dropped_.push_back(held.told);
    jobs_.erase(jobs_.begin() + (&held - jobs_.data()));
  }

  // Reads what there is to read, until all are done.
  void finish_all() {
    for (Held& held : jobs_) {
      if (held.is_fed) end(held);
    }
    for (Held& held : jobs_) {
      while (held.is_read && !held.ended) read(held);
      held.job.wait_until_told();
    }
  }

  void destroy_engine() {
    engine_.reset();
    for (const Held& held : jobs_) expect_ended(held);
    for (const auto& told : dropped_) expect_told(*told);
    jobs_.clear();
    dropped_.clear();
    require(fake_models() == 0, "a model was left");
    require(fake_breaches() == 0, "the executors' contract was breached");
  }

  static void expect_told(const Told& told) {
    require(told.ends == 1, "a job has not ended exactly once");
    require(!told.late, "a callback came after the end");
  }

  static void expect_ended(const Held& held) {
    require(held.job.done(), "a job outlived its engine");
    expect_told(*held.told);
    if (held.is_flushed || (held.is_fed && held.fed.empty())) return;
    const std::vector<float>& whole =
        undisturbed(held.is_fed ? held.fed : held.request.text, held.is_long);
    const std::vector<float>& heard = held.is_pushed ? held.told->pushed : held.read;
    const bool is_prefix =
        heard.size() <= whole.size() && std::equal(heard.begin(), heard.end(), whole.begin());
    require(is_prefix, "a stream is not the beginning of what it should be");
    if (held.job.failure()) return;
    const Result& result = held.job.result();
    require(result.samples == static_cast<int64_t>(whole.size()), "a length is wrong");
    if (held.is_pushed || held.ended) require(heard.size() == whole.size(), "samples are missing");
    if (!held.is_pushed && !held.is_read) require(result.audio.samples == whole, "other samples");
  }

  Input input_;
  std::unique_ptr<Engine> engine_;
  std::vector<Held> jobs_;
  std::vector<std::shared_ptr<Told>> dropped_;
};

}  // namespace
}  // namespace chatterbox

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Known before an engine of the session is there: the models are counted.
  for (const std::string& text : chatterbox::texts()) {
    (void)chatterbox::undisturbed(text, false);
    (void)chatterbox::undisturbed(text, true);
  }
  chatterbox::Session(chatterbox::Input(data, size)).run();
  return 0;
}
