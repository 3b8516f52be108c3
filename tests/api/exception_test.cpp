#include "tests/support/recorder.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <typeinfo>

namespace posthaste {
namespace {

using testing_support::Recorded;
using testing_support::Recorder;

struct PaymentRefused : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct NoMessage : std::exception {
  const char* what() const noexcept override { return nullptr; }
};
struct Odd {};  // no std::exception

std::string text_in(model::EntryRange entries, std::string_view key) {
  while (const auto entry = entries.next()) {
    if (entry->head.kind == model::EntryKind::attribute && entry->key() == key) {
      return std::string(entry->value().string());
    }
  }
  return "(none)";
}

/// The attributes of the only event of the only span.
struct RecordedEvent {
  explicit RecordedEvent(Recorder& recorder) : record(recorder.one()) {
    model::EntryRange entries = record->entries();
    while (const auto entry = entries.next()) {
      if (entry->head.kind == model::EntryKind::event) event = model::EventView::from(*entry);
    }
  }
  std::string text(std::string_view key) const {
    return event ? text_in(model::EntryRange(event->attributes), key) : "(no event)";
  }
  /// "type: message" of each cause.
  std::vector<std::string> causes() const {
    std::vector<std::string> all;
    model::EntryRange attributes(event->attributes);
    while (const auto entry = attributes.next()) {
      if (entry->key() != "posthaste.exception.causes") continue;
      model::EntryRange list = entry->value().entries();
      while (const auto cause = list.next()) {
        all.push_back(text_in(cause->value().entries(), "exception.type") + ": " +
                      text_in(cause->value().entries(), "exception.message"));
      }
    }
    return all;
  }
  Recorded record;
  std::optional<model::EventView> event;
};

template <class Throw>
RecordedEvent recorded(Throw&& thrower, Attributes attributes = {}, bool stacks = true) {
  produce::ProducerSetup setup;
  setup.exception_stacks = stacks;
  Recorder recorder(std::move(setup));
  {
    Span span = recorder.tracer().start_span("span");
    try {
      thrower();
    } catch (...) {
      span.record_exception(std::current_exception(), attributes);
    }
  }
  return RecordedEvent(recorder);
}

TEST(RecordException, TellsTypeReadablyAndMessage) {
  const RecordedEvent event = recorded([] { throw PaymentRefused("card expired"); });
  EXPECT_EQ(event.text("exception.type"), "posthaste::(anonymous namespace)::PaymentRefused");
  EXPECT_EQ(event.text("exception.message"), "card expired");
  EXPECT_EQ(event.record->head().status, static_cast<std::uint8_t>(StatusCode::error));
  EXPECT_TRUE(event.causes().empty());
}

TEST(RecordException, TellsNestedExceptionsFromTheOutermostInwards) {
  const RecordedEvent event = recorded([] {
    try {
      try {
        throw std::string("socket closed");
      } catch (...) {
        std::throw_with_nested(std::out_of_range("no row"));
      }
    } catch (...) {
      std::throw_with_nested(PaymentRefused("not charged"));
    }
  });
  EXPECT_EQ(event.text("exception.type"), "posthaste::(anonymous namespace)::PaymentRefused");
  EXPECT_EQ(event.causes(),
            (std::vector<std::string>{"std::out_of_range: no row", "std::string: socket closed"}));
}

TEST(RecordException, GoesTenDeepAndNoFurther) {
  const RecordedEvent event = recorded([] {
    std::exception_ptr inner = std::make_exception_ptr(std::runtime_error("0"));
    for (int depth = 1; depth < 100; ++depth) {
      try {
        try {
          std::rethrow_exception(inner);
        } catch (...) {
          std::throw_with_nested(std::runtime_error(std::to_string(depth)));
        }
      } catch (...) {
        inner = std::current_exception();
      }
    }
    std::rethrow_exception(inner);
  });
  EXPECT_EQ(event.text("exception.message"), "99");
  ASSERT_EQ(event.causes().size(), 9u);
  EXPECT_EQ(event.causes().back(), "std::runtime_error: 90");
}

TEST(RecordException, TakesWhateverWasThrown) {
  EXPECT_EQ(recorded([] { throw Odd(); }).text("exception.type"),
            "posthaste::(anonymous namespace)::Odd");
  EXPECT_EQ(recorded([] { throw "text"; }).text("exception.message"), "text");
  EXPECT_EQ(recorded([] { throw 7; }).text("exception.type"), "int");
  EXPECT_EQ(recorded([] { throw NoMessage(); }).text("exception.message"), "");
}

TEST(RecordException, KeepsALongChainWithinTheRecord) {
  const RecordedEvent event = recorded([] {
    try {
      throw std::runtime_error(std::string(100'000, 'i'));
    } catch (...) {
      std::throw_with_nested(std::runtime_error(std::string(100'000, 'o')));
    }
  });
  EXPECT_EQ(event.text("exception.message"), std::string(20'480, 'o'));
  ASSERT_EQ(event.causes().size(), 1u);
}

TEST(RecordException, NotesTheCallsThatLeadToIt) {
  const std::string stack =
      recorded([] { throw PaymentRefused("x"); }).text("exception.stacktrace");
  EXPECT_TRUE(stack.starts_with("#0 ")) << stack;
  EXPECT_NE(stack.find("api_exception_test+0x"), std::string::npos) << stack;
  EXPECT_EQ(stack.find("record_exception"), std::string::npos) << stack;  // begins at the caller
  EXPECT_NE(stack.find("\n#1 "), std::string::npos) << stack;
}

TEST(RecordException, NotesNoCallsWhereThatIsSwitchedOffOrGiven) {
  EXPECT_EQ(recorded([] { throw Odd(); }, {}, false).text("exception.stacktrace"), "(none)");
  const RecordedEvent given =
      recorded([] { throw Odd(); }, {{"exception.stacktrace", "mine"}, {"attempt", "2"}});
  EXPECT_EQ(given.text("exception.stacktrace"), "mine");
  EXPECT_EQ(given.text("attempt"), "2");
}

TEST(LogException, CarriesTheExceptionAndWhatItMeant) {
  Recorder recorder;
  try {
    throw PaymentRefused("card expired");
  } catch (const std::exception& exception) {
    recorder.logger().record_exception(Severity::error, exception, "order not placed",
                                       {.attributes = {{"order.id", "42"}}});
  }
  const Recorded record = recorder.one();
  EXPECT_EQ(record->head().type, model::RecordType::log);
  EXPECT_EQ(text_in(record->entries(), "exception.type"),
            "posthaste::(anonymous namespace)::PaymentRefused");
  EXPECT_EQ(text_in(record->entries(), "exception.message"), "card expired");
  EXPECT_EQ(text_in(record->entries(), "order.id"), "42");
  EXPECT_TRUE(text_in(record->entries(), "exception.stacktrace").starts_with("#0 "));
}

TEST(LogException, HasTheExceptionsMessageWhereNoneIsGiven) {
  Recorder recorder;
  const std::exception_ptr thrown = std::make_exception_ptr(PaymentRefused("card expired"));
  recorder.logger().record_exception(Severity::warn, thrown);
  recorder.logger().record_exception(Severity::warn, std::exception_ptr());
  const Recorded record = recorder.one();
  model::EntryRange entries = record->entries();
  std::string body;
  while (const auto entry = entries.next()) {
    if (entry->head.kind == model::EntryKind::body) body = entry->value().string();
  }
  EXPECT_EQ(body, "card expired");
}

TEST(LogException, IsNotTakenApartBelowTheLoggersSeverity) {
  Recorder recorder;
  recorder.logger(Severity::error).record_exception(Severity::warn, std::runtime_error("x"));
  EXPECT_TRUE(recorder.take().empty());
}

}  // namespace
}  // namespace posthaste
