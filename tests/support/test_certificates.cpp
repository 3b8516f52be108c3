#include "tests/support/test_certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <stdexcept>
#include <utility>

namespace posthaste::testing_support {
namespace {

template <auto release>
struct Release {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using X509Pointer = std::unique_ptr<X509, Release<X509_free>>;
using Memory = std::unique_ptr<BIO, Release<BIO_free>>;

template <class T>
T* need(T* object) {
  if (object == nullptr) throw std::runtime_error("OpenSSL failed while making a test certificate");
  return object;
}
void need(bool done) {
  if (!done) throw std::runtime_error("OpenSSL failed while making a test certificate");
}

template <class Write>
std::string to_pem(Write write) {
  const Memory memory(need(BIO_new(BIO_s_mem())));
  need(write(memory.get()) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

std::string to_pem(X509* certificate) {
  return to_pem([=](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = need(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  need(X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

X509Pointer begin_certificate(EVP_PKEY* key, const std::string& name, long from, long until) {
  static std::atomic<long> serial{1};
  X509Pointer certificate(need(X509_new()));
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), until);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) {
    std::array<unsigned char, 16> bytes;
    const bool address = inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
                         inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
    list += (list.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + name;
  }
  return list;
}

std::string write_to_file(const std::string& text) {
  std::string path = "/tmp/posthaste-test-ca-XXXXXX";
  const int fd = ::mkstemp(path.data());
  need(fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  ::close(fd);
  return path;
}

constexpr long day = 24 * 60 * 60;

}  // namespace

struct TestAuthority::Keys {
  Key key;
  X509Pointer certificate;
};

TestAuthority::TestAuthority() : keys_(std::make_unique<Keys>()) {
  keys_->key.reset(need(EVP_EC_gen("P-256")));
  static std::atomic<int> authorities{0};  // each with a name of its own, or they pass for one
  const std::string name = "test authority " + std::to_string(++authorities);
  keys_->certificate = begin_certificate(keys_->key.get(), name, -day, day);
  X509* certificate = keys_->certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, NID_key_usage, "critical,keyCertSign");
  need(X509_sign(certificate, keys_->key.get(), EVP_sha256()) != 0);
  pem_ = to_pem(certificate);
  file_ = write_to_file(pem_);
}

TestAuthority::~TestAuthority() {
  if (!file_.empty()) ::unlink(file_.c_str());
}

TestAuthority::TestAuthority(TestAuthority&& other) noexcept
    : keys_(std::move(other.keys_)),
      pem_(std::move(other.pem_)),
      file_(std::exchange(other.file_, {})) {}

Certificate TestAuthority::issue(const CertificateRequest& request) const {
  const Key key(need(EVP_EC_gen("P-256")));
  const long until = request.expired ? -day : day;
  const auto certificate = begin_certificate(key.get(), request.names.front(), -2 * day, until);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(keys_->certificate.get()));
  add_extension(certificate.get(), NID_subject_alt_name, alternative_names(request.names));
  need(X509_sign(certificate.get(), keys_->key.get(), EVP_sha256()) != 0);
  return {to_pem(certificate.get()), to_pem([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace posthaste::testing_support
