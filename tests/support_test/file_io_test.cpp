#include "support/file_io.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "support/error.h"
#include "support/temporary_folder.h"

namespace chatterbox {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class FileIo : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name = "a") const { return folder_.file(name); }
  [[nodiscard]] std::string content(const std::string& name = "a") const {
    return read_file(path(name), 1 << 20);
  }
  [[nodiscard]] size_t files() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(path("")), {}));
  }

  const testing::TemporaryFolder folder_;
};

template <class Action>
void expect_error(Status status, const std::string& message, const Action& action) {
  try {
    action();
    ADD_FAILURE() << "nothing was thrown, expected: " << message;
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), status) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

TEST_F(FileIo, ReadsAllBytesOfAnySize) {
  for (const size_t size : {0U, 1U, 65535U, 65536U, 65537U, (1U << 20U) + 65536, 3000001U}) {
    std::string bytes(size, '\0');
    for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 >> 3U);
    write_file(path(), bytes);
    EXPECT_TRUE(read_file(path(), size) == bytes) << size;
  }
}

TEST_F(FileIo, TheLimitIsNamed) {
  write_file(path(), std::string(100, 'x'));
  EXPECT_EQ(read_file(path(), 100).size(), 100U);
  expect_error(Status::kIo, path() + ": has 100 bytes, at most 99 can be read",
               [&] { (void)read_file(path(), 99); });
  expect_error(Status::kIo, "/dev/zero: has more than the 1000000 bytes that can be read",
               [] { (void)read_file("/dev/zero", 1000000); });
}

TEST_F(FileIo, WhatCannotBeReadIsNamed) {
  expect_error(Status::kNotFound, path("absent") + ": No such file or directory",
               [&] { (void)read_file(path("absent"), 1); });
  write_file(path(), "x");
  expect_error(Status::kNotFound, path("a/b") + ": Not a directory",
               [&] { (void)read_file(path("a/b"), 1); });
  expect_error(Status::kIo, ": Is a directory", [&] { (void)read_file(path(""), 1); });
}

TEST_F(FileIo, TheStartIsSeenBeforeTheRest) {
  write_file(path(), std::string(100000, 'x'));
  size_t seen = 0;
  EXPECT_EQ(read_file(path(), 100000, [&](std::string_view start) { seen = start.size(); }).size(),
            100000U);
  EXPECT_EQ(seen, 65536U);
  // Without end, but for the exception.
  EXPECT_THROW((void)read_file("/dev/zero", SIZE_MAX, [](std::string_view) { throw 1; }), int);
}

TEST_F(FileIo, ReadsAPipe) {
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  const std::string bytes(200000, 'x');
  auto writer = std::async(std::launch::async, [&] { write_file(path("pipe"), bytes); });
  EXPECT_TRUE(read_file(path("pipe"), 1 << 20) == bytes);
  writer.get();
  EXPECT_TRUE(fs::is_fifo(path("pipe")));
}

TEST_F(FileIo, AnAtomicFileIsThereAfterItsCommit) {
  write_file(path(), "old");
  {
    AtomicFile file(path());
    file.write("n");
    file.write("ew");
    EXPECT_EQ(content(), "old");
    EXPECT_EQ(files(), 2U);
    file.commit();
    EXPECT_EQ(content(), "new");
  }
  EXPECT_EQ(content(), "new");
  EXPECT_EQ(files(), 1U);
}

TEST_F(FileIo, AnAtomicFileWithoutCommitLeavesNothing) {
  write_file(path(), "old");
  {
    AtomicFile file(path());
    file.write("new");
    AtomicFile other(path("other"));
  }
  EXPECT_EQ(content(), "old");
  EXPECT_EQ(files(), 1U);
}

// Of a process that was killed and had this one's number, as they have in containers.
TEST_F(FileIo, WhatAnotherLeftBehindStandsInNobodysWay) {
  const std::string next = temporary_beside(path());
  const size_t number = next.rfind('-') + 1;
  const uint64_t count = std::stoull(next.substr(number));
  for (uint64_t i = 0; i < 3; ++i) {
    std::ofstream(next.substr(0, number) + std::to_string(count + i) + ".tmp") << "left";
  }
  write_file(path(), "new");
  EXPECT_EQ(content(), "new");
  EXPECT_EQ(files(), 4U);
}

TEST_F(FileIo, ManyWritersOfOneFile) {
  const auto write_often = [&](char letter) {
    for (int i = 0; i < 100; ++i) write_file(path(), std::string(5000, letter));
  };
  std::vector<std::thread> writers;
  write_often('a');
  for (const char letter : {'b', 'c', 'd'}) writers.emplace_back(write_often, letter);
  for (int i = 0; i < 200; ++i) {
    const std::string bytes = content();
    EXPECT_EQ(bytes.size(), 5000U);
    EXPECT_EQ(bytes, std::string(5000, bytes.front()));
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(files(), 1U);
}

TEST_F(FileIo, ALinkStaysOne) {
  write_file(path(), "old");
  fs::create_symlink(path(), path("link"));
  write_file(path("link"), "new");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(content(), "new");
  EXPECT_EQ(files(), 2U);
}

TEST_F(FileIo, ALinkToNothingLeadsToTheFile) {
  fs::create_directory(path("folder"));
  fs::create_symlink("folder/new", path("link"));
  fs::create_symlink(path("link"), path("second"));
  write_file(path("second"), "bytes");
  EXPECT_TRUE(fs::is_symlink(path("second")));
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(content("folder/new"), "bytes");
  fs::create_symlink("loop", path("loop"));
  expect_error(Status::kIo, "loop: cannot be written: Too many levels of symbolic links",
               [&] { write_file(path("loop"), "x"); });
}

TEST_F(FileIo, ADeviceIsNotReplaced) {
  write_file("/dev/null", "x");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  expect_error(Status::kIo, "/dev/full: cannot be written: No space left on device",
               [] { write_file("/dev/full", "x"); });
}

TEST_F(FileIo, NamesAreAsLongAsTheyCanBe) {
  const std::string name(255, 'x');
  write_file(path(name), "new");
  EXPECT_EQ(content(name), "new");
}

TEST_F(FileIo, WhatCannotBeWrittenIsNamed) {
  expect_error(Status::kIo, path("no/a") + ": cannot be written: No such file or directory",
               [&] { write_file(path("no/a"), "x"); });
  expect_error(Status::kIo, path(std::string(256, 'x')) + ": cannot be written: File name too long",
               [&] { write_file(path(std::string(256, 'x')), "x"); });
  fs::create_directories(path("folder/x"));
  expect_error(Status::kIo,
               path("folder") + ": cannot be written: ", [&] { write_file(path("folder"), "x"); });
  EXPECT_EQ(files(), 1U);
}

}  // namespace
}  // namespace chatterbox
