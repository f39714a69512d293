#include "client/connection/ways/tls/tls_probe.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/connection/ways/tls/tls_context.h"
#include "proto/contract/process/file_descriptor.h"

namespace sumscope::client {
namespace {

using Stream = std::unique_ptr<SSL, FreedBy<SSL_free>>;

// A write to a connection that was closed is no end of the program while this lives.
class WithoutPipeSignal {
 public:
  WithoutPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~WithoutPipeSignal() {
    const timespec at_once = {};
    while (sigismember(&before_, SIGPIPE) == 0 && sigtimedwait(&pipe_, nullptr, &at_once) > 0) continue;
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_, before_;
};

// Whether `events` came before `end`.
bool AwaitSocket(int socket, short events, absl::Time end) {
  pollfd entry = {socket, events, 0};
  const int64_t left = absl::ToInt64Milliseconds(end - absl::Now());
  return left > 0 && poll(&entry, 1, static_cast<int>(left)) == 1;
}

FileDescriptor ConnectTo(const Address& address, absl::Time end) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0) {
    return FileDescriptor();
  }
  const std::unique_ptr<addrinfo, FreedBy<freeaddrinfo>> all(found);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    FileDescriptor socket(::socket(one->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.valid()) continue;
    int error = connect(socket.get(), one->ai_addr, one->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS && AwaitSocket(socket.get(), POLLOUT, end)) {
      socklen_t size = sizeof(error);
      getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0) return socket;
  }
  return FileDescriptor();
}

// The certificate is to be of this host, as gRPC wants it.
void ExpectHost(const std::string& host, SSL* stream) {
  in6_addr numeric;
  const bool is_number =
      inet_pton(AF_INET, host.c_str(), &numeric) == 1 || inet_pton(AF_INET6, host.c_str(), &numeric) == 1;
  if (is_number) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(stream), host.c_str());
  } else {
    SSL_set_tlsext_host_name(stream, host.c_str());
    SSL_set1_host(stream, host.c_str());
  }
}

std::string WordsOf(long verdict, const Address& address) {
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "the server's certificate has expired, or that of who signed it; it needs a renewed one";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "the server's certificate is not valid yet: look at the clocks of both machines";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return absl::StrCat("the server's certificate is not of ", address.host,
                          ": name the server as its certificate does, or make sure that it is the right one");
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "the server's certificate is signed by nobody whom this client trusts: give --ca with the certificate of "
             "the lab's authority";
    case X509_V_ERR_INVALID_PURPOSE:
      return "the server's certificate is not for servers: its extended key usage lacks serverAuth";
    default:
      return absl::StrCat("the server's certificate is refused: ", X509_verify_cert_error_string(verdict));
  }
}

// A server that refuses the client's certificate, or that there is none, often just closes: with TLS 1.3 after what the
// client takes for the end of the handshake.
std::string WordsOfCertificate(bool shown) {
  return shown ? "the server refuses the client certificate: it has expired, is signed by nobody whom the server "
                 "trusts, or is not for clients (its extended key usage lacks clientAuth)"
               : "the server wants a client certificate: give --certificate and --key";
}

// What the library says of the last failure of `stream`, which was asked for a certificate or not.
std::string WordsOfError(const SSL* stream, const Address& address, bool asked) {
  const long verdict = SSL_get_verify_result(stream);
  const unsigned long error = ERR_peek_last_error();
  const char* const text = ERR_reason_error_string(error);
  const std::string said = text == nullptr ? "the connection was closed" : text;
  if (ERR_GET_REASON(error) == SSL_R_CERTIFICATE_VERIFY_FAILED) return WordsOf(verdict, address);
  const bool shown = SSL_get_certificate(stream) != nullptr;
  // Alerts are the other side's.
  if (asked && (absl::StrContains(said, "alert") || absl::StrContains(said, "eof") || text == nullptr)) {
    return absl::StrCat(WordsOfCertificate(shown), " (", said, ")");
  }
  if (absl::StrContains(said, "wrong version number") || absl::StrContains(said, "packet length")) {
    return "what listens there speaks no TLS";
  }
  return absl::StrCat("the handshake failed: ", said);
}

}  // namespace

std::string WhyTlsFails(const Address& address, const TlsFiles& files, absl::Duration timeout) {
  const absl::Time end = absl::Now() + timeout;
  const WithoutPipeSignal without_pipe_signal;
  TlsFault fault = TlsFault::kNone;
  const TlsContext context = MakeTlsContext(files, &fault);
  const FileDescriptor socket = ConnectTo(address, end);
  if (!socket.valid()) return "";
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  static constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context.get(), kHttp2, sizeof(kHttp2));
  const Stream stream(SSL_new(context.get()));
  SSL_set_fd(stream.get(), socket.get());
  ExpectHost(address.host, stream.get());
  bool asked = false;  // for a certificate
  const auto note = [](SSL*, void* was_asked) {
    *static_cast<bool*>(was_asked) = true;
    return 1;
  };
  SSL_set_cert_cb(stream.get(), note, &asked);
  // With TLS 1.3 what the server says of the client's certificate, none too, comes after the handshake: as the answer
  // to a first read, which the server's first frame answers where all is well.
  bool connected = false;
  while (true) {
    ERR_clear_error();
    char byte;
    const int done = connected ? SSL_peek(stream.get(), &byte, 1) : SSL_connect(stream.get());
    if (done == 1 && connected) return "";
    if (done == 1) {
      connected = true;
      continue;
    }
    const int wanted = SSL_get_error(stream.get(), done);
    if (wanted != SSL_ERROR_WANT_READ && wanted != SSL_ERROR_WANT_WRITE) break;
    if (!AwaitSocket(socket.get(), wanted == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, end)) return "";
  }
  // One that closes later has other reasons.
  return connected && !asked ? "" : WordsOfError(stream.get(), address, asked);
}

}  // namespace sumscope::client
