#include "engine/batch.h"

#include <utility>

#include "engine/make_task.h"
#include "engine/submit.h"
#include "support/error.h"

namespace chatterbox::engine {
namespace {

using JobPointer = std::shared_ptr<Job::State>;

// How many of a batch's requests are on their way: as many as run, and as many again that wait, so
// that none does for another. The others are not even tasks yet.
class Window {
 public:
  explicit Window(int64_t size) : size_(size) {}

  void enter() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return inside_ < size_; });
    ++inside_;
  }
  void leave() {
    const std::lock_guard<std::mutex> lock(mutex_);
    --inside_;
    changed_.notify_one();
  }

 private:
  const int64_t size_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t inside_ = 0;
};

// The failure of `work`, if it fails.
template <class Work>
Outcome outcome_of(const Work& work) {
  Outcome outcome;
  try {
    work();
  } catch (...) {
    outcome.failure = current_failure();
  }
  return outcome;
}

// One call.
class BatchRun {
 public:
  explicit BatchRun(Worker& worker)
      : worker_(worker),
        interruptions_(worker.registry()->interruptions()),
        client_(worker.new_bulk_client()),
        window_(std::make_shared<Window>(2 * worker.catalog().limits().requests)) {}

  // Waits for its turn. Null, and the failure, where it is refused; its on_done has then been
  // called.
  JobPointer submit(const Request& request, Outcome& outcome) {
    JobPointer job;
    window_->enter();
    outcome = outcome_of([&] {
      worker_.registry()->check_interruptions(interruptions_);
      const JobPointer made = make_job(request);
      register_and(
          worker_, made, [&] { worker_.queue()->push(made); }, interruptions_);
      job = made;
    });
    if (job) return job;
    window_->leave();  // it never was a job, so its end is here
    worker_.registry()->tell_end(request.tag, request.on_done, outcome.failure->status);
    return nullptr;
  }

 private:
  [[nodiscard]] JobPointer make_job(const Request& request) {
    if (request.stream != StreamMode::kNone && !request.on_audio) {
      fail(Status::kInvalidArgument,
           "a request of a batch cannot be streamed without on_audio: nobody could read it");
    }
    const Submission submission(worker_);
    JobSetup setup = job_setup(worker_, request, make_task(request, worker_.catalog()), submission);
    setup.standing.client = client_;
    setup.on_end = [window = window_] { window->leave(); };
    auto job = std::make_shared<Job::State>(std::move(setup));
    job->set_driver(worker_.queue());
    return job;
  }

  Worker& worker_;
  const int64_t interruptions_;
  const ClientId client_;
  const std::shared_ptr<Window> window_;
};

}  // namespace

std::vector<Outcome> generate_batch(Worker& worker, const std::vector<Request>& requests) {
  const JobRegistry::Call call(*worker.registry());  // first: drain() then waits for it
  worker.room().check_open();
  BatchRun run(worker);
  std::vector<Outcome> outcomes(requests.size());
  std::vector<JobPointer> jobs(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    jobs[i] = run.submit(requests[i], outcomes[i]);
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    if (!jobs[i]) continue;
    jobs[i]->wait_until_told();
    std::optional<Result> result;
    outcomes[i] = outcome_of([&] { result = jobs[i]->take_result(); });
    outcomes[i].result = std::move(result);
    jobs[i].reset();
  }
  return outcomes;
}

}  // namespace chatterbox::engine
