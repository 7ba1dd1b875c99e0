#include "device/device_counts.h"

#include <fmt/format.h>

#include <mutex>

#include "device/stand_in.h"

namespace chatterbox::testing {
namespace {

struct Counted {
  std::mutex mutex;
  bool on = false;
  int64_t work = 0;
  DeviceCounts counts;
  std::map<std::string, int64_t> operators;
};

Counted& counted() {
  static Counted all;
  return all;
}

template <class Change>
void count(Change change) {
  Counted& all = counted();
  const std::lock_guard lock(all.mutex);
  if (all.on) change(all);
}

// Of what the device has to do.
template <class Change>
void queue(Change change) {
  {
    const std::lock_guard lock(counted().mutex);
    ++counted().work;
  }
  count(change);
}

void start(bool on) {
  Counted& all = counted();
  const std::lock_guard lock(all.mutex);
  all.on = on;
  all.counts = {};
  all.operators.clear();
}

}  // namespace

void count_operator(const std::string& name) {
  queue([&](Counted& all) {
    ++all.counts.operators;
    ++all.operators[name];
  });
}

void count_upload(int64_t bytes) {
  queue([=](Counted& all) {
    ++all.counts.uploads;
    all.counts.upload_bytes += bytes;
  });
}

void count_download(int64_t bytes) {
  queue([=](Counted& all) {
    ++all.counts.downloads;
    all.counts.download_bytes += bytes;
  });
}

void count_synchronisation() {
  count([](Counted& all) { ++all.counts.synchronisations; });
}

void count_replay() {
  queue([](Counted& all) { ++all.counts.replays; });
}

int64_t work_so_far() {
  const std::lock_guard lock(counted().mutex);
  return counted().work;
}

void count_wait_for(int64_t work) {
  count([=](Counted& all) {
    ++(work == all.work ? all.counts.synchronisations : all.counts.late_waits);
  });
}

DeviceRecording::DeviceRecording() { start(true); }
DeviceRecording::~DeviceRecording() { start(false); }
void DeviceRecording::restart() { start(true); }

DeviceCounts DeviceRecording::counts() const {
  const std::lock_guard lock(counted().mutex);
  return counted().counts;
}

std::map<std::string, int64_t> DeviceRecording::operators() const {
  const std::lock_guard lock(counted().mutex);
  return counted().operators;
}

std::string DeviceRecording::report() const {
  const DeviceCounts c = counts();
  std::string text = fmt::format(
      "{} operators, {} replays, {} uploads ({} bytes), {} downloads ({} bytes), {} "
      "synchronisations, {} late waits:",
      c.operators, c.replays, c.uploads, c.upload_bytes, c.downloads, c.download_bytes,
      c.synchronisations, c.late_waits);
  for (const auto& [name, times] : operators()) text += fmt::format(" {} {}", times, name);
  return text;
}

}  // namespace chatterbox::testing
