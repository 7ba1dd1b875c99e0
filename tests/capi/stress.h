// Thousands of requests through the C ABI from many threads, some of them cancelled at random, and
// an account of what became of each.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <random>
#include <thread>

#include "capi/owners.h"
#include "support/own_memory.h"

// Sanitizers take several times as long, and keep freed memory for a while.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CHATTERBOX_TEST_SANITIZED 1
#else
#define CHATTERBOX_TEST_SANITIZED 0
#endif

namespace chatterbox::capi_test {

class Stress {
 public:
  // Each request of the pool is spoken alone by `engine`, to know what it must give.
  // `requests` of them in turn make the test.
  Stress(const Owned<chatterbox_engine>& engine, std::vector<chatterbox_request> pool,
         size_t requests)
      : engine_(engine), pool_(std::move(pool)), records_(requests) {
    for (const chatterbox_request& request : pool_) {
      chatterbox_result* result = nullptr;
      const chatterbox_status status = chatterbox_engine_generate(engine.get(), &request, &result);
      const Owned<chatterbox_result> owner(result);
      alone_.push_back({status, result == nullptr ? std::vector<float>() : samples_of(owner)});
    }
  }

  // Speaks the next `count` requests from 8 threads.
  void run(size_t count) {
    constexpr size_t kThreads = 8;
    ASSERT_LE(next_ + count, records_.size());
    const size_t end = next_ + count;
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([this, i, begin = next_, end] {
        std::mt19937 random(static_cast<unsigned>(begin + i));
        InFlight in_flight;
        for (size_t id = begin + i; id < end; id += kThreads) submit_one(id, in_flight, random);
        while (!in_flight.empty()) wait_for_oldest(in_flight);
      });
    }
    for (std::thread& thread : threads) thread.join();
    next_ = end;
    wait_until_all_are_told(end);
  }

  // Every request so far was submitted once, ended once, and gave what it must.
  void check() const {
    size_t good = 0, cancelled = 0;
    for (size_t id = 0; id < next_; ++id) {
      SCOPED_TRACE(id);
      const Record& record = records_[id];
      const Alone& alone = alone_[id % pool_.size()];
      ASSERT_EQ(record.submitted, 1);
      ASSERT_EQ(record.ended, 1);
      ASSERT_EQ(record.told, 1);
      ASSERT_EQ(record.told_status, record.status);
      if (record.status == CHATTERBOX_STATUS_CANCELLED) {
        ++cancelled;
        ASSERT_TRUE(record.cancelled);
        ASSERT_EQ(record.done_reports, 0);
        continue;
      }
      ASSERT_EQ(record.done_reports, record.status == CHATTERBOX_STATUS_OK ? 1 : 0);
      ++good;
      ASSERT_EQ(record.status, alone.status);
      ASSERT_EQ(record.right_seed && record.right_samples, alone.status == CHATTERBOX_STATUS_OK);
    }
    EXPECT_GT(good, next_ / 2);
    EXPECT_GT(cancelled, next_ / 50);
    expect_idle();
  }

 private:
  struct Alone {
    chatterbox_status status;
    std::vector<float> samples;
  };
  // Written by the thread that submits the request, but for the reports.
  struct Record {
    int submitted = 0, ended = 0;
    std::atomic<int> done_reports{0}, told{0};
    std::atomic<chatterbox_status> told_status{CHATTERBOX_STATUS_OK};
    chatterbox_status status = CHATTERBOX_STATUS_OK;
    bool cancelled = false;  // it was asked to be
    bool right_seed = false, right_samples = false;
  };
  struct Flight {
    size_t id;
    Owned<chatterbox_job> job;
  };
  using InFlight = std::deque<Flight>;

