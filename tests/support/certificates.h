#ifndef SUMSCOPE_TESTS_SUPPORT_CERTIFICATES_H_
#define SUMSCOPE_TESTS_SUPPORT_CERTIFICATES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace sumscope {

// A certificate and its key, in PEM.
struct IssuedCertificate {
  std::string certificate, key;
};

// A certificate authority of a test, in memory, with keys of P-256. Aborts where OpenSSL refuses.
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& common_name = "authority of a test");
  ~TestAuthority();

  // Its own certificate, in PEM.
  const std::string& certificate() const { return certificate_; }

  struct Subject {
    std::string common_name;         // "" for none
    std::vector<std::string> names;  // "DNS:localhost", "IP:127.0.0.1", "email:alice@example.org", "URI:user:alice"
    bool is_server = false;          // else for clients
    absl::Time not_before = absl::Now() - absl::Hours(1);
    absl::Time not_after = absl::Now() + absl::Hours(1);
  };
  IssuedCertificate Issue(const Subject& subject) const;
  // For the host "localhost" and for 127.0.0.1, or for others.
  IssuedCertificate IssueServer(std::vector<std::string> names = {"DNS:localhost", "IP:127.0.0.1"}) const;
  IssuedCertificate IssueClient(const std::string& common_name, std::vector<std::string> names = {}) const;
  IssuedCertificate IssueExpiredServer() const;
  IssuedCertificate IssueExpiredClient(const std::string& common_name) const;

 private:
  struct Key;

  std::unique_ptr<Key> key_;
  std::string common_name_, certificate_;
};

// Writes a file of mode 0600 and puts it in its place at once.
void WritePrivateFile(const std::string& path, const std::string& text);

}  // namespace sumscope

#endif  // SUMSCOPE_TESTS_SUPPORT_CERTIFICATES_H_
