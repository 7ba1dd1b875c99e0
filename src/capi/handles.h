// What the opaque handles of chatterbox.h are.
#pragma once

#include <chatterbox/types.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "audio/audio.h"
#include "audio/writer.h"
#include "engine/engine.h"
#include "engine/job.h"
#include "engine/result.h"
#include "engine/voice.h"
#include "runtime/watermark_detector.h"
#include "support/failure.h"

struct chatterbox_engine {
  chatterbox::Engine engine;
};

struct chatterbox_voice {
  chatterbox::Voice voice;
};

struct chatterbox_job {
  explicit chatterbox_job(chatterbox::Job with) : job(std::move(with)) {}

  chatterbox::Job job;
  chatterbox::Chunk chunk;  // what chatterbox_job_next() gave last
  // Kept for chatterbox_job_get_error(), whose text belongs to the handle.
  mutable std::mutex mutex;
  mutable std::optional<chatterbox::Failure> failure;
};

struct chatterbox_result {
  std::shared_ptr<const chatterbox::Result> result;  // never null
  uint64_t tag;
};

// One of the two for each request.
struct chatterbox_batch {
  struct Item {
    std::shared_ptr<const chatterbox::Result> result;
    chatterbox::Failure failure;
    uint64_t tag = 0;
  };
  std::vector<Item> items;
};

struct chatterbox_audio {
  chatterbox::Audio audio;
};

struct chatterbox_buffer {
  std::string bytes;
};

struct chatterbox_audio_writer {
  chatterbox::audio::AudioWriter writer;
};

struct chatterbox_watermark_detector {
  chatterbox::runtime::WatermarkDetector detector;
};
