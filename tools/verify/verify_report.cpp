#include "tools/verify/verify.h"

#include <boost/json.hpp>

#include <algorithm>

namespace posthaste::tools {
namespace {

std::string records(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " record" : " records");
}

/// The first line of an output: what its endpoint answered.
std::string words_of(const VerifiedOutput& output) {
  const std::string status =
      output.status == 0 ? "" : " with status " + std::to_string(output.status);
  switch (output.answered) {
    case Answered::accepted: return "accepted: " + records(output.delivered);
    case Answered::in_part:
      return "accepted in part: " + std::to_string(output.delivered) + " of " +
             records(output.meant);
    case Answered::refused: return "refused" + status;
    case Answered::later: return "not now: answered" + status;
    case Answered::unreachable: return "unreachable: " + output.why;
    case Answered::nothing: return "nothing to send: the settings leave it no signal";
    case Answered::undecided: break;
  }
  return "no answer in time";
}

}  // namespace

std::string_view to_string(Answered answered) noexcept {
  switch (answered) {
    case Answered::accepted: return "accepted";
    case Answered::in_part: return "in_part";
    case Answered::refused: return "refused";
    case Answered::later: return "later";
    case Answered::unreachable: return "unreachable";
    case Answered::nothing: return "nothing";
    case Answered::undecided: break;
  }
  return "undecided";
}

bool VerifyReport::all_accepted() const noexcept {
  return std::ranges::all_of(outputs, [](const VerifiedOutput& output) {
    return output.answered == Answered::accepted || output.answered == Answered::nothing;
  });
}

bool VerifyReport::any_unreachable() const noexcept {
  return std::ranges::any_of(outputs, [](const VerifiedOutput& output) {
    return output.answered == Answered::unreachable || output.answered == Answered::undecided;
  });
}

std::string VerifyReport::to_text() const {
  std::string text;
  for (const VerifiedOutput& output : outputs) {
    text += output.name + (output.url.empty() ? "" : "   " + output.url) + '\n';
    text += "  " + words_of(output) + '\n';
    if (!output.text.empty()) text += "  " + output.text + '\n';
    if (!output.mend.empty()) text += "  mend: " + output.mend + '\n';
  }
  return text;
}

std::string VerifyReport::to_json() const {
  boost::json::array list;
  for (const VerifiedOutput& output : outputs) {
    list.push_back({{"name", output.name},
                    {"url", output.url},
                    {"answered", to_string(output.answered)},
                    {"why", output.why},
                    {"status", output.status},
                    {"text", output.text},
                    {"mend", output.mend},
                    {"meant", output.meant},
                    {"delivered", output.delivered}});
  }
  return boost::json::serialize(
             boost::json::object{{"accepted", all_accepted()}, {"outputs", std::move(list)}}) +
         '\n';
}

}  // namespace posthaste::tools
