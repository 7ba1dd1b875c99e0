// Everything that the library reads and writes, where one call of the system fails: each open,
// read, write, close, rename, mmap, fstat and mlock in turn. The error says so, the old file stays
// whole under its name, and nothing else is left in the folder.
#include <gmock/gmock.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "audio/codec.h"
#include "audio/writer.h"
#include "checkpoint/safetensors.h"
#include "faults/failing_calls.h"
#include "support/atomic_folder.h"
#include "support/error.h"
#include "support/file_bytes.h"
#include "support/file_io.h"
#include "support/temporary_folder.h"
#include "voice/conditionals.h"

namespace chatterbox {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

Audio second_of_sound() {
  Audio audio;
  audio.sample_rate = 24000;
  audio.samples.assign(24000, 0.5F);
  return audio;
}

int error_of(testing::Call call) {
  if (call == testing::Call::kWrite) return EDQUOT;
  return call == testing::Call::kMap || call == testing::Call::kLock ? ENOMEM : EIO;
}

class Io : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name = "a.wav") const {
    return folder_.file(name);
  }
  // Not through what is tested.
  [[nodiscard]] std::string content() const {
    std::ifstream stream(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void put(const std::string& bytes) const { std::ofstream(path(), std::ios::binary) << bytes; }
  [[nodiscard]] size_t files() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(path("")), {}));
  }

  // Lets each call fail that `work` makes. Returns how often one did.
  int fail_each(const std::function<void()>& work, const std::function<void()>& check) const {
    int failures = 0;
    for (const testing::Call call : testing::kCalls) {
      const int error = error_of(call);
      for (int n = 0;; ++n) {
        testing::fail_call(call, n, error);
        bool refused = false;
        try {
          work();
        } catch (const Error& failure) {
          refused = true;
          testing::fail_no_call();
          EXPECT_THAT(failure.what(), HasSubstr(std::strerror(error)));
          EXPECT_THAT(failure.what(), HasSubstr("a."));
        }
        testing::fail_no_call();
        if (!testing::call_has_failed()) break;
        ++failures;
        if (refused) check();
      }
    }
    work();
    RecordProperty("calls", failures);
    return failures;
  }

  const testing::TemporaryFolder folder_;
};

TEST_F(Io, AFileIsReplacedWholeOrNotAtAll) {
  put("old");
  const auto old_stays = [&] {
    EXPECT_EQ(content(), "old");
    EXPECT_EQ(files(), 1U);
    put("old");
  };
  EXPECT_GE(fail_each(
                [&] {
                  put("old");
                  write_file(path(), std::string(100000, 'n'));
                },
                old_stays),
            4);
  EXPECT_EQ(content(), std::string(100000, 'n'));
}

TEST_F(Io, ShortWritesLoseNothing) {
  testing::shorten_writes(7);
  const Audio audio = second_of_sound();
  audio::write_audio(path(), audio);
  {
    audio::AudioWriter writer(path("b.wav"), 24000);
    writer.write(audio.samples.data(), audio.samples.size());
    writer.finish();
  }
  testing::shorten_writes(0);
  EXPECT_EQ(audio::read_audio(path()).samples, audio.samples);
  EXPECT_EQ(audio::read_audio(path("b.wav")).samples, audio.samples);
}

TEST_F(Io, AudioAndVoicesAreReadOrRefused) {
  audio::write_audio(path(), second_of_sound());
  EXPECT_GE(fail_each([&] { (void)audio::read_audio(path()); }, [] {}), 1);
  const std::string voice = CHATTERBOX_TEST_DATA "/../examples/demo_voice/model/low.voice";
  fs::copy_file(voice, path("a.voice"));
  EXPECT_GE(fail_each([&] { (void)voice::load(path("a.voice")); }, [] {}), 1);
}

TEST_F(Io, WeightsAreOpenedOrRefused) {
  put(std::string(100000, 'w'));
  for (const FileAccess access : {FileAccess::kMapped, FileAccess::kRead}) {
    EXPECT_GE(fail_each([&] { EXPECT_EQ(open_file(path(), access)->size(), 100000U); }, [] {}), 3);
  }
}

// What grows has its name from the beginning, and is a whole file at any time.
TEST_F(Io, WhatGrowsIsWholeWhereItBreaksOff) {
  const Audio audio = second_of_sound();
  EXPECT_GE(fail_each(
                [&] {
                  fs::remove(path());
                  audio::AudioWriter writer(path(), 24000);
                  for (size_t i = 0; i < 4; ++i) writer.write(&audio.samples[6000 * i], 6000);
                  writer.finish();
                },
                [&] {
                  // The header tells of those samples that were written before it was.
                  constexpr size_t kHeaderBytes = 44, kWritten = 12000;
                  const std::string bytes = content();
                  if (bytes.size() < kHeaderBytes) return;
                  uint32_t told = 0;
                  std::memcpy(&told, &bytes[kHeaderBytes - sizeof told], sizeof told);
                  EXPECT_EQ(told % kWritten, 0U);
                  EXPECT_LE(kHeaderBytes + told, bytes.size());
                }),
            8);
}

TEST_F(Io, AFolderAppearsWholeOrNotAtAll) {
  EXPECT_GE(fail_each(
                [&] {
                  fs::remove_all(path("a.model"));
                  AtomicFolder made(path("a.model"));
                  made.add("weights", [](const auto& sink) { sink("bytes"); });
                  made.commit();
                },
                [&] {
                  EXPECT_FALSE(fs::exists(path("a.model")));
                  EXPECT_EQ(files(), 0U);
                }),
            4);
  EXPECT_TRUE(fs::exists(path("a.model/weights")));
}

}  // namespace
}  // namespace chatterbox
