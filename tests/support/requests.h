// What tests over the fake model ask of an engine, and what ends it.
#pragma once

#include <string>
#include <utility>

#include "engine/engine.h"
#include "support/failure_of.h"

namespace chatterbox::testing {

inline Request request_for(const std::string& text) {
  Request request;
  request.text = text;
  request.seed = 5;
  return request;
}

inline Conversion conversion_of(size_t samples) {
  Conversion conversion;
  conversion.source.samples.assign(samples, 0.25F);
  conversion.seed = 3;
  return conversion;
}

// Of one second.
inline Audio recording(float sample = 0.5F) {
  return {std::vector<float>(24000, sample), 24000, 1};
}

// Submit and wait.
inline Result generate(Engine& engine, const Request& request) {
  return engine.submit(request).result();
}

inline Result generate(Engine& engine, Conversion conversion) {
  return engine.submit(std::move(conversion)).result();
}

inline Result generate(Engine& engine, const std::string& text) {
  return generate(engine, request_for(text));
}

// Waits for the end.
inline Status status_of(const Job& job) {
  return failure_of([&] { (void)job.result(); }).status;
}

}  // namespace chatterbox::testing
