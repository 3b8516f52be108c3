# OTLP's messages as Protobuf's generated classes, for tests alone: gives the target OpenTelemetryProto::messages.
find_package(Protobuf 3.21 QUIET)
find_path(OpenTelemetryProto_INCLUDE_DIR opentelemetry/proto/collector/trace/v1/trace_service.pb.cc)
mark_as_advanced(OpenTelemetryProto_INCLUDE_DIR)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenTelemetryProto
  REQUIRED_VARS OpenTelemetryProto_INCLUDE_DIR Protobuf_LIBRARIES)

if(OpenTelemetryProto_FOUND AND NOT TARGET OpenTelemetryProto::messages)
  set(sources)
  foreach(file IN ITEMS common/v1/common resource/v1/resource trace/v1/trace logs/v1/logs metrics/v1/metrics
      collector/trace/v1/trace_service collector/logs/v1/logs_service collector/metrics/v1/metrics_service)
    list(APPEND sources ${OpenTelemetryProto_INCLUDE_DIR}/opentelemetry/proto/${file}.pb.cc)
  endforeach()
  add_library(opentelemetry_proto_messages STATIC EXCLUDE_FROM_ALL ${sources})
  target_include_directories(opentelemetry_proto_messages SYSTEM PUBLIC ${OpenTelemetryProto_INCLUDE_DIR})
  target_link_libraries(opentelemetry_proto_messages PUBLIC protobuf::libprotobuf)
  target_compile_options(opentelemetry_proto_messages PRIVATE -w)
  set_target_properties(opentelemetry_proto_messages PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
  add_library(OpenTelemetryProto::messages ALIAS opentelemetry_proto_messages)
endif()
