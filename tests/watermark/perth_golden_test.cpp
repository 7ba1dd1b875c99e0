// The mark and the detector against the Python package's.
#include <ATen/ATen.h>

#include "perth_weights.h"
#include "support/golden.h"
#include "support/tensors.h"

namespace chatterbox::watermark {
namespace {

struct Recording {
  const char* name;
  int32_t rate;
};
constexpr Recording kRecordings[] = {
    {"speech", 24000}, {"short", 24000}, {"rate_44100", 44100}, {"rate_32000", 32000}};

class PerthGolden : public testing::WithPerth {
 protected:
  [[nodiscard]] std::vector<float> samples(const std::string& name) const {
    return testing::values<float>(golden_.tensor(name));
  }
  testing::Golden golden_{"watermark"};
};

TEST_F(PerthGolden, MarksAsThePackageDoes) {
  for (const auto& [name, rate] : kRecordings) {
    const std::vector<float> given = samples(std::string(name) + ".samples");
    const std::vector<float> expected = samples(std::string(name) + ".marked");
    const std::vector<float> marked = embed(perth(), given, rate);
    ASSERT_EQ(marked.size(), given.size()) << name;
    // The package drops what is after the last whole hop, and its resampler's last samples differ.
    const size_t compared = expected.size() - (expected.size() == given.size() ? 0 : 200);
    double largest = 0;
    for (size_t i = 0; i < compared; ++i) {
      largest = std::max(largest, static_cast<double>(std::abs(marked[i] - expected[i])));
    }
    EXPECT_LE(largest, 8.4e-7) << name;  // measured: 2.1e-7
  }
}

TEST_F(PerthGolden, DetectsAsThePackageDoes) {
  for (const auto& [name, rate] : kRecordings) {
    const std::vector<float> expected = samples(std::string(name) + ".detected");
    const float before = detect(perth(), samples(std::string(name) + ".samples"), rate);
    const float after = detect(perth(), samples(std::string(name) + ".marked"), rate);
    EXPECT_NEAR(before, expected[0], 4e-5) << name;  // measured: 9.4e-6
    EXPECT_NEAR(after, expected[1], 4e-5) << name;
  }
}

}  // namespace
}  // namespace chatterbox::watermark