  void submit_one(size_t id, InFlight& in_flight, std::mt19937& random) {
    constexpr size_t kMostInFlight = 4;  // of a thread: together more than the queue holds
    chatterbox_request request = pool_[id % pool_.size()];
    request.on_progress = [](const chatterbox_progress* progress, void* record) {
      if (progress->stage == CHATTERBOX_STAGE_DONE) ++static_cast<Record*>(record)->done_reports;
      return 0;
    };
    request.on_done = [](uint64_t /*tag*/, chatterbox_status status, void* user_data) {
      auto* record = static_cast<Record*>(user_data);
      record->told_status = status;
      ++record->told;
    };
    request.user_data = &records_[id];
    chatterbox_job* job = nullptr;
    for (;;) {
      const chatterbox_status status = chatterbox_engine_submit(engine_.get(), &request, &job);
      if (status != CHATTERBOX_STATUS_BUSY) {
        EXPECT_EQ(status, CHATTERBOX_STATUS_OK) << chatterbox_last_error();
        break;
      }
      EXPECT_EQ(job, nullptr);
      in_flight.empty() ? std::this_thread::yield() : wait_for_oldest(in_flight);
    }
    ++records_[id].submitted;
    in_flight.push_back({id, Owned<chatterbox_job>(job)});
    if (random() % 4 == 0) {
      if (random() % 2 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 200));
      Flight& victim = in_flight[random() % in_flight.size()];
      records_[victim.id].cancelled = true;
      chatterbox_job_cancel(victim.job.get());
    }
    if (in_flight.size() == kMostInFlight) wait_for_oldest(in_flight);
  }

  void wait_for_oldest(InFlight& in_flight) {
    const Flight flight = std::move(in_flight.front());
    in_flight.pop_front();
    Record& record = records_[flight.id];
    const size_t index = flight.id % pool_.size();
    chatterbox_result* result = nullptr;
    record.status = chatterbox_job_wait(flight.job.get(), CHATTERBOX_FOREVER, &result);
    const Owned<chatterbox_result> owner(result);
    ++record.ended;
    if (record.status != CHATTERBOX_STATUS_OK) return;
    chatterbox_result_stats stats;
    EXPECT_EQ(chatterbox_result_get_stats(result, &stats, sizeof stats), CHATTERBOX_STATUS_OK);
    record.right_seed = stats.seed == pool_[index].seed;
    const std::vector<float>& expected = alone_[index].samples;
    const float* const samples = chatterbox_result_samples(result);
    record.right_samples = chatterbox_result_sample_count(result) == expected.size() &&
                           std::equal(expected.begin(), expected.end(), samples);
  }

  void expect_idle() const {
    const auto limits = filled<chatterbox_limits>([&](chatterbox_limits* out, size_t size) {
      return chatterbox_engine_get_limits(engine_.get(), out, size);
    });
    const chatterbox_metrics metrics = metrics_of(engine_);
    EXPECT_GT(metrics.peak_rows, 2);  // they did run together
    EXPECT_LE(metrics.peak_rows, limits.rows);
    EXPECT_EQ(metrics.rows_in_use, 0);
    EXPECT_EQ(metrics.running, 0);
    EXPECT_EQ(metrics.waiting, 0);
  }

  // A request is told after its end is there to be read, so after its caller may have gone on.
  void wait_until_all_are_told(size_t end) const {
    for (size_t id = 0; id < end; ++id) {
      for (int i = 0; i < 60000 && records_[id].told == 0; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    }
  }

  const Owned<chatterbox_engine>& engine_;
  std::vector<chatterbox_request> pool_;
  std::vector<Alone> alone_;
  std::vector<Record> records_;  // by id
  size_t next_ = 0;
};

// `warm_up` of the requests, then the rest, which may make the process grow by so many MiB.
inline void expect_flat_memory(Stress& stress, size_t warm_up, size_t rest, double most_growth) {
  stress.run(warm_up);
  const int64_t before = testing::own_memory();
  stress.run(rest);
  const double growth = static_cast<double>(testing::own_memory() - before) / (1 << 20);
  ::testing::Test::RecordProperty("growth_mib", std::to_string(growth));
  if (!CHATTERBOX_TEST_SANITIZED) {
    EXPECT_LT(growth, most_growth);
  }
  stress.check();
}

}  // namespace chatterbox::capi_test
