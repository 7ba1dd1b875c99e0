#include "watermark/find_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "support/status.h"
#include "support/temporary_folder.h"

namespace chatterbox::watermark {
namespace {

class FindWeights : public ::testing::Test {
 protected:
  void SetUp() override { unsetenv(kWeightsVariable); }
  void TearDown() override { unsetenv(kWeightsVariable); }

  std::string make_file(const std::string& name) {
    const std::string path = folder_.file(name);
    std::ofstream(path) << "weights";
    return path;
  }
  [[nodiscard]] std::string folder() const { return folder_.file("."); }

  testing::TemporaryFolder folder_;
};

TEST_F(FindWeights, WhereTheEnvironmentSays) {
  const std::string other = make_file("other");
  setenv(kWeightsVariable, other.c_str(), 1);
  EXPECT_EQ(find_weights(), other);
}

TEST_F(FindWeights, AnEnvironmentThatNamesNoFileIsAnError) {
  for (const std::string& path : {folder_.file("absent"), folder()}) {
    setenv(kWeightsVariable, path.c_str(), 1);
    try {
      (void)find_weights();
      ADD_FAILURE() << path << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::kNotFound);
      EXPECT_THAT(error.what(), ::testing::HasSubstr("CHATTERBOX_WATERMARK=" + path));
    }
  }
}

TEST_F(FindWeights, AnEmptyVariableIsNone) {
  const auto without = find_weights();
  setenv(kWeightsVariable, "", 1);
  EXPECT_EQ(find_weights(), without);
}

}  // namespace
}  // namespace chatterbox::watermark
