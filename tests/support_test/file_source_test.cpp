// The files of a model in a folder and in memory, and how their bytes get into memory.
#include "support/file_source.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "support/failure_of.h"
#include "support/file_io.h"
#include "support/temporary_folder.h"

namespace chatterbox {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::failure_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr FileAccess kEveryAccess[] = {FileAccess::kMapped, FileAccess::kRead, FileAccess::kLocked};

class FilesOfAModel : public ::testing::Test {
 protected:
  FilesOfAModel() {
    write_file(folder_.file("b"), "some bytes");
    write_file(folder_.file("a"), "");
    std::filesystem::create_directory(folder_.file("c"));
  }
  const testing::TemporaryFolder folder_;
  const Folder on_disk_{folder_.file("")};
  const FilesInMemory in_memory_{"given", {{"b", own_bytes("some bytes")}, {"a", own_bytes("")}}};
};

TEST_F(FilesOfAModel, AreTheSameInAFolderAndInMemory) {
  for (const FileSource* files :
       {static_cast<const FileSource*>(&on_disk_), static_cast<const FileSource*>(&in_memory_)}) {
    EXPECT_THAT(files->names(), ElementsAre("a", "b"));
    EXPECT_TRUE(files->has("b"));
    EXPECT_FALSE(files->has("d"));
    for (const FileAccess access : kEveryAccess) {
      EXPECT_EQ(files->open("b", access)->view(), "some bytes");
      EXPECT_EQ(files->open("a", access)->view(), "");
    }
    EXPECT_EQ(files->read("b", 10), "some bytes");
  }
}

TEST_F(FilesOfAModel, AreNamedByTheirPath) {
  const auto expect_failure = [](Status status, const std::string& message, const auto& work) {
    const Failure failure = failure_of(work);
    EXPECT_EQ(failure.status, status);
    EXPECT_EQ(failure.message, message);
  };
  for (const FileAccess access : kEveryAccess) {
    expect_failure(Status::kNotFound, folder_.file("d") + ": No such file or directory",
                   [&] { (void)on_disk_.open("d", access); });
    expect_failure(Status::kIo, folder_.file("c") + ": not a regular file",
                   [&] { (void)on_disk_.open("c", access); });
    expect_failure(Status::kNotFound, "given/d: not among the files that were given",
                   [&] { (void)in_memory_.open("d", access); });
  }
  expect_failure(Status::kIo, folder_.file("b") + ": has 10 bytes, at most 9 can be read",
                 [&] { (void)on_disk_.read("b", 9); });
  expect_failure(Status::kIo, "given/b: has 10 bytes, at most 9 can be read",
                 [&] { (void)in_memory_.read("b", 9); });
  EXPECT_THAT(Folder("no/such").names(), IsEmpty());
}

TEST_F(FilesOfAModel, AreNotCopiedInMemory) {
  const auto bytes = own_bytes(std::string(1000, 'x'));
  const FilesInMemory files("given", {{"file", bytes}});
  EXPECT_EQ(files.open("file", FileAccess::kMapped)->data(), bytes->data());
  EXPECT_EQ(files.open("file", FileAccess::kRead)->data(), bytes->data());
}

// What was written to a file in place shows in a mapped one only.
TEST_F(FilesOfAModel, AreMappedOrRead) {
  const std::string path = folder_.file("b");
  const auto mapped = open_file(path, FileAccess::kMapped);
  const auto read = open_file(path, FileAccess::kRead);
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary) << "SOME";
  EXPECT_EQ(mapped->view(), "SOME bytes");
  EXPECT_EQ(read->view(), "some bytes");
}

// A sanitizer's mlock() does nothing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kLocks = false;
#else
constexpr bool kLocks = true;
#endif

int64_t locked_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmLck:", 0) == 0) return std::stoll(line.substr(6));
  }
  return -1;
}

TEST_F(FilesOfAModel, AreLockedWhileTheyAreOpen) {
  if (!kLocks) GTEST_SKIP();
  write_file(folder_.file("b"), std::string(8192, 'x'));
  const int64_t before = locked_kilobytes();
  auto from_disk = on_disk_.open("b", FileAccess::kLocked);
  EXPECT_EQ(locked_kilobytes(), before + 8);
  const auto from_memory = in_memory_.open("b", FileAccess::kLocked);
  EXPECT_EQ(locked_kilobytes(), before + 12);
  from_disk.reset();
  EXPECT_EQ(locked_kilobytes(), before + 4);
}

// In a process that may lock nothing. Root may whatever the limit is, so it becomes another user.
[[noreturn]] void lock_beyond_the_limit(const std::string& path) {
  const rlimit none = {0, 0};
  const bool lowered = setrlimit(RLIMIT_MEMLOCK, &none) == 0 && (getuid() != 0 || setuid(1) == 0);
  if (!lowered) std::fputs("the limit cannot be lowered", stderr);
  const Failure failure = failure_of([&] { (void)open_file(path, FileAccess::kLocked); });
  std::fputs(failure.message.c_str(), stderr);
  std::_Exit(failure.status == Status::kOutOfMemory ? 0 : 1);
}

TEST_F(FilesOfAModel, SayWhatTheLimitIsThatForbidsToLockThem) {
  if (!kLocks) GTEST_SKIP();
  ::testing::FLAGS_gtest_death_test_style = "fast";
  const std::string path = folder_.file("b");
  std::filesystem::permissions(folder_.file(""), std::filesystem::perms::all);
  EXPECT_EXIT(lock_beyond_the_limit(path), ::testing::ExitedWithCode(0),
              AllOf(StartsWith(path + ": 10 bytes cannot be kept in physical memory: "),
                    HasSubstr("the process may lock 0 bytes in all (RLIMIT_MEMLOCK, ulimit -l)")));
}

}  // namespace
}  // namespace chatterbox
