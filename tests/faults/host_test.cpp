// What the host's process may do around engines: fork, have two of them, and make many in turn.
#include <sys/wait.h>
#include <unistd.h>

#include "capi/capi_test.h"
#include "capi/stress.h"

namespace chatterbox::capi_test {
namespace {

// Status of a child that runs `work`, whose answer is its exit code.
template <class Work>
int in_child(const Work& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work() ? 0 : 1);
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

bool speaks() {
  chatterbox_engine* engine = nullptr;
  if (chatterbox_engine_create(nullptr, &engine) != CHATTERBOX_STATUS_OK) return false;
  const chatterbox_request request = request_for("Hello.");
  chatterbox_result* result = nullptr;
  const chatterbox_status status = chatterbox_engine_generate(engine, &request, &result);
  chatterbox_result_destroy(result);
  chatterbox_engine_destroy(engine);
  return status == CHATTERBOX_STATUS_OK;
}

class Host : public CApiTest {};

#if !CHATTERBOX_TEST_SANITIZED  // which do not like threads in a child
TEST_F(Host, AChildMayHaveAnEngineOfItsOwn) { EXPECT_EQ(in_child(speaks), 0); }

// The child has the memory of the engine, but not its threads: it may end, and nothing else.
TEST_F(Host, AnEngineOutlivesAChildOfItsProcess) {
  const auto engine = make_engine();
  const auto job = submit(engine, request_for("Hello."));
  EXPECT_EQ(in_child([] { return true; }), 0);
  EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_OK);
  expect_usable(engine);
}
#endif

TEST_F(Host, TwoEnginesDoNotKnowOfEachOther) {
  const auto first = make_engine(), second = make_engine();
  const auto expected = speak(first, request_for("Hello."));
  std::vector<Owned<chatterbox_job>> jobs;
  for (int i = 0; i < 20; ++i) {
    jobs.push_back(submit(i % 2 == 0 ? first : second, request_for("Hello.")));
  }
  for (const auto& job : jobs) EXPECT_EQ(wait_status(job), CHATTERBOX_STATUS_OK);
  EXPECT_EQ(speak(second, request_for("Hello.")), expected);
}

TEST_F(Host, AHundredEnginesInTurnLeaveNothing) {
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(speaks());
  const int64_t before = testing::own_memory();
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(speaks());
  if (!CHATTERBOX_TEST_SANITIZED) {
    EXPECT_LT(testing::own_memory() - before, 2 << 20);
  }
}

}  // namespace
}  // namespace chatterbox::capi_test
