// The three formats of chatterbox-bench's output, for each of the kinds of runs.
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

// Of at least one report.
using StreamReports = std::vector<StreamReport>;
void write_markdown(std::ostream& out, const Plan& plan, const StreamReports& reports);
void write_json(std::ostream& out, const Plan& plan, const StreamReports& reports);
void write_csv(std::ostream& out, const StreamReports& reports);

}  // namespace chatterbox::bench
