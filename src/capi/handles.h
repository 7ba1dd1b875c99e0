// What the opaque handles of chatterbox.h are.
#pragma once

#include <chatterbox/chatterbox.h>

#include <chatterbox/chatterbox.hpp>
#include <memory>
#include <string>
#include <vector>

#include "support/failure.h"

struct chatterbox_engine {
  chatterbox::ChatterboxEngine engine;
  chatterbox::EngineInfo info;  // owns the strings of chatterbox_engine_get_info()
  std::string languages;        // this one too
};

struct chatterbox_voice {
  chatterbox::Voice voice;
};

struct chatterbox_job {
  chatterbox::Job job;
};

struct chatterbox_result {
  std::shared_ptr<const chatterbox::Result> result;  // never null
};

// One of the two for each request.
struct chatterbox_batch {
  struct Item {
    std::shared_ptr<const chatterbox::Result> result;
    chatterbox::Failure failure;
  };
  std::vector<Item> items;
};

namespace chatterbox::capi {

// Waits for the job. The result is the job's own: it is not copied.
[[nodiscard]] inline chatterbox_result* wait_for_result(const Job& job) {
  const auto owner = std::make_shared<const Job>(job);
  return new chatterbox_result{std::shared_ptr<const Result>(owner, &owner->wait())};
}

}  // namespace chatterbox::capi

struct chatterbox_audio {
  chatterbox::Audio audio;
};
