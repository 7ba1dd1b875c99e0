// Tokenizer files of tests/data, and copies of them to damage.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "support/failure_of.h"
#include "support/temporary_folder.h"

namespace chatterbox::text {

// A folder of tests/data.
inline std::string data_folder(const std::string& name) {
  return std::string(CHATTERBOX_TEST_DATA) + "/data/" + name;
}

// A copy of files of tests/data that a test may damage.
class DataCopy {
 public:
  explicit DataCopy(const std::string& name) { std::filesystem::copy(data_folder(name), path()); }
  [[nodiscard]] std::string path() const { return folder_.file("data"); }
  [[nodiscard]] std::string file(const std::string& name) const { return path() + "/" + name; }
  void remove(const std::string& name) const { std::filesystem::remove(file(name)); }
  void write(const std::string& name, const std::string& bytes) const {
    remove(name);  // the copy may be read-only
    std::ofstream(file(name), std::ios::binary) << bytes;
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream stream(file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void change(const std::string& name, const std::function<void(nlohmann::json&)>& edit) const {
    nlohmann::json json = nlohmann::json::parse(read(name));
    edit(json);
    write(name, json.dump());
  }

 private:
  testing::TemporaryFolder folder_;
};

// `work` must throw an Error whose message holds `why`.
inline void expect_error(Status status, const std::string& why, const std::function<void()>& work) {
  const Failure failure = testing::failure_of(work);
  EXPECT_EQ(failure.status, status) << failure.message;
  EXPECT_NE(failure.message.find(why), std::string::npos) << failure.message << "\nwithout " << why;
  EXPECT_LT(failure.message.size(), 400U);
}

}  // namespace chatterbox::text
