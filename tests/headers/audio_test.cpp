// Audio files and the watermark's detector through the C++ interface.
#include <fstream>

#include "headers/engines.h"
#include "support/temporary_folder.h"

namespace chatterbox::header_test {
namespace {

Audio stereo() {
  Wave samples;
  for (int i = 0; i < 2000; ++i) samples.push_back(static_cast<float>(i % 64) / 128);
  return Audio(std::move(samples), 16000, 2);
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(AudioFiles, AreWrittenAndRead) {
  const testing::TemporaryFolder folder;
  for (const char* name : {"a.wav", "a.flac"}) {
    write_audio(folder.file(name), stereo());
    const Audio read = read_audio(folder.file(name));
    EXPECT_EQ(wave_of(read), wave_of(stereo())) << name;
    EXPECT_EQ(read.channels(), 2);
    EXPECT_EQ(read.frames(), 1000U);
    EXPECT_EQ(read.sample_rate(), 16000);
  }
  const Bytes encoded = encode_audio(stereo(), AudioFormat::kWav);
  EXPECT_EQ(std::string_view(encoded), bytes_of(folder.file("a.wav")));
  EXPECT_EQ(wave_of(decode_audio(encoded.data(), encoded.size())), wave_of(stereo()));
  const auto engine = ChatterboxEngine::load();
  const Result result = engine.generate("Hello.");
  write_audio(folder.file("result"), result, AudioFormat::kFlac);
  EXPECT_EQ(read_audio(folder.file("result")).samples().size(), result.samples().size());
}

TEST(AudioFiles, ThatAreWrongAreRefused) {
  const testing::TemporaryFolder folder;
  EXPECT_EQ(error_of([&] { (void)read_audio(folder.file("none.wav")); }).status(),
            Status::kNotFound);
  EXPECT_EQ(error_of([] { (void)decode_audio("RIFF", 4); }).status(), Status::kBadAudio);
  EXPECT_EQ(error_of([&] { write_audio(folder.file("a.txt"), stereo()); }).status(),
            Status::kInvalidArgument);
  EXPECT_EQ(error_of([] { (void)encode_audio(stereo(), AudioFormat::kAuto); }).status(),
            Status::kInvalidArgument);
  for (const int32_t channels : {0, -1, 9}) {
    const Audio wrong(Wave(9), 24000, channels);
    EXPECT_EQ(error_of([&] { write_audio(folder.file("a.wav"), wrong); }).status(),
              Status::kInvalidArgument)
        << channels;
  }
  expect_error([] { (void)Audio(Wave(3), 24000, 2); }, Status::kInvalidArgument,
               "3 samples are not whole frames of 2 channels");
}

TEST(AudioFiles, Grow) {
  const testing::TemporaryFolder folder;
  const Audio audio = stereo();
  {
    AudioWriter writer(folder.file("a.flac"), AudioFormat::kAuto, 2, 16000);
    AudioWriter moved = std::move(writer);
    moved.write(audio.samples().data(), 400);
    moved.write(audio.samples().data() + 800, 600);
    moved.finish();
    moved.finish();
    EXPECT_EQ(error_of([&] { moved.write(audio.samples().data(), 1); }).status(),
              Status::kInvalidArgument);
  }
  EXPECT_EQ(wave_of(read_audio(folder.file("a.flac"))), wave_of(audio));
  { AudioWriter(folder.file("b.wav")).write({audio.samples().data(), 100}); }  // is finished
  EXPECT_EQ(read_audio(folder.file("b.wav")).frames(), 100U);
}

TEST(AudioFiles, GrowIntoAFunction) {
  const Audio audio = stereo();
  std::string bytes;
  AudioWriter writer(
      [&bytes](const void* data, size_t size) {
        bytes.append(static_cast<const char*>(data), size);
        return true;
      },
      AudioFormat::kWav);
  writer.write(audio.samples());
  AudioWriter moved = std::move(writer);
  moved.finish();
  EXPECT_EQ(wave_of(decode_audio(bytes.data(), bytes.size())), wave_of(audio));
}

TEST(AudioFiles, AFunctionThatCannotTakeThemIsAnError) {
  const Audio audio = stereo();
  AudioWriter full([](const void*, size_t) { return false; }, AudioFormat::kWav);
  EXPECT_EQ(error_of([&] { full.write({audio.samples().data(), 100}); }).status(), Status::kIo);
  AudioWriter throwing(
      [](const void*, size_t) -> bool { throw std::runtime_error("the pipe broke"); },
      AudioFormat::kWav);
  expect_error(
      [&] {
        throwing.write({audio.samples().data(), 100});
      },
      Status::kIo, "the sink threw: the pipe broke");
  EXPECT_EQ(error_of([] { AudioWriter(AudioWriter::Sink(), AudioFormat::kWav); }).status(),
            Status::kInvalidArgument);
}

TEST(Detector, TellsHowSureItIs) {
  const WatermarkDetector detector;
  EXPECT_FLOAT_EQ(detector.detect(Audio(Wave(24000, 0.25F))), 0.25F);
  WatermarkDetectorOptions options;
  options.threads = 3;
  EXPECT_FLOAT_EQ(WatermarkDetector(options).detect(Audio(Wave(24000, 0.25F), 24000, 2)), 3.F);
  EXPECT_EQ(error_of([&] { (void)detector.detect(Audio(Wave(24, 0.25F))); }).status(),
            Status::kBadAudio);
  options.weights = "nowhere";
  EXPECT_EQ(error_of([&] { WatermarkDetector{options}; }).status(), Status::kNotFound);
}

}  // namespace
}  // namespace chatterbox::header_test
