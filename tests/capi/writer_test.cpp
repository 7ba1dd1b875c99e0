// Audio files that grow, on disk and into a callback.
#include <filesystem>
#include <fstream>
#include <limits>

#include "capi/capi_test.h"
#include "support/temporary_folder.h"

namespace chatterbox::capi_test {
namespace {

using ::testing::HasSubstr;

class Writers : public ::testing::Test {
 protected:
  static Owned<chatterbox_audio_writer> open(const std::string& path, int32_t channels = 1) {
    return made<chatterbox_audio_writer>([&](chatterbox_audio_writer** writer) {
      return chatterbox_audio_writer_create(path.c_str(), CHATTERBOX_FORMAT_AUTO, channels, 24000,
                                            writer);
    });
  }
  static Owned<chatterbox_audio_writer> open(chatterbox_bytes_callback on_bytes, void* user_data,
                                             int32_t format) {
    return made<chatterbox_audio_writer>([&](chatterbox_audio_writer** writer) {
      return chatterbox_audio_writer_create_for_callback(on_bytes, user_data, format, 1, 24000,
                                                         writer);
    });
  }
  static chatterbox_status write(const Owned<chatterbox_audio_writer>& writer,
                                 const std::vector<float>& samples) {
    return chatterbox_audio_writer_write(writer.get(), samples.data(), samples.size());
  }
  // What there is to be read at this moment.
  static std::vector<float> read(const std::string& path) {
    const auto audio = made<chatterbox_audio>(
        [&](chatterbox_audio** out) { return chatterbox_audio_read(path.c_str(), out); });
    const float* samples = chatterbox_audio_samples(audio.get());
    return {samples, samples + chatterbox_audio_frame_count(audio.get())};
  }

