#include "tests/runtime/wire/encoded.h"

namespace posthaste::wire {
namespace {

Item call(const Attributes& attributes) {
  return encode_span(SpanKind::client, "SELECT shop.items", attributes)[0];
}

TEST(DatabaseDependency, MapsOldAttributes) {
  const Item item = call({{"db.system", "postgresql"},
                          {"db.name", "orders"},
                          {"db.statement", "SELECT 1"},
                          {"net.peer.name", "db1"},
                          {"net.peer.port", 5432}});
  EXPECT_EQ(item.field("type"), "postgresql");
  EXPECT_EQ(item.field("target"), "db1|orders");
  EXPECT_EQ(item.field("data"), "SELECT 1");
  EXPECT_EQ(item.field("resultCode"), "0");
  EXPECT_EQ(item.property_keys(), std::vector<std::string>{"net.peer.port"})
      << "the system's own port is in no field";
}

TEST(DatabaseDependency, MapsStableAttributesAndKeepsTheServersAddress) {
  const Item item = call({{"db.system.name", "postgresql"},
                          {"db.namespace", "shop"},
                          {"db.query.text", "SELEC 1"},
                          {"db.response.status_code", "42601"},
                          {"server.address", "pg"},
                          {"server.port", 6432}});
  EXPECT_EQ(item.field("target"), "pg:6432|shop");
  EXPECT_EQ(item.field("data"), "SELEC 1");
  EXPECT_EQ(item.field("resultCode"), "42601");
  EXPECT_EQ(item.property("server.address"), "pg");
  EXPECT_EQ(item.property("server.port"), "6432");
}

TEST(DatabaseDependency, CallsSqlSystemsSqlByBothTheirNames) {
  for (const char* name :
       {"mssql", "microsoft.sql_server", "oracle", "oracle.db", "db2", "ibm.db2", "h2",
        "h2database", "mariadb", "derby", "sqlite", "other_sql", "hsqldb"}) {
    EXPECT_EQ(call({{"db.system.name", name}}).field("type"), "SQL") << name;
  }
  for (const char* name : {"mysql", "postgresql", "redis", "mongodb", "cassandra", "my.own"}) {
    EXPECT_EQ(call({{"db.system", name}}).field("type"), name);
  }
}

TEST(DatabaseDependency, TargetsWhatIsKnown) {
  EXPECT_EQ(call({{"db.system", "redis"}}).field("target"), "redis");
  EXPECT_EQ(call({{"db.system", "mysql"}, {"db.name", "d"}}).field("target"), "d");
  EXPECT_EQ(call({{"db.system", "mysql"}, {"net.peer.ip", "10.1.1.1"}}).field("target"),
            "10.1.1.1");
  EXPECT_EQ(call({{"db.system", "mysql"}, {"net.peer.name", "h"}, {"net.peer.port", 3307}})
                .field("target"),
            "h:3307");
}

TEST(DatabaseDependency, FallsBackToTheOperation) {
  const Item item = call({{"db.system", "cassandra"}, {"db.operation", "BATCH"}});
  EXPECT_EQ(item.field("data"), "BATCH");
  EXPECT_TRUE(item.property_keys().empty());
}

TEST(DatabaseDependency, LosesNoAttributeOfTheOtherGeneration) {
  const Item item = call({{"db.system", "mysql"},
                          {"db.system.name", "postgresql"},
                          {"db.name", "old"},
                          {"db.namespace", "new"}});
  EXPECT_EQ(item.field("type"), "postgresql");
  EXPECT_EQ(item.field("target"), "new");
  EXPECT_EQ(item.property("db.system"), "mysql");
  EXPECT_EQ(item.property("db.name"), "old");
}

TEST(DatabaseDependency, CutsAStatementAtItsLimit) {
  const std::string statement(10'000, 's');
  EXPECT_EQ(call({{"db.system", "mysql"}, {"db.statement", statement}}).field("data").size(),
            8'192u);
}

}  // namespace
}  // namespace posthaste::wire
