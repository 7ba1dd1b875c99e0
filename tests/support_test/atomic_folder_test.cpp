// A folder that is there whole or not at all.
#include "support/atomic_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/failure_of.h"
#include "support/temporary_folder.h"

namespace chatterbox {
namespace {

namespace fs = std::filesystem;
using testing::failure_of;
using testing::TemporaryFolder;

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

std::string read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class AtomicFolderTest : public ::testing::Test {
 protected:
  AtomicFolderTest() { write(folder_.file("old"), "old"); }
  [[nodiscard]] int64_t entries() const {
    return std::distance(fs::directory_iterator(folder_.file("")), fs::directory_iterator());
  }
  TemporaryFolder folder_;
};

TEST_F(AtomicFolderTest, IsThereOnceItIsCommitted) {
  const std::string path = folder_.file("new");
  {
    AtomicFolder made(path);
    fs::create_symlink(folder_.file("old"), folder_.file("link"));
    made.add(folder_.file("link"), "linked");
    made.add("written", [](const AtomicFolder::Sink& sink) {
      sink("a");
      sink("b");
    });
    EXPECT_FALSE(fs::exists(path));
    made.commit();
  }
  EXPECT_EQ(read(path + "/linked"), "old");
  EXPECT_FALSE(fs::is_symlink(path + "/linked"));
  EXPECT_EQ(fs::hard_link_count(folder_.file("old")), 2U);
  EXPECT_EQ(read(path + "/written"), "ab");
  EXPECT_EQ(entries(), 3);
}

TEST_F(AtomicFolderTest, WithoutACommitNothingRemains) {
  for (const std::string name : {"new", "new/", "./new"}) {
    AtomicFolder made(folder_.file(name));
    made.add(folder_.file("old"), "linked");
    EXPECT_EQ(entries(), 2);
  }
  EXPECT_EQ(entries(), 1);
}

TEST_F(AtomicFolderTest, CopiesToAnotherFileSystem) {
  const std::string other = "/dev/shm/chatterbox-test-" + std::to_string(getpid());
  std::error_code error;
  if (!fs::is_directory("/dev/shm", error)) GTEST_SKIP() << "there is no other file system";
  {
    AtomicFolder made(other);
    made.add(folder_.file("old"), "copied");
    made.commit();
  }
  EXPECT_EQ(read(other + "/copied"), "old");
  fs::remove_all(other);
}

TEST_F(AtomicFolderTest, TakesThePlaceOfAnEmptyFolder) {
  const std::string path = folder_.file("empty");
  fs::create_directory(path);
  AtomicFolder made(path + "/");
  made.add(folder_.file("old"), "linked");
  made.commit();
  EXPECT_TRUE(fs::exists(path + "/linked"));
}

TEST_F(AtomicFolderTest, FailuresNameTheFile) {
  const std::string path = folder_.file("new");
  AtomicFolder made(path);
  const Failure absent = failure_of([&] { made.add(folder_.file("none"), "copied"); });
  EXPECT_EQ(absent.status, Status::kIo);
  EXPECT_EQ(absent.message, path + "/copied: " + folder_.file("none") +
                                " cannot be copied: No such file or directory");
  fs::create_directory(path);
  write(path + "/late", "");
  EXPECT_THAT(failure_of([&] { made.commit(); }).message,
              ::testing::HasSubstr("new: cannot be made: "));
}

}  // namespace
}  // namespace chatterbox
