#include "support/hash.h"

#include <gtest/gtest.h>

#include <set>

namespace chatterbox {
namespace {

// Python: hashlib.blake2b(data, digest_size=16).hexdigest()
TEST(ContentHash, IsBlake2bOfLengthsAndPieces) {
  EXPECT_EQ(content_hash({}), "cae66941d9efbd404e4d88758ea67670");
  EXPECT_EQ(content_hash({"abc"}), "10366aba46518e2b9d040dde242bbc5a");
  EXPECT_EQ(content_hash({"abc", ""}), "8553b3d37f2d28d727639de9a0e7dae6");
  const std::string large(300000, 'x');
  EXPECT_EQ(content_hash({large, "y"}), "83c5adff4af46694bea2675722b05557");
}

TEST(ContentHash, CutsCount) {
  const std::set<std::string> hashes = {content_hash({}),         content_hash({""}),
                                        content_hash({"ab"}),     content_hash({"a", "b"}),
                                        content_hash({"b", "a"}), content_hash({"", "ab"}),
                                        content_hash({"ab", ""}), content_hash({"a", "", "b"})};
  EXPECT_EQ(hashes.size(), 8U);
}

}  // namespace
}  // namespace chatterbox
