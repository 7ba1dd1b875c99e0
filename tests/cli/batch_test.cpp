// chatterbox batch: many texts to files.
#include <algorithm>
#include <iterator>
#include <map>
#include <sstream>

#include "checkpoint/safetensors.h"
#include "cli/cli_test.h"

namespace chatterbox::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class Batch : public CliTest {
 protected:
  [[nodiscard]] std::vector<std::string> batch(std::vector<std::string> options) const {
    options.insert(options.begin(), {CHATTERBOX_CLI, "batch", path("requests.jsonl"), "-o",
                                     path("out"), "--device", "cpu", "--max-new-tokens", "8",
                                     "--cfm-steps", "2", "--model", synthetic_model()});
    return options;
  }
  Outcome run_batch(const std::string& requests, const std::vector<std::string>& options = {}) {
    write_file(path("requests.jsonl"), requests);
    return run_program(batch(options));
  }

  // The lines by id, and the last one by "".
  static std::map<std::string, json> statistics(const std::string& text) {
    std::map<std::string, json> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      const json object = json::parse(line);
      const bool last = object.contains("summary");
      const std::string id = last                     ? ""
                             : object["id"].is_null() ? "line " + object["line"].dump()
                                                      : object["id"].get<std::string>();
      EXPECT_TRUE(lines.emplace(id, last ? object["summary"] : object).second) << id;
    }
    return lines;
  }
};

// The same bytes as speak gives, whatever the mode.
TEST_F(Batch, SpeaksAsSpeakDoes) {
  const std::string requests =
      "{\"id\": \"a\", \"text\": \"Hello.\", \"seed\": 1, \"cfg_weight\": 0}\n"
      "\n"
      "{\"id\": \"b\", \"text\": \"A longer sentence.\", \"seed\": 2, \"max_new_tokens\": 12}\n";
  ASSERT_EQ(run_program({CHATTERBOX_CLI, "speak", "Hello.", "--seed", "1", "--cfg-weight", "0",
                         "--device", "cpu", "--max-new-tokens", "8", "--cfm-steps", "2", "-o",
                         path("a.wav"), "--model", synthetic_model()})
                .exit_code,
            0);
  ASSERT_EQ(run_program({CHATTERBOX_CLI, "speak", "A longer sentence.", "--seed", "2", "--device",
                         "cpu", "--max-new-tokens", "12", "--cfm-steps", "2", "-o", path("b.wav"),
                         "--model", synthetic_model()})
                .exit_code,
            0);
  for (const char* mode : {"sequential", "batch", "dynamic"}) {
    SCOPED_TRACE(mode);
    fs::remove_all(path("out"));
    const Outcome outcome = run_batch(requests, {"--mode", mode, "--batch-size", "2"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_TRUE(read_file(path("out/a.wav")) == read_file(path("a.wav")));
    EXPECT_TRUE(read_file(path("out/b.wav")) == read_file(path("b.wav")));
    const auto lines = statistics(outcome.out);
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines.at("a").at("seed"), 1);
    EXPECT_EQ(lines.at("b").at("line"), 3);
    EXPECT_GT(lines.at("b").at("speech_tokens"), 0);
    const json& summary = lines.at("");
    EXPECT_EQ(summary.at("requests"), 2);
    EXPECT_EQ(summary.at("spoken"), 2);
    EXPECT_EQ(summary.at("failed"), 0);
    EXPECT_EQ(summary.at("limits").at("rows"), std::string(mode) == "sequential" ? 2 : 4);
    EXPECT_EQ(summary.at("metrics").at("ended").at("ok"), 2);
    EXPECT_NEAR(summary.at("audio_seconds").get<double>(),
                lines.at("a").at("audio_seconds").get<double>() +
                    lines.at("b").at("audio_seconds").get<double>(),
                1e-9);
  }
}

// However deep or long it is, what is wrong with a line is said in a line, and stops no other.
TEST_F(Batch, AHugeBadLineFailsAlone) {
  const auto nested = [](const std::string& open, const std::string& close) {
    std::string text;
    for (int i = 0; i < 100000; ++i) text += open;
    for (int i = 0; i < 100000; ++i) text += close;
    return text;
  };
  const std::string deep[] = {nested("[", "]"), nested("{\"a\":", "}"), nested("[", "")};
  std::string requests;
  for (const std::string& value : deep) {
    requests += value + "\n" + R"({"id": "a", "text": )" + value + "}\n";
  }
  const std::string digits(1000000, '1');
  requests += R"({"id": )" + digits + "}\n" + R"({"id": ")" + digits + "\"}\n";
  requests += R"({"id": "b", ")" + digits + "\": 1}\n" + std::string(1000000, '\x80') + "\n";
  requests += R"({"id": "good", "text": "Hello."})";
  const Outcome outcome = run_batch(requests, {"--json", path("statistics.jsonl")});
  EXPECT_EQ(outcome.exit_code, 1) << outcome.err.substr(0, 2000);
  EXPECT_GT(read_file(path("out/good.wav")).size(), 1000U);
  EXPECT_LT(outcome.err.size(), 5000U);
  EXPECT_LT(read_file(path("statistics.jsonl")).size(), 10000U);
  EXPECT_THAT(outcome.err, HasSubstr("nested deeper than 16 levels"));
}

