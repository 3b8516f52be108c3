#include "actors/encoded_extent.h"

#include "runtime/arena/scopes.h"
#include "runtime/model/record_builder.h"
#include "tests/support/test_arena.h"

#include <gtest/gtest.h>

#include <string>

namespace posthaste::actors {
namespace {

std::string encoded(bool include_scope) {
  testing_support::TestArena arena;
  arena::ScopeTable scopes(*arena);
  model::RecordBuilder record(model::RecordType::log);
  record.head().scope = scopes.intern({"checkout", "1.2", ""});
  record.body("hello");
  config::FinalOutput output;
  output.instrumentation_key = Secret(std::string("the-key"));
  output.include_scope = include_scope;
  wire::EnvelopeEncoder encoder(encoder_context(*arena, output, false));
  wire::ByteBuffer out;
  encoder.encode(*model::RecordView::from(record.bytes()), out);
  return std::string(out.view());
}

TEST(EncoderContext, HasTheKeyAndTheScopesWhereTheyAreAskedFor) {
  EXPECT_NE(encoded(true).find(R"("iKey":"the-key")"), std::string::npos);
  EXPECT_NE(encoded(true).find(R"("otel.scope.name":"checkout","otel.scope.version":"1.2")"),
            std::string::npos);
  EXPECT_EQ(encoded(false).find("otel.scope"), std::string::npos);
}

}  // namespace
}  // namespace posthaste::actors
