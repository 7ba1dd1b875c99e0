#include "cli/player.h"

#include <dlfcn.h>

#include <algorithm>
#include <string>

namespace chatterbox::cli {
namespace {

constexpr const char* kLibrary = "libasound.so.2";
constexpr unsigned kRate = 24000;  // of all models
constexpr size_t kTogether = kRate / 20;
constexpr size_t kMostWaiting = size_t{60} * kRate;

// Of alsa/asoundlib.h, whose numbers are its ABI.
constexpr int kPlayback = 0;            // SND_PCM_STREAM_PLAYBACK
constexpr int kFloat = 14;              // SND_PCM_FORMAT_FLOAT_LE
constexpr int kInterleaved = 3;         // SND_PCM_ACCESS_RW_INTERLEAVED
constexpr unsigned kLatency = 200'000;  // microseconds that the device holds
struct Pcm;

[[noreturn]] void fail(Status status, const std::string& message) {
  throw Error(status, "--play: " + message);
}

struct CloseLibrary {
  void operator()(void* library) const { dlclose(library); }
};

// ALSA writes to stderr what its functions return, too.
void ignore(const char* /*file*/, int /*line*/, const char* /*function*/, int /*error*/,
            const char* /*format*/, ...) {}

}  // namespace

class SoundDevice {
 public:
  SoundDevice() {
    library_.reset(dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL));
    // The message is the thread's own. NOLINTNEXTLINE(concurrency-mt-unsafe)
    if (!library_) fail(Status::kUnsupported, std::string("ALSA is missing: ") + dlerror());
    load("snd_lib_error_set_handler", set_handler_);
    load("snd_pcm_open", open_);
    load("snd_pcm_set_params", set_params_);
    load("snd_pcm_writei", write_);
    load("snd_pcm_recover", recover_);
    load("snd_pcm_drain", drain_);
    load("snd_pcm_drop", drop_);
    load("snd_pcm_close", close_);
    load("snd_strerror", describe_);
    (void)set_handler_(&ignore);
    check("no sound device opens", open_(&pcm_, "default", kPlayback, 0));
    check("the sound device does not play 24 kHz",
          set_params_(pcm_, kFloat, kInterleaved, 1, kRate, 1, kLatency));
  }
  ~SoundDevice() {
    if (pcm_ == nullptr) return;
    (void)drop_(pcm_);
    (void)close_(pcm_);
  }
  SoundDevice(const SoundDevice&) = delete;
  SoundDevice& operator=(const SoundDevice&) = delete;

  // Waits until the device has taken them. A device that fell silent goes on.
  void write(const std::vector<float>& samples) {
    for (size_t done = 0; done < samples.size();) {
      long taken = write_(pcm_, samples.data() + done, samples.size() - done);
      if (taken < 0) taken = recover_(pcm_, static_cast<int>(taken), 1);
      check("the sound device failed", taken);
      done += static_cast<size_t>(taken);
    }
  }
  // Waits until all has been heard.
  void drain() { (void)drain_(pcm_); }

 private:
  template <class Function>
  void load(const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library_.get(), name));
    if (function == nullptr) {
      fail(Status::kUnsupported, std::string(kLibrary) + " has no function " + name);
    }
  }
  void check(const char* what, long result) const {
    if (result >= 0) return;
    fail(Status::kDevice, std::string(what) + ": " + describe_(static_cast<int>(result)));
  }

  std::unique_ptr<void, CloseLibrary> library_;
  Pcm* pcm_ = nullptr;
  int (*set_handler_)(void (*)(const char*, int, const char*, int, const char*, ...)) = nullptr;
  int (*open_)(Pcm**, const char*, int, int) = nullptr;
  int (*set_params_)(Pcm*, int, int, unsigned, unsigned, int, unsigned) = nullptr;
  long (*write_)(Pcm*, const void*, unsigned long) = nullptr;
  int (*recover_)(Pcm*, int, int) = nullptr;
  int (*drain_)(Pcm*) = nullptr;
  int (*drop_)(Pcm*) = nullptr;
  int (*close_)(Pcm*) = nullptr;
  const char* (*describe_)(int) = nullptr;
};

Player::Player() : device_(std::make_unique<SoundDevice>()), thread_([this] { loop(); }) {}

Player::~Player() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Player::rethrow() {
  if (failure_) std::rethrow_exception(failure_);
}

void Player::play(Samples samples) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.size() < kMostWaiting || failure_; });
  rethrow();
  waiting_.insert(waiting_.end(), samples.begin(), samples.end());
  changed_.notify_all();
}

void Player::finish() {
  const std::lock_guard<std::mutex> lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

bool Player::wait_until_heard(std::chrono::milliseconds time) {
  std::unique_lock<std::mutex> lock(mutex_);
  const bool done = changed_.wait_for(lock, time, [this] { return heard_ || failure_; });
  rethrow();
  return done;
}

void Player::loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  try {
    while (true) {
      changed_.wait(lock, [this] { return stopping_ || finished_ || !waiting_.empty(); });
      if (stopping_) return;
      const auto count = static_cast<std::ptrdiff_t>(std::min(kTogether, waiting_.size()));
      const std::vector<float> part(waiting_.begin(), waiting_.begin() + count);
      waiting_.erase(waiting_.begin(), waiting_.begin() + count);
      const bool last = part.empty();
      changed_.notify_all();
      lock.unlock();
      last ? device_->drain() : device_->write(part);
      lock.lock();
      heard_ = last;
      if (!last) continue;
      changed_.notify_all();
      return;
    }
  } catch (...) {
    if (!lock.owns_lock()) lock.lock();
    failure_ = std::current_exception();
    changed_.notify_all();
  }
}

}  // namespace chatterbox::cli
