// What the opaque handles of chatterbox.h are.
#pragma once

#include <chatterbox/chatterbox.h>

#include <chatterbox/chatterbox.hpp>

struct chatterbox_engine {
  chatterbox::ChatterboxEngine engine;
  chatterbox::EngineInfo info;  // owns the strings of chatterbox_engine_get_info()
};

struct chatterbox_voice {
  chatterbox::Voice voice;
};

struct chatterbox_job {
  chatterbox::Job job;
};

struct chatterbox_result {
  chatterbox::Job job;  // owns the result
  const chatterbox::Result& result;
};

struct chatterbox_audio {
  chatterbox::Audio audio;
};
