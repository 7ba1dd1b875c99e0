// What tests of requests that stream in chunks share.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "support/fake_executor.h"
#include "support/requests.h"

namespace chatterbox::testing {

inline constexpr std::chrono::milliseconds kNoWait(0);

inline Request in_chunks(Request request, std::vector<int32_t> chunks = {12, 25}) {
  request.stream = StreamMode::kChunks;
  request.stream_options.chunks = std::move(chunks);
  return request;
}

inline Request in_chunks(const std::string& text, std::vector<int32_t> chunks = {12, 25}) {
  return in_chunks(request_for(text), std::move(chunks));
}

// A text of so many tokens.
inline std::string text_of(int64_t tokens) {
  return std::string(static_cast<size_t>(tokens - fake_tokens("")), 'x');
}

struct Read {
  std::vector<float> samples;
  std::vector<int64_t> tokens;  // of each chunk
};

// All chunks, as they come.
inline Read read_all(const Job& job) {
  Read read;
  Chunk chunk;
  while (job.next(kForever, chunk) == Job::Next::kChunk) {
    EXPECT_EQ(chunk.first, static_cast<int64_t>(read.samples.size()));
    read.samples.insert(read.samples.end(), chunk.samples.begin(), chunk.samples.end());
    read.tokens.push_back(static_cast<int64_t>(chunk.samples.size()) / kFakeSamplesPerToken);
  }
  return read;
}

// What ends it, however much of it was read before.
inline Failure failure_of_stream(const Job& job) {
  return failure_of([&] { (void)read_all(job); });
}

}  // namespace chatterbox::testing
