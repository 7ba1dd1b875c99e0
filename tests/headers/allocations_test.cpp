// The C++ interface shares what C made: it copies no samples, and allocates what C does and the
// counter of what is shared.
#include <algorithm>

#include "headers/engines.h"
#include "support/allocations.h"
#include "support/temporary_folder.h"

namespace chatterbox::header_test {
namespace {

// By this thread.
int64_t allocations_of(const std::function<void()>& work) {
  const int64_t before = testing::allocations().made;
  work();
  return testing::allocations().made - before;
}

Audio second_of_sound() { return Audio(Wave(24000, 0.25F)); }

TEST(Allocations, AFileThatIsReadHasOneMoreThanInC) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.file("a.wav");
  write_audio(path, second_of_sound());
  chatterbox_audio* in_c = nullptr;
  const int64_t expected =
      allocations_of([&] { (void)chatterbox_audio_read(path.c_str(), &in_c); });
  const Audio owner(in_c);
  EXPECT_EQ(owner.samples().data(), chatterbox_audio_samples(in_c));
  Audio read;
  EXPECT_EQ(allocations_of([&] { read = read_audio(path); }), expected + 1);
  EXPECT_EQ(wave_of(read), wave_of(owner));
}

TEST(Allocations, AnEncodedFileHasThoseOfC) {
  const Audio audio = second_of_sound();
  const auto encode = [&](chatterbox_buffer** buffer) {
    (void)chatterbox_audio_encode(CHATTERBOX_FORMAT_WAV, audio.samples().data(), audio.frames(), 1,
                                  24000, buffer);
  };
  chatterbox_buffer* in_c = nullptr;
  const int64_t expected = allocations_of([&] { encode(&in_c); });
  const Bytes owner(in_c);
  EXPECT_EQ(static_cast<const void*>(owner.data()), chatterbox_buffer_data(in_c));
  EXPECT_EQ(owner.size(), chatterbox_buffer_size(in_c));
  EXPECT_EQ(allocations_of([&] { (void)encode_audio(audio, AudioFormat::kWav); }), expected);
}

TEST(Allocations, AVoiceThatIsSavedHasThoseOfC) {
  const auto engine = ChatterboxEngine::load();
  const Voice voice = engine.default_voice();
  chatterbox_buffer* in_c = nullptr;
  const int64_t expected =
      allocations_of([&] { (void)chatterbox_voice_save_to_memory(voice.handle(), &in_c); });
  const Bytes owner(in_c);
  EXPECT_EQ(allocations_of([&] { (void)voice.save_to_memory(); }), expected);
}

TEST(Allocations, AudioIsSharedByCopiesAndTheResult) {
  Wave samples(48000, 0.25F);
  const float* const first = samples.data();
  Audio moved_in;
  EXPECT_EQ(allocations_of([&] { moved_in = Audio(std::move(samples), 16000, 2); }), 1);
  EXPECT_EQ(moved_in.samples().data(), first);
  EXPECT_EQ(moved_in.frames(), 24000U);
  const auto engine = ChatterboxEngine::load();
  Audio spoken;
  EXPECT_EQ(allocations_of([&] {
              const Audio copy = moved_in;
              moved_in = Audio::view(first, 3);
              EXPECT_EQ(copy.samples().data(), first);
            }),
            0);
  {
    const Result result = engine.generate("Hello.");
    EXPECT_EQ(allocations_of([&] { spoken = result.audio(); }), 0);
    EXPECT_EQ(spoken.samples().data(), chatterbox_result_samples(result.handle()));
    EXPECT_EQ(spoken.samples().size(), chatterbox_result_sample_count(result.handle()));
  }
  EXPECT_EQ(wave_of(spoken).size(), 10 * kSamplesPerToken);  // it outlives the result
}

TEST(Allocations, AViewIsTheCallersMemory) {
  const auto engine = ChatterboxEngine::load();
  const Wave samples(48000, 0.5F);
  Audio view;
  EXPECT_EQ(allocations_of([&] { view = Audio::view(samples.data(), 24000, 24000, 2); }), 0);
  EXPECT_EQ(view.samples().data(), samples.data());
  EXPECT_EQ(view.samples().size(), 48000U);
  EXPECT_EQ(view.channels(), 2);
  EXPECT_EQ(engine.make_voice(view).id(), engine.make_voice(Audio(samples, 24000, 2)).id());
  const Audio moved = std::move(view);
  EXPECT_EQ(moved.frames(), 24000U);
  EXPECT_TRUE(view.samples().empty());  // no length without samples
  EXPECT_EQ(view.frames(), 0U);
}

TEST(Allocations, AnEnginesDescriptionHasNone) {
  const auto engine = ChatterboxEngine::load();
  EngineInfo info;
  EXPECT_EQ(allocations_of([&] { info = engine.info(); }), 0);
  std::string_view found;
  EXPECT_EQ(allocations_of([&] {
              for (const std::string_view language : info.languages) found = language;
            }),
            0);
  EXPECT_EQ(found, "fr");
  EXPECT_EQ(found.data(), chatterbox_engine_language(engine.handle(), 1));
  EXPECT_EQ(info.model.data(), engine.info().model.data());
  EXPECT_NE(std::find(info.voices.begin(), info.voices.end(), "second"), info.voices.end());
  EXPECT_EQ(std::find(info.voices.begin(), info.voices.end(), "third"), info.voices.end());
  (void)chatterbox_language_count();  // C makes its list at the first call
  EXPECT_EQ(allocations_of([] {
              size_t letters = 0;
              for (const Language& language : languages()) letters += language.name.size();
              EXPECT_GT(letters, 100U);
            }),
            0);
}

TEST(Allocations, AResultsListsHaveNone) {
  const auto engine = ChatterboxEngine::load();
  Request request = request_for("One.\nTwo.");
  const Result joined = engine.generate_long(request);
  uint64_t letters = 0;
  EXPECT_EQ(allocations_of([&] {
              for (const Piece& piece : joined.pieces())
                letters += piece.text_end - piece.text_begin;
            }),
            0);
  EXPECT_EQ(letters, 8U);
  request.analyze_alignment = true;
  const Result analyzed = engine.generate(request);
  List<InterventionSpan> spans;
  EXPECT_TRUE(spans.empty());
  EXPECT_EQ(allocations_of([&] {
              spans = analyzed.interventions();
              EXPECT_EQ(spans[1].first_step, 6);
            }),
            0);
  EXPECT_EQ(std::vector<InterventionSpan>(spans.begin(), spans.end()).size(), spans.size());
}

TEST(Allocations, ARequestHasOneMoreThanInC) {
  const auto engine = ChatterboxEngine::load();
  Request request = request_for("A text that is longer than a short string has room for.");
  Wave heard;
  heard.reserve(10000);
  request.on_audio = [&heard](Samples samples) {
    heard.insert(heard.end(), samples.begin(), samples.end());
    return true;
  };
  const auto in_c = [&] {
    chatterbox_request asked = {};
    (void)chatterbox_request_init(&asked, sizeof asked);
    asked.text = request.text.c_str();
    asked.has_seed = 1;
    asked.seed = 5;
    asked.on_audio = [](uint64_t, const float*, uint64_t, void*) { return 0; };
    chatterbox_result* result = nullptr;
    (void)chatterbox_engine_generate(engine.handle(), &asked, &result);
    chatterbox_result_destroy(result);
  };
  in_c();
  const int64_t expected = allocations_of(in_c);
  EXPECT_EQ(allocations_of([&] { (void)engine.generate(request); }), expected + 1);
  EXPECT_FALSE(heard.empty());
}

}  // namespace
}  // namespace chatterbox::header_test
