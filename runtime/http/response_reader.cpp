#include "runtime/http/response_reader.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <exception>
#include <optional>

namespace posthaste::http {
namespace {

namespace beast = boost::beast;
using boost::system::error_code;
using Parser = beast::http::response_parser<beast::http::string_body>;

constexpr std::size_t one_read = 4096;
constexpr std::size_t framing_room = 8 * 1024;  // chunk headers and trailers
constexpr int most_interim = 3;

}  // namespace

struct ResponseReader::Impl {
  Impl(ResponseLimits l, Kind k, std::string p)
      : limits(l), kind(k), peer(std::move(p)), buffer(l.header.count + framing_room) {
    buffer.reserve(buffer.max_size());
    begin_message();
  }

  const ResponseLimits limits;
  const Kind kind;
  const std::string peer;
  beast::flat_buffer buffer;  // with a maximum: the parser's own limits do not cover chunk framing
  std::optional<Parser> parser;
  std::size_t header_size = 0;  // of the message that is being read, as far as it was read
  bool begun = false;
  int interim = 0;

  void begin_message() {
    parser.emplace();
    header_size = 0;
    parser->header_limit(static_cast<std::uint32_t>(limits.header.count + framing_room));
    parser->body_limit(limits.body.count);
    parser->skip(kind == Kind::tunnel);
  }

  int status() const {
    return parser->is_header_done() ? static_cast<int>(parser->get().result_int()) : 0;
  }

  // The parser asserts that a last chunk, seen for the second time, has the five bytes that the
  // shortest one has ("0\r\n\r\n"). No chunked body ends in fewer, so waiting for them is safe.
  bool too_little() const {
    constexpr std::size_t shortest_end = 5;
    return parser->is_header_done() && parser->chunked() && buffer.size() < shortest_end;
  }

  Error refusal(ErrorCode code, const std::string& why) const {
    return Error(code, "the answer of " + peer + " cannot be used: " + why);
  }

  Error failure(const error_code& code) const {
    using beast::http::error;
    if (code == error::header_limit || code == error::buffer_overflow) {
      return refusal(
          ErrorCode::response_too_large,
          "its headers are longer than " + std::to_string(limits.header.count) + " bytes");
    }
    if (code == error::body_limit) {
      return refusal(ErrorCode::response_too_large,
                     "its body is longer than " + std::to_string(limits.body.count) + " bytes");
    }
    return refusal(ErrorCode::bad_response, code.message());
  }

  // Until the buffer is used up, as far as it can be.
  Result<Progress> parse() {
    while (buffer.size() > 0 && !too_little()) {
      const bool in_header = !parser->is_header_done();
      error_code error;
      const std::size_t used = parser->put(buffer.data(), error);
      buffer.consume(used);
      const bool starved = error == beast::http::error::need_more;
      if (error && !starved) return failure(error);
      if (in_header) {
        header_size += used;
        if (auto accepted = check_header(); !accepted) return std::move(accepted).error();
      }
      if (starved) {
        if (buffer.size() < buffer.max_size()) return Progress::more;
        return refusal(ErrorCode::response_too_large, "its chunk framing has no end");
      }
      if (!parser->is_done()) continue;
      if (status() / 100 != 1) return Progress::whole;
      begin_message();
    }
    return Progress::more;
  }

  // The parser's own limit counts from wherever the pieces happened to end; this one is exact.
  Result<void> check_header() {
    const bool whole = parser->is_header_done();
    if (header_size + (whole ? 0 : buffer.size()) > limits.header.count) {
      return failure(beast::http::error::header_limit);
    }
    if (!whole) return {};
    parser->eager(true);
    if (status() == 101) return refusal(ErrorCode::bad_response, "it switches protocols, unasked");
    if (status() / 100 == 1 && ++interim > most_interim) {
      return refusal(ErrorCode::bad_response, "it has more than 3 interim (1xx) parts");
    }
    const auto coding = parser->get().find(beast::http::field::content_encoding);
    if (kind == Kind::tunnel || coding == parser->get().end() ||
        beast::iequals(coding->value(), "identity")) {
      return {};
    }
    return refusal(ErrorCode::response_too_large,
                   "it is compressed, unasked: its size is anybody's guess");
  }
};

ResponseReader::ResponseReader(ResponseLimits limits, Kind kind, std::string peer)
    : impl_(std::make_unique<Impl>(limits, kind, std::move(peer))) {}
ResponseReader::~ResponseReader() = default;
ResponseReader::ResponseReader(ResponseReader&&) noexcept = default;
ResponseReader& ResponseReader::operator=(ResponseReader&&) noexcept = default;

std::span<std::byte> ResponseReader::room() {
  auto& buffer = impl_->buffer;
  const auto free = buffer.prepare(std::min(one_read, buffer.max_size() - buffer.size()));
  return {static_cast<std::byte*>(free.data()), free.size()};
}

Result<ResponseReader::Progress> ResponseReader::commit(std::size_t count) {
  impl_->begun = impl_->begun || count > 0;
  impl_->buffer.commit(count);
  try {
    return impl_->parse();
  } catch (const std::exception& error) {
    return impl_->refusal(ErrorCode::bad_response, error.what());
  }
}

Result<ResponseReader::Progress> ResponseReader::end() {
  error_code error;
  if (impl_->parser->got_some()) impl_->parser->put_eof(error);
  if (!error && impl_->parser->is_done()) return Progress::whole;
  return Error(
      ErrorCode::connection_lost,
      "the connection to " + impl_->peer +
          (impl_->begun ? " was closed amid its answer" : " was closed before an answer came"));
}

bool ResponseReader::begun() const noexcept {
  return impl_->begun;
}

int ResponseReader::status() const noexcept {
  const int status = impl_->status();
  return status / 100 == 1 ? 0 : status;
}

bool ResponseReader::left_over() const noexcept {
  return impl_->buffer.size() > 0;
}

bool ResponseReader::reusable() const noexcept {
  return impl_->parser->is_done() && impl_->parser->keep_alive() && !left_over();
}

Response ResponseReader::take(Url answered_by) && {
  auto message = impl_->parser->release();
  Response response{static_cast<int>(message.result_int()),
                    {},
                    std::move(message.body()),
                    std::move(answered_by)};
  for (const auto& field : message) {
    response.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  return response;
}

}  // namespace posthaste::http
