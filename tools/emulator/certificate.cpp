#include "tools/emulator/certificate.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace posthaste::tools {
namespace {

using namespace std::chrono_literals;

template <auto release>
struct Releaser {
  template <class T>
  void operator()(T* object) const noexcept {
    release(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Releaser<X509_free>>;
using Memory = std::unique_ptr<BIO, Releaser<BIO_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Releaser<X509_EXTENSION_free>>;

constexpr auto authority_life = 24h * 3650;
constexpr auto renewed_before = 24h * 30;

Error failure(std::string_view what) {
  ERR_clear_error();
  return Error(ErrorCode::tls_failed, "emulator certificate: " + std::string(what));
}

Error file_failure(const std::string& path, std::string_view what) {
  return Error(ErrorCode::tls_failed, "emulator certificate: " + std::string(what) + ' ' + path +
                                          ": " + std::strerror(errno) +
                                          "; choose another directory with --cert-dir");
}

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string pem_of(X509* certificate) {
  const Memory memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(memory.get(), certificate);
  return text_of(memory.get());
}

std::string pem_of(EVP_PKEY* key) {
  const Memory memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(memory.get());
}

bool add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_validity(X509* certificate, WallTime from, WallTime until) {
  const auto seconds = [](WallTime time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  };
  return ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(from)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(until)) != nullptr;
}

bool set_serial(X509* certificate) {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7F) | 0x40);  // positive, full length
  const std::unique_ptr<BIGNUM, Releaser<BN_free>> number(BN_bin2bn(bytes, sizeof bytes, nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_subject(X509* certificate, const std::string& name) {
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                                    0) == 1;
}

Certificate begin(EVP_PKEY* key, const std::string& subject, WallTime from, WallTime until) {
  Certificate certificate(X509_new());
  const bool good = certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                    set_serial(certificate.get()) && set_subject(certificate.get(), subject) &&
                    set_validity(certificate.get(), from, until) &&
                    X509_set_pubkey(certificate.get(), key) == 1;
  return good ? std::move(certificate) : nullptr;
}

Certificate make_authority(EVP_PKEY* key, WallTime now) {
  Certificate ca =
      begin(key, "Posthaste emulator on this machine", now - 24h, now + authority_life);
  const bool good =
      ca && X509_set_issuer_name(ca.get(), X509_get_subject_name(ca.get())) == 1 &&
      add_extension(ca.get(), ca.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
      add_extension(ca.get(), ca.get(), NID_key_usage, "critical,keyCertSign,cRLSign") &&
      add_extension(ca.get(), ca.get(), NID_subject_key_identifier, "hash") &&
      // Whoever trusts it must not thereby trust it for the rest of the world.
      add_extension(ca.get(), ca.get(), NID_name_constraints,
                    "critical,permitted;DNS:localhost,permitted;DNS:test,"
                    "permitted;IP:127.0.0.0/255.0.0.0,"
                    "permitted;IP:0:0:0:0:0:0:0:1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") &&
      X509_sign(ca.get(), key, EVP_sha256()) > 0;
  return good ? std::move(ca) : nullptr;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<void> write_file(const std::string& path, const std::string& text, mode_t mode) {
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return file_failure(draft, "cannot create");
  const ssize_t written = ::write(file, text.data(), text.size());
  const bool whole = written == static_cast<ssize_t>(text.size());
  if (::close(file) != 0 || !whole) return file_failure(draft, "cannot write");
  if (std::rename(draft.c_str(), path.c_str()) != 0) return file_failure(path, "cannot replace");
  return {};
}

/// Two emulators that start at once must not make two authorities.
class DirectoryLock {
public:
  explicit DirectoryLock(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (descriptor_ >= 0) ::flock(descriptor_, LOCK_EX);
  }
  ~DirectoryLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  explicit operator bool() const noexcept { return descriptor_ >= 0; }

private:
  int descriptor_;
};

std::string san_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    const bool address = name.find_first_not_of("0123456789.") == std::string::npos ||
                         name.find(':') != std::string::npos;
    if (!list.empty()) list += ',';
    list += (address ? "IP:" : "DNS:") + name;
  }
  return list;
}

}  // namespace

struct CertificateAuthority::Parts {
  Key key;
  Certificate certificate;