  testing::TemporaryFolder folder;
};

TEST_F(Writers, AFileIsWholeAtAnyTime) {
  const std::string path = folder.file("a.wav");
  std::ofstream(path) << "an older file";
  const auto writer = open(path);
  EXPECT_EQ(std::filesystem::file_size(path), 13U);  // until there are samples
  ASSERT_EQ(write(writer, {0.5F, -0.5F}), CHATTERBOX_STATUS_OK) << chatterbox_last_error();
  EXPECT_EQ(read(path), (std::vector<float>{0.5F, -0.5F}));
  ASSERT_EQ(write(writer, {0.25F}), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(read(path), (std::vector<float>{0.5F, -0.5F, 0.25F}));
  ASSERT_EQ(chatterbox_audio_writer_finish(writer.get()), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(chatterbox_audio_writer_finish(writer.get()), CHATTERBOX_STATUS_OK);  // nothing to do
  EXPECT_EQ(read(path), (std::vector<float>{0.5F, -0.5F, 0.25F}));
  EXPECT_EQ(write(writer, {1}), CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(), "audio cannot be written after its end");
}

TEST_F(Writers, DestroyingCompletesTheFile) {
  const std::string path = folder.file("a.flac");
  auto writer = open(path);
  ASSERT_EQ(write(writer, std::vector<float>(10000, 0.5F)), CHATTERBOX_STATUS_OK);
  writer.reset();
  EXPECT_EQ(read(path), std::vector<float>(10000, 0.5F));
}

TEST_F(Writers, WithoutSamplesThereIsNoFile) {
  const auto writer = open(folder.file("a.wav"));
  EXPECT_EQ(chatterbox_audio_writer_write(writer.get(), nullptr, 0), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(chatterbox_audio_writer_finish(writer.get()), CHATTERBOX_STATUS_OK);
  EXPECT_TRUE(std::filesystem::is_empty(folder.file("")));
}

TEST_F(Writers, WrongSamplesAreNotWritten) {
  const std::string path = folder.file("a.wav");
  const auto writer = open(path, 2);
  const std::vector<float> samples = {0.5F, 0.5F, std::numeric_limits<float>::quiet_NaN(), 0.5F};
  EXPECT_EQ(chatterbox_audio_writer_write(writer.get(), samples.data(), 2),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(), "sample 2 is not a number");
  // A wrong count must not make it read beyond them.
  EXPECT_EQ(chatterbox_audio_writer_write(writer.get(), samples.data(), UINT64_MAX),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(),
               "18446744073709551615 frames of 2 channels do not fit into a file");
  EXPECT_EQ(chatterbox_audio_writer_write(writer.get(), samples.data(), 1), CHATTERBOX_STATUS_OK);
}

TEST_F(Writers, WrongOnesAreRefused) {
  chatterbox_audio_writer* writer = nullptr;
  const auto refused = [&](const char* path, int32_t format, int32_t channels, int32_t rate) {
    EXPECT_EQ(chatterbox_audio_writer_create(path, format, channels, rate, &writer),
              CHATTERBOX_STATUS_INVALID_ARGUMENT);
    EXPECT_EQ(writer, nullptr);
    return std::string(chatterbox_last_error());
  };
  EXPECT_THAT(refused("a.txt", CHATTERBOX_FORMAT_AUTO, 1, 24000), HasSubstr("must end in one of"));
  EXPECT_EQ(refused("a.wav", -1, 1, 24000), "format must be 0 to 5, got -1");
  EXPECT_THAT(refused("a.wav", CHATTERBOX_FORMAT_WAV, 9, 24000), HasSubstr("got 9"));
  EXPECT_THAT(refused("a.wav", CHATTERBOX_FORMAT_WAV, 1, 1), HasSubstr("got 1"));
  const auto sink = [](const void*, uint64_t, void*) { return 0; };
  EXPECT_EQ(chatterbox_audio_writer_create_for_callback(sink, nullptr, CHATTERBOX_FORMAT_AUTO, 1,
                                                        24000, &writer),
            CHATTERBOX_STATUS_INVALID_ARGUMENT);
  EXPECT_STREQ(chatterbox_last_error(),
               "format must not be CHATTERBOX_FORMAT_AUTO: there is no name");
}

TEST_F(Writers, AFileThatCannotBeWritten) {
  const auto writer = open("/nowhere/a.wav");
  EXPECT_EQ(write(writer, {0.5F}), CHATTERBOX_STATUS_IO);
  EXPECT_THAT(chatterbox_last_error(), HasSubstr("/nowhere/a.wav"));
  EXPECT_EQ(write(writer, {0.5F}), CHATTERBOX_STATUS_IO);  // it stays broken
  EXPECT_EQ(chatterbox_audio_writer_finish(writer.get()), CHATTERBOX_STATUS_IO);
}

struct Pipe {
  std::string bytes;
  int calls = 0;
  int calls_until_broken = 1 << 20;
};

int32_t take(const void* data, uint64_t size, void* user_data) {
  auto* pipe = static_cast<Pipe*>(user_data);
  if (++pipe->calls > pipe->calls_until_broken) return 1;
  pipe->bytes.append(static_cast<const char*>(data), static_cast<size_t>(size));
  return 0;
}

TEST_F(Writers, ACallbackGetsAFileOfEveryFormat) {
  for (int32_t format = CHATTERBOX_FORMAT_WAV; format <= CHATTERBOX_FORMAT_MP3; ++format) {
    SCOPED_TRACE(format);
    Pipe pipe;
    const auto writer = open(take, &pipe, format);
    EXPECT_EQ(pipe.calls, 0);
    ASSERT_EQ(write(writer, std::vector<float>(4800, 0.5F)), CHATTERBOX_STATUS_OK);
    const size_t begun = pipe.bytes.size();
    EXPECT_GT(begun, 0U);
    ASSERT_EQ(write(writer, std::vector<float>(120000, 0.5F)), CHATTERBOX_STATUS_OK);
    EXPECT_GT(pipe.bytes.size(), begun);  // it grows as the sound does
    ASSERT_EQ(chatterbox_audio_writer_finish(writer.get()), CHATTERBOX_STATUS_OK);
    const auto audio = made<chatterbox_audio>([&](chatterbox_audio** out) {
      return chatterbox_audio_decode(pipe.bytes.data(), pipe.bytes.size(), out);
    });
    EXPECT_GE(chatterbox_audio_frame_count(audio.get()), 124800U);
  }
}

TEST_F(Writers, ACallbackThatFailsBreaksItsWriter) {
  for (int32_t format = CHATTERBOX_FORMAT_WAV; format <= CHATTERBOX_FORMAT_MP3; ++format) {
    SCOPED_TRACE(format);
    Pipe pipe;
    pipe.calls_until_broken = 0;
    const auto writer = open(take, &pipe, format);
    EXPECT_EQ(write(writer, std::vector<float>(48000, 0.5F)), CHATTERBOX_STATUS_IO);
    EXPECT_EQ(write(writer, {0.5F}), CHATTERBOX_STATUS_IO);
    EXPECT_STREQ(chatterbox_last_error(), "audio cannot be written any more, after a failure");
    EXPECT_EQ(chatterbox_audio_writer_finish(writer.get()), CHATTERBOX_STATUS_IO);
  }
}

TEST_F(Writers, ACallbackThatFailsAtTheEnd) {
  Pipe pipe;
  const auto writer = open(take, &pipe, CHATTERBOX_FORMAT_FLAC);
  ASSERT_EQ(write(writer, std::vector<float>(100, 0.5F)), CHATTERBOX_STATUS_OK);
  pipe.calls_until_broken = pipe.calls;
  EXPECT_EQ(chatterbox_audio_writer_finish(writer.get()), CHATTERBOX_STATUS_IO);
}

// A host's function in C++ may throw: nothing gets through C but a status.
TEST_F(Writers, ACallbackThatThrows) {
  const auto throws = [](const void*, uint64_t, void*) -> int32_t { throw 42; };
  auto writer = open(throws, nullptr, CHATTERBOX_FORMAT_WAV);
  EXPECT_EQ(write(writer, {0.5F}), CHATTERBOX_STATUS_INTERNAL);
  writer.reset();
}

}  // namespace
}  // namespace chatterbox::capi_test
