#include "tools/convert/conversion.h"

#include "tools/convert/operation_names.h"

namespace posthaste::tools {

Conversion convert(std::string_view input, std::optional<otlp::RequestFormat> format,
                   const EnvelopeSettings& settings, EnvelopeWriter::Write write) {
  Conversion conversion;
  if (input.size() > conversion_input_limit) {
    conversion.defect = otlp::Defect{conversion_input_limit, {}, "longer than 64 MiB"};
    return conversion;
  }
  const otlp::RequestFormat known = format.value_or(otlp::recognise_format(input));
  OperationNames names;
  conversion.defect = otlp::read_request(input, known, names);
  if (conversion.defect) return conversion;
  names.resolve();
  EnvelopeWriter writer(settings, names, std::move(write));
  conversion.defect = otlp::read_request(input, known, writer);
  conversion.written = writer.finish();
  conversion.refused = writer.refused();
  return conversion;
}

}  // namespace posthaste::tools
