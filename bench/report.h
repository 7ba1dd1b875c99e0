// The three formats of chatterbox-bench's output, for each of the two kinds of runs.
#pragma once

#include <ostream>
#include <vector>

#include "measure.h"

namespace chatterbox::bench {

// JSON has every sample; CSV has a line for every sample.
void write_markdown(std::ostream& out, const Plan& plan, const Report& report);
void write_json(std::ostream& out, const Plan& plan, const Report& report);
void write_csv(std::ostream& out, const Report& report);

// Of at least one report.
using BatchReports = std::vector<BatchReport>;
void write_markdown(std::ostream& out, const Plan& plan, const BatchReports& reports);
void write_json(std::ostream& out, const Plan& plan, const BatchReports& reports);
void write_csv(std::ostream& out, const BatchReports& reports);

}  // namespace chatterbox::bench
