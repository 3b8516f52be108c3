# The public face, which is what is installed. tools/check_layers.py holds this list against the folder.
set(POSTHASTE_PUBLIC_HEADERS
  attributes.h
  diagnostics.h
  export.h
  ids.h
  ledger.h
  local_sink.h
  result.h
  sample_rate.h
  settings.h
  severity.h
  units.h)
list(TRANSFORM POSTHASTE_PUBLIC_HEADERS PREPEND ${CMAKE_CURRENT_LIST_DIR}/include/posthaste/)
