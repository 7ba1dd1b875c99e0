// The three formats of chatterbox-bench's output.
#pragma once

#include <ostream>

#include "measure.h"

namespace chatterbox::bench {

void write_markdown(std::ostream& out, const Plan& plan, const Report& report);
void write_json(std::ostream& out, const Plan& plan, const Report& report);  // every sample
void write_csv(std::ostream& out, const Report& report);  // a line for every sample

}  // namespace chatterbox::bench
