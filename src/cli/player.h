// Plays samples on the sound device by ALSA, which is loaded when it is asked for: the program runs
// without it.
#pragma once

#include <chatterbox/chatterbox.hpp>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace chatterbox::cli {

class SoundDevice;  // ALSA's, opened

class Player {
 public:
  // Opens the default device. kUnsupported where there is no ALSA, kDevice where it opens none.
  Player();
  // Silent at once.
  ~Player();
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  // Plays them after what was given before; returns at once, but where a minute of sound waits.
  // Throws what the device failed with.
  void play(Samples samples);
  // There is no more to come.
  void finish();
  // After finish(): whether all has been heard by then. Throws as play() does.
  [[nodiscard]] bool wait_until_heard(std::chrono::milliseconds time);

 private:
  void loop();
  void rethrow();

  std::unique_ptr<SoundDevice> device_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<float> waiting_;
  bool finished_ = false;  // nothing more comes, ...
  bool heard_ = false;     // ... and all of it was heard
  bool stopping_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace chatterbox::cli