TEST_F(Batch, ABadLineFailsAlone) {
  const std::pair<const char*, const char*> bad[] = {
      {"not json", "not JSON: "},
      {"[1]", "must be a JSON object, got an array"},
      {R"({"id": "a", "text": "x", "id": "b"})", "the key \"id\" is there twice"},
      {R"({"id": "a\nb", "text": "x"})", "without / and control characters"},
      {R"({"id": "a\u202eb", "text": "x"})", "without / and control characters"},
      {R"({"id": "-rf", "text": "x"})", "not beginning with a dot or -"},
      {"{\"text\": \"x\"}", "id is missing"},
      {"{\"id\": \"c\"}", "text is missing"},
      {"{\"id\": \"../d\", \"text\": \"x\"}", "id must be usable as a file name"},
      {"{\"id\": 5, \"text\": \"x\"}", "id must be a string, got 5"},
      {"{\"id\": \"good\", \"text\": \"x\"}", "the id good is used twice"},
      {"{\"id\": \"e\", \"text\": \"x\", \"cfg-weight\": 1}", "unknown key \"cfg-weight\""},
      {"{\"id\": \"f\", \"text\": \"x\", \"temperature\": \"hot\"}",
       "temperature must be a number, got \"hot\""},
      {"{\"id\": \"g\", \"text\": \"x\", \"temperature\": -2}",
       "temperature must be 0 or in [0.05, 5], got -2"},
      {"{\"id\": \"o\", \"text\": \"x\", \"temperature\": -1}",
       "temperature is out of range, got -1"},
      {"{\"id\": \"h\", \"text\": \"x\", \"max_new_tokens\": 2.5}",
       "max_new_tokens must be a whole number, got 2.5"},
      {"{\"id\": \"i\", \"text\": \"x\", \"seed\": -1}",
       "seed must be a whole number in [0, 2^64-1], got -1"},
      {"{\"id\": \"j\", \"text\": \" \"}", "text must not be blank"},
      {"{\"id\": \"k\", \"text\": \"x\", \"voice\": \"/nowhere/v\"}", "/nowhere/v"},
      {"{\"id\": \"l\", \"text\": \"x\\u0000y\"}", "NUL, got one at byte 1"},
      {"{\"id\": \"m\", \"text\": \"x\", \"priority\": 101}",
       "priority must be in [-100, 100], got 101"},
      {"{\"id\": \"n\", \"text\": \"x\", \"deadline_ms\": 0}",
       "deadline must be at least 1 ms, got 0"},
      {R"({"id": "p", "text": "x", "voice": "a\u001b[2J\u009b\u202e"})", "has no voice a\x1b[2J"},
  };
  std::string requests = "{\"id\": \"good\", \"text\": \"Hello.\", \"seed\": 1}\n";
  for (const auto& [line, message] : bad) requests += std::string(line) + "\n";
  requests += "{\"id\": \"last\", \"text\": \"Hello.\", \"seed\": 1}";
  const Outcome outcome = run_batch(requests, {"--json", path("statistics.jsonl")});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.out, "");
  EXPECT_TRUE(read_file(path("out/good.wav")) == read_file(path("out/last.wav")));
  EXPECT_GT(read_file(path("out/good.wav")).size(), 1000U);
  std::vector<std::string> messages(std::size(bad) + 3);
  std::istringstream in(read_file(path("statistics.jsonl")));
  for (std::string line; std::getline(in, line);) {
    const json object = json::parse(line);
    if (!object.contains("error")) continue;
    messages.at(object["line"].get<size_t>()) = object["error"]["message"].get<std::string>();
  }
  for (size_t i = 0; i < std::size(bad); ++i) {
    EXPECT_THAT(messages[i + 2], HasSubstr(bad[i].second)) << bad[i].first;
    EXPECT_THAT(outcome.err, HasSubstr("error: line " + std::to_string(i + 2)));
  }
  for (const char* const control : {"\x1b", "\xC2\x9B", "\u202E"}) {  // a terminal obeys them
    EXPECT_THAT(outcome.err, Not(HasSubstr(control)));
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(path("out")), {}), 2);
}

TEST_F(Batch, ReadsStandardInputAndDumps) {
  const Outcome outcome = run_program(
      {CHATTERBOX_CLI, "batch", "-", "-o", path("out"), "--dump", path("dump"), "--device", "cpu",
       "--max-new-tokens", "4", "--cfm-steps", "1", "--model", synthetic_model()},
      "{\"id\": \"one\", \"text\": \"Hello.\", \"seed\": 3, \"voice\": \"" CHATTERBOX_TEST_DATA
      "/data/espeak_m3.wav\"}\n");
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(fs::exists(path("out/one.wav")));
  const auto file = checkpoint::open_safetensors(path("dump/one.safetensors"));
  for (const char* name : {"text.ids", "t3.tokens", "s3gen.mel", "s3gen.wav"}) {
    EXPECT_NE(file->find(name), nullptr) << name;
  }
}

