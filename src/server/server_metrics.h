// Counters and histograms in the text format of Prometheus.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "server/models.h"
#include "server/request_record.h"

namespace chatterbox::server {

class ServerMetrics {
 public:
  void begin();
  void end(const RequestRecord& record);
  [[nodiscard]] int64_t in_flight() const;

  [[nodiscard]] std::string text(const Models& models, size_t connections, bool draining) const;

 private:
  static constexpr std::array<double, 12> kBounds = {0.05, 0.1, 0.15, 0.25, 0.5, 1,
                                                     2.5,  5,   10,   30,   60,  300};  // seconds
  struct Histogram {
    std::array<uint64_t, kBounds.size() + 1> counts{};
    double sum = 0;
    void add(double value);
    void write(std::string& out, const char* name) const;
  };
  void write_requests(std::string& out) const;  // with the lock

  mutable std::mutex mutex_;
  int64_t in_flight_ = 0;
  std::map<std::pair<std::string, std::string>, uint64_t> requests_;  // by route and end
  uint64_t streams_ = 0;
  uint64_t streams_without_underrun_ = 0;  // over 100 ms
  double underrun_seconds_ = 0;
  double audio_seconds_ = 0;
  uint64_t bytes_ = 0;
  Histogram first_audio_;
  Histogram duration_;
  Histogram queued_;
};

// Bytes of memory that the process has; 0 where that cannot be found out.
[[nodiscard]] int64_t resident_bytes();

}  // namespace chatterbox::server
