// Parsers, splitters and tokenizers where one allocation fails: the first, then the second, and so
// on to the last. Each time std::bad_alloc comes out, and nothing is left behind (with
// LeakSanitizer, which sees what is). Not those of JSON: nlohmann's destructor allocates, and ends
// the process where it cannot.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "audio/codec.h"
#include "checkpoint/torch_zip.h"
#include "support/allocations.h"
#include "text/hf_tokenizer.h"
#include "text/punc_norm.h"
#include "text/splitter.h"
#include "voice/conditionals.h"

namespace chatterbox {
namespace {

std::string seed(const std::string& name) {
  std::ifstream stream(CHATTERBOX_TEST_DATA "/" + name, std::ios::binary);
  EXPECT_TRUE(stream) << name;
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Returns how many allocations `work` makes. Not each of very many is tried.
template <class Work>
int64_t fail_each(const Work& work) {
  work();  // what it keeps for good is there now
  const int64_t before = testing::allocations().made;
  work();
  const int64_t all = testing::allocations().made - before;
  const int64_t stride = all < 5000 ? 1 : all / 5000;
  for (int64_t n = 0; n < all; n += stride) {
    testing::allocations().left = n;
    bool failed = false;
    try {
      work();
    } catch (const std::bad_alloc&) {
      failed = true;
    } catch (const std::exception& error) {
      testing::allocations().left = -1;
      ADD_FAILURE() << "allocation " << n << " of " << all << ": " << error.what();
    }
    testing::allocations().left = -1;
    EXPECT_TRUE(failed) << "allocation " << n << " of " << all;
  }
  work();
  ::testing::Test::RecordProperty("allocations", std::to_string(all));
  return all;
}

TEST(ParsersMemory, TorchFiles) {
  const std::string bytes = seed("fuzz/corpus/zip/torch");
  EXPECT_GT(
      fail_each([&] { (void)checkpoint::parse_torch_zip(bytes.data(), bytes.size(), "file"); }),
      10);
}

TEST(ParsersMemory, Voices) {
  const std::string bytes = seed("../examples/demo_voice/model/conds.pt");
  EXPECT_GT(fail_each([&] { (void)voice::parse(bytes.data(), bytes.size(), "file"); }), 10);
}

TEST(ParsersMemory, Audio) {
  const std::string bytes = seed("fuzz/corpus/audio/extensible.wav");
  EXPECT_GT(fail_each([&] {
              const Audio audio = audio::decode_audio(bytes.data(), bytes.size(), "file");
              (void)audio::encode_audio(audio, audio::AudioFormat::kWav);
            }),
            2);
}

TEST(ParsersMemory, Tokenizers) {
  const std::string json = seed("fuzz/corpus/tokenizer/whitespace.json");
  const auto tokenizer =
      text::BpeTokenizer::parse(std::string_view(json).substr(0, json.find('\0')), "file");
  EXPECT_GT(fail_each([&] { (void)tokenizer.encode("ab [STOP] hab c"); }), 5);
}

TEST(ParsersMemory, Texts) {
  const std::string text = "One sentence, and \"another.\" [pause:1s] 3.14 … 你好。世界！";
  const auto count = [](std::string_view piece) { return static_cast<int64_t>(piece.size()); };
  EXPECT_GT(fail_each([&] { (void)text::split_text(text, {"en", 20, 10}, count); }), 10);
  EXPECT_GT(fail_each([&] { (void)text::punc_norm_multilingual(text); }), 2);
}

}  // namespace
}  // namespace chatterbox