TEST_F(Batch, WritesAnyFormat) {
  const std::string requests = R"({"id": "a", "text": "Hello.", "seed": 1})";
  ASSERT_EQ(run_batch(requests).exit_code, 0);
  ASSERT_EQ(run_batch(requests, {"--format", "flac"}).exit_code, 0);
  EXPECT_EQ(read_file(path("out/a.flac")).substr(0, 4), "fLaC");
  EXPECT_EQ(wave_of(read_audio(path("out/a.flac"))), wave_of(read_audio(path("out/a.wav"))));
}

// More lines than the engine's queue has room for.
TEST_F(Batch, WaitsForRoomInTheQueue) {
  std::string requests;
  for (int i = 0; i < 80; ++i) {
    requests += R"({"text": "Hi.", "seed": 1, "max_new_tokens": 2, "cfm_steps": 1, "id": ")" +
                std::to_string(i) + "\"}\n";
  }
  const Outcome outcome = run_batch(requests, {"--batch-size", "1"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const auto lines = statistics(outcome.out);
  EXPECT_EQ(lines.size(), 81U);
  EXPECT_EQ(lines.at("").at("spoken"), 80);
}

// The first request runs for longer than the second may take.
TEST_F(Batch, ADeadlineEndsOneRequest) {
  const Outcome outcome = run_batch(R"({"id": "a", "text": "Hello.", "seed": 1, "cfm_steps": 50}
{"id": "b", "text": "Hello.", "seed": 1, "deadline_ms": 1})",
                                    {"--mode", "sequential"});
  EXPECT_EQ(outcome.exit_code, 1);
  const auto lines = statistics(outcome.out);
  EXPECT_GT(lines.at("a").at("speech_tokens"), 0);
  EXPECT_EQ(lines.at("b").at("error").at("status"), "deadline exceeded");
  EXPECT_EQ(lines.at("").at("failed"), 1);
}

TEST_F(Batch, WrongUsage) {
  const auto refused = [&](const std::vector<std::string>& options) {
    const Outcome outcome = run_batch("{\"id\": \"a\", \"text\": \"Hello.\"}", options);
    EXPECT_NE(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out, "");
    EXPECT_FALSE(fs::exists(path("out/a.wav")));
    return std::to_string(outcome.exit_code) + " " + outcome.err;
  };
  EXPECT_THAT(refused({"--mode", "fast"}), HasSubstr("fast"));
  EXPECT_THAT(refused({"--batch-size", "0"}), HasSubstr("[1, 256], got 0"));
  EXPECT_THAT(refused({"--format", "aiff"}), HasSubstr("aiff"));
  EXPECT_THAT(refused({"--memory-limit", "-5"}), HasSubstr("got -5"));
  EXPECT_THAT(refused({"--memory-limit", "1000"}), HasSubstr("1000 bytes of memory are too few"));
  EXPECT_THAT(refused({"--json", "/nowhere/a"}), HasSubstr("/nowhere"));
  EXPECT_THAT(refused({"--dump", "/proc/none"}), HasSubstr("/proc/none: is not a folder"));
  EXPECT_EQ(run_batch("\n\n").exit_code, 2);  // no requests
  EXPECT_EQ(run_program({CHATTERBOX_CLI, "batch", "/nowhere/r.jsonl"}).exit_code, 1);
}

TEST_F(Batch, ATerminalShowsProgress) {
  write_file(path("requests.jsonl"), R"({"id": "a", "text": "Hello."})");
  const Outcome outcome = run_on_terminal(batch({"--json", path("s.jsonl")}));
  EXPECT_EQ(outcome.exit_code, 0) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("] 0/1 requests, "));
  EXPECT_THAT(outcome.out, HasSubstr("tokens/s"));
}

// One is short, the others would take minutes.
TEST_F(Batch, AnInterruptKeepsWhatIsDone) {
  std::string requests = "{\"id\": \"done\", \"text\": \"Hello.\", \"seed\": 1}\n";
  for (int i = 0; i < 30; ++i) {
    requests += R"({"text": "Hello.", "seed": 1, "max_new_tokens": 4000, "temperature": 5, )"
                R"("min_p": 0, "cfm_steps": 100, "id": "long)" +
                std::to_string(i) + "\"}\n";
  }
  write_file(path("requests.jsonl"), requests);
  const Outcome outcome =
      run_on_terminal(batch({"--json", path("s.jsonl"), "--batch-size", "2"}), "] 1/31 requests");
  EXPECT_EQ(outcome.exit_code, 130) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("1 of 31 requests were spoken, 30 were not: long0"));
  EXPECT_TRUE(fs::exists(path("out/done.wav")));
  const auto lines = statistics(read_file(path("s.jsonl")));
  EXPECT_EQ(lines.size(), 32U);
  EXPECT_EQ(lines.at("long0").at("error").at("status"), "cancelled");
  EXPECT_EQ(lines.at("long29").at("error").at("status"), "cancelled");
  EXPECT_EQ(lines.at("").at("not_spoken"), 30);
}

}  // namespace
}  // namespace chatterbox::test
