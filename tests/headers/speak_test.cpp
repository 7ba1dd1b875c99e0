// Results, batches, long texts and conversions through the C++ interface.
#include <set>

#include "headers/engines.h"

namespace chatterbox::header_test {
namespace {

using ::testing::ElementsAre;

Wave spoken_by(Family family, const std::function<void(Request&, const RequestDefaults&)>& change) {
  EngineOptions options;
  options.family = family;
  const auto engine = ChatterboxEngine::load(options);
  Request request = request_for("Hello.");
  change(request, engine.info().defaults);
  return wave_of(engine.generate(request));
}

void say_everything(Request& request, const RequestDefaults& defaults) {
  request.temperature = defaults.temperature;
  request.cfg_weight = defaults.cfg_weight;
  request.exaggeration = defaults.exaggeration;
  request.min_p = defaults.min_p;
  request.top_p = defaults.top_p;
  request.repetition_penalty = defaults.repetition_penalty;
  request.max_new_tokens = defaults.max_new_tokens;
  request.cfm_steps = defaults.cfm_steps;
  request.top_k = defaults.top_k;
  request.analyze_alignment = defaults.analyze_alignment;
}

TEST(Defaults, ARequestThatSaysNothingGetsTheFamilys) {
  std::set<Wave> waves;
  for (const Family family : {Family::kEnglish, Family::kTurbo}) {
    const Wave nothing = spoken_by(family, [](Request&, const RequestDefaults&) {});
    EXPECT_EQ(nothing, spoken_by(family, say_everything));
    waves.insert(nothing);
    waves.insert(spoken_by(family, [](Request& request, const RequestDefaults& defaults) {
      request.temperature = defaults.temperature / 2;
    }));
  }
  EXPECT_EQ(waves.size(), 4U);
}

TEST(Speaking, AResultTells) {
  const auto engine = ChatterboxEngine::load();
  Request request = request_for("Hello.");
  request.analyze_alignment = true;
  request.tag = 3;
  request.max_new_tokens = 4;
  const Result result = engine.generate(request);
  EXPECT_EQ(result.samples().size(), 4 * kSamplesPerToken);
  EXPECT_EQ(result.samples()[2], result.samples().data()[2]);
  EXPECT_FALSE(result.samples().empty());
  EXPECT_EQ(result.sample_rate(), 24000);
  EXPECT_EQ(result.audio().samples().data(), result.samples().data());
  EXPECT_EQ(result.finish_reason(), FinishReason::kMaxTokens);
  const ResultStats stats = result.stats();
  EXPECT_EQ(stats.seed, 5U);
  EXPECT_EQ(stats.tag, 3U);
  EXPECT_EQ(stats.speech_tokens, 4);
  EXPECT_EQ(stats.samples, static_cast<int64_t>(result.samples().size()));
  EXPECT_GE(stats.total_seconds, stats.flow_seconds);
  EXPECT_FLOAT_EQ(result.quality().text_coverage, 0.75F);
  const auto interventions = result.interventions();
  ASSERT_EQ(interventions.size(), 2U);
  EXPECT_EQ(static_cast<Intervention>(interventions[1].kind), Intervention::kTokenRepetition);
  EXPECT_EQ(interventions[1].first_step, 6);
  EXPECT_TRUE(result.pieces().empty());
}

TEST(Speaking, InShort) {
  const auto engine = ChatterboxEngine::load();
  EXPECT_EQ(engine.generate("Hello.").samples().size(), 10 * kSamplesPerToken);
  const Voice second = engine.named_voice("second");
  EXPECT_EQ(engine.generate("Hello.", second).samples().size(), 10 * kSamplesPerToken);
  Request request = request_for("Hello.");
  const Wave own = wave_of(engine.generate(request));
  request.voice = second;
  EXPECT_NE(wave_of(engine.generate(request)), own);
}

TEST(Speaking, ABatchHasAnOutcomeForEach) {
  const auto engine = ChatterboxEngine::load();
  std::vector<std::pair<size_t, Status>> ends;
  std::vector<Request> requests;
  for (const std::string text : {"One.", "Two.", "T\0o", "Three."}) {
    requests.push_back(request_for(text));
    const size_t index = requests.size() - 1;
    requests.back().on_done = [&ends, index](Status status) { ends.emplace_back(index, status); };
  }
  requests[1].top_p = 2;
  requests[2].text = std::string("T\0o", 3);
  const std::vector<Outcome> outcomes = engine.generate_batch(requests);
  ASSERT_EQ(outcomes.size(), 4U);
  for (const size_t spoken : {0, 3}) {
    ASSERT_TRUE(outcomes[spoken].result) << spoken;
    EXPECT_FALSE(outcomes[spoken].error);
    EXPECT_EQ(wave_of(*outcomes[spoken].result), wave_of(engine.generate(requests[spoken])));
  }
  for (const size_t refused : {1, 2}) {
    ASSERT_TRUE(outcomes[refused].error) << refused;
    EXPECT_FALSE(outcomes[refused].result);
    EXPECT_EQ(outcomes[refused].error->status(), Status::kInvalidArgument);
  }
  EXPECT_STREQ(outcomes[1].error->what(), "top_p must be above 0 and at most 1, got 2");
  EXPECT_STREQ(outcomes[2].error->what(), "text must not have a NUL in it");
  ends.resize(4);  // without those of generate()
  EXPECT_THAT(ends, ::testing::UnorderedElementsAre(
                        std::pair(0, Status::kOk), std::pair(1, Status::kInvalidArgument),
                        std::pair(2, Status::kInvalidArgument), std::pair(3, Status::kOk)));
  EXPECT_TRUE(engine.generate_batch({}).empty());
}

TEST(Speaking, ALongTextHasPieces) {
  const auto engine = ChatterboxEngine::load();
  const std::string text = "One.\nTwo.[pause:500ms]Three.";
  std::vector<uint64_t> told;
  LongTextOptions options;
  options.pause = 0.25;
  options.on_piece = [&told](const Piece& piece) { told.push_back(piece.index); };
  const Result result = engine.generate_long(request_for(text), options);
  EXPECT_THAT(told, ElementsAre(0, 1, 2));
  const List<Piece> pieces = result.pieces();
  ASSERT_EQ(pieces.size(), 3U);
  EXPECT_EQ(text.substr(pieces[2].text_begin, pieces[2].text_end - pieces[2].text_begin), "Three.");
  EXPECT_NEAR(pieces[1].begin_seconds - pieces[0].end_seconds, 0.25, 0.1);
  EXPECT_EQ(wave_of(engine.submit_long(request_for(text), options).wait()), wave_of(result));
  EXPECT_NE(wave_of(engine.generate_long(request_for(text))), wave_of(result));  // other pauses
}

TEST(Speaking, AConversion) {
  const auto engine = ChatterboxEngine::load();
  Conversion conversion = conversion_of();
  conversion.voice = engine.named_voice("second");
  const Wave converted = wave_of(engine.convert_voice(conversion));
  EXPECT_EQ(converted.size(), 24 * kSamplesPerToken);
  EXPECT_EQ(wave_of(engine.submit(conversion).wait()), converted);
  EXPECT_EQ(engine.convert_voice(conversion.source, *conversion.voice).samples().size(),
            converted.size());
  conversion.source = Audio(Wave(10));
  EXPECT_EQ(error_of([&] { (void)engine.convert_voice(conversion); }).status(), Status::kBadAudio);
}

}  // namespace
}  // namespace chatterbox::header_test