  static std::unique_ptr<Parts> read(const std::string& certificate_path,
                                     const std::string& key_path, WallTime now) {
    const std::string certificate_text = read_file(certificate_path);
    const std::string key_text = read_file(key_path);
    const Memory certificate_bytes(
        BIO_new_mem_buf(certificate_text.data(), static_cast<int>(certificate_text.size())));
    const Memory key_bytes(BIO_new_mem_buf(key_text.data(), static_cast<int>(key_text.size())));
    auto parts = std::make_unique<Parts>();
    parts->certificate.reset(PEM_read_bio_X509(certificate_bytes.get(), nullptr, nullptr, nullptr));
    parts->key.reset(PEM_read_bio_PrivateKey(key_bytes.get(), nullptr, nullptr, nullptr));
    ERR_clear_error();
    if (!parts->certificate || !parts->key) return nullptr;
    std::time_t soon = std::chrono::system_clock::to_time_t(
        std::chrono::time_point_cast<std::chrono::system_clock::duration>(now + renewed_before));
    const bool usable = X509_check_private_key(parts->certificate.get(), parts->key.get()) == 1 &&
                        X509_cmp_time(X509_get0_notAfter(parts->certificate.get()), &soon) > 0;
    ERR_clear_error();
    return usable ? std::move(parts) : nullptr;
  }
};

CertificateAuthority::CertificateAuthority(std::string path, std::unique_ptr<Parts> parts)
    : path_(std::move(path)), parts_(std::move(parts)) {}
CertificateAuthority::CertificateAuthority(CertificateAuthority&&) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&&) noexcept = default;
CertificateAuthority::~CertificateAuthority() = default;

Result<CertificateAuthority> CertificateAuthority::open(const std::string& directory,
                                                        WallTime now) {
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(directory, error).string();
  std::filesystem::create_directories(std::filesystem::path(absolute).parent_path(), error);
  ::mkdir(absolute.c_str(), 0700);
  const DirectoryLock lock(absolute);
  if (!lock) return file_failure(absolute, "cannot use");
  const std::string certificate_path = absolute + "/ca.pem";
  const std::string key_path = absolute + "/ca-key.pem";
  if (auto parts = Parts::read(certificate_path, key_path, now)) {
    return CertificateAuthority(certificate_path, std::move(parts));
  }
  auto parts = std::make_unique<Parts>();
  parts->key.reset(EVP_EC_gen("P-256"));
  if (!parts->key) return failure("no key could be made");
  parts->certificate = make_authority(parts->key.get(), now);
  if (!parts->certificate) return failure("no authority could be made");
  if (auto written = write_file(key_path, pem_of(parts->key.get()), 0600); !written) {
    return std::move(written).error();
  }
  if (auto written = write_file(certificate_path, pem_of(parts->certificate.get()), 0644);
      !written) {
    return std::move(written).error();
  }
  return CertificateAuthority(certificate_path, std::move(parts));
}

Result<ServerCertificate> CertificateAuthority::issue(const std::vector<std::string>& names,
                                                      WallTime from, WallTime until) const {
  X509* const ca = parts_->certificate.get();
  const Key key(EVP_EC_gen("P-256"));
  if (!key) return failure("no key could be made");
  Certificate leaf = begin(key.get(), names.empty() ? "localhost" : names.front(), from, until);
  const bool good = leaf && X509_set_issuer_name(leaf.get(), X509_get_subject_name(ca)) == 1 &&
                    add_extension(leaf.get(), ca, NID_basic_constraints, "critical,CA:FALSE") &&
                    add_extension(leaf.get(), ca, NID_key_usage, "critical,digitalSignature") &&
                    add_extension(leaf.get(), ca, NID_ext_key_usage, "serverAuth") &&
                    add_extension(leaf.get(), ca, NID_subject_alt_name, san_of(names)) &&
                    X509_sign(leaf.get(), parts_->key.get(), EVP_sha256()) > 0;
  if (!good) return failure("no server certificate could be made");
  return ServerCertificate{pem_of(leaf.get()) + pem_of(ca), pem_of(key.get())};
}

}  // namespace posthaste::tools
