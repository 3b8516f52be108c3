# The public face, which is what is installed. tools/check_layers.py holds this list against the folder.
set(POSTHASTE_PUBLIC_HEADERS
  attributes.h
  context.h
  diagnostics.h
  export.h
  ids.h
  key_hash.h
  ledger.h
  local_sink.h
  logger.h
  posthaste.h
  processor.h
  propagation.h
  result.h
  sample_rate.h
  sampler.h
  settings.h
  severity.h
  span.h
  span_kind.h
  telemetry.h
  testing.h
  tracer.h
  units.h)
list(TRANSFORM POSTHASTE_PUBLIC_HEADERS PREPEND ${CMAKE_CURRENT_LIST_DIR}/include/posthaste/)
