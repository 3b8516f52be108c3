#include "runtime/wire/database_rules.h"

#include "runtime/wire/peer_address.h"

#include <algorithm>
#include <array>

namespace posthaste::wire {
namespace {

using enum Known;

struct System {
  std::string_view name;
  std::string_view type;  // empty: the name as it is
  std::string_view port;
};

constexpr std::array<System, 20> systems{{
    {"mssql", "SQL", "1433"},      {"microsoft.sql_server", "SQL", "1433"},
    {"oracle", "SQL", "1521"},     {"oracle.db", "SQL", "1521"},
    {"db2", "SQL", "50000"},       {"ibm.db2", "SQL", "50000"},
    {"mariadb", "SQL", "3306"},    {"derby", "SQL", "1527"},
    {"sqlite", "SQL", ""},         {"other_sql", "SQL", ""},
    {"hsqldb", "SQL", ""},         {"h2", "SQL", "8082"},
    {"h2database", "SQL", "8082"}, {"mysql", "", "3306"},
    {"postgresql", "", "5432"},    {"redis", "", "6379"},
    {"mongodb", "", "27017"},      {"cassandra", "", "9042"},
    {"memcached", "", "11211"},    {"elasticsearch", "", "9200"},
}};

System system_of(std::string_view name) noexcept {
  const auto found = std::find_if(systems.begin(), systems.end(),
                                  [name](const System& each) { return each.name == name; });
  return found == systems.end() ? System{name, "", ""} : *found;
}

}  // namespace

void map_database_dependency(const SpanFacts& span, SeenAttributes& seen, SpanFields& fields) {
  const std::string_view name = seen.carry<db_system_name, db_system>();
  const System system = system_of(name);
  fields.type = system.type.empty() ? name : system.type;
  const auto text = seen.first_of<db_query_text, db_statement>();
  const auto operation = seen.first_of<db_operation_name, db_operation>();
  if (text || operation) fields.data = seen.carry(text ? text : operation);
  // A statement begins with its operation, and so does the usual name.
  const std::string_view verb = seen.text(operation);
  if (operation && (fields.data->starts_with(verb) || span.name.starts_with(verb))) {
    seen.carried(*operation);
  }
  seen.carried_as(
      "", {db_query_text, db_statement, db_namespace, db_name, db_operation_name, db_operation});
  fields.result_code = seen.text<db_response_status_code>();  // and stays a property
  const std::string_view peer = find_peer({system.port, {}, {}, true}, seen);
  const std::string_view database = seen.carry<db_namespace, db_name>();
  if (peer.empty()) {
    fields.target = database.empty() ? name : database;
  } else {
    fields.target = database.empty() ? peer : seen.scratch().join({peer, "|", database});
  }
}

}  // namespace posthaste::wire
