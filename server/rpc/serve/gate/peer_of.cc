#include "server/rpc/serve/gate/peer_of.h"

#include <utility>

#include "absl/strings/strip.h"
#include "grpc/grpc_security_constants.h"
#include "server/auth/certificate_end.h"
#include "server/transport/origin.h"

namespace sumscope::rpc {
namespace {

constexpr char kAuthorization[] = "authorization";

bool IsSecure(const grpc::AuthContext& context) {
  for (const grpc::string_ref& type : context.FindPropertyValues(GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME)) {
    if (type == GRPC_SSL_TRANSPORT_SECURITY_TYPE || type == GRPC_TLS_TRANSPORT_SECURITY_TYPE) return true;
  }
  return false;
}

auth::Way WayOf(transport::Way way) {
  switch (way) {
    case transport::Way::kTls:
      return auth::Way::kTls;
    case transport::Way::kLoopback:
      return auth::Way::kLoopback;
    case transport::Way::kSocket:
      break;
  }
  return auth::Way::kSocket;
}

// Its subject alternative names; its common name where it has none.
std::vector<std::string> CertificateNames(const grpc::AuthContext& context) {
  std::vector<std::string> names;
  for (const char* const property : {GRPC_X509_SAN_PROPERTY_NAME, GRPC_X509_CN_PROPERTY_NAME}) {
    for (const grpc::string_ref& name : context.FindPropertyValues(property)) {
      names.emplace_back(name.data(), name.size());
    }
    if (!names.empty()) break;
  }
  return names;
}

std::optional<absl::Time> CertificateExpires(const grpc::AuthContext& context) {
  const std::vector<grpc::string_ref> pems = context.FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (pems.empty()) return std::nullopt;
  return auth::CertificateEnd({pems.front().data(), pems.front().size()});
}

}  // namespace

std::string AddressOf(absl::string_view peer) {
  const std::string plain = transport::RemoteOf(peer);
  absl::string_view address = plain;
  if (absl::ConsumePrefix(&address, "[")) {
    address = address.substr(0, address.find(']'));
  } else {
    address = address.substr(0, address.rfind(':'));
  }
  return std::string(address.substr(0, address.find('%')));
}

auth::Peer PeerOf(const grpc::ServerContextBase& context, transport::ConnectionTable* connections) {
  auth::Peer peer;
  const std::string name = context.peer();
  const std::shared_ptr<const grpc::AuthContext> security = context.auth_context();
  if (const std::optional<transport::Origin> origin = connections->OriginOf(name)) {
    peer.way = WayOf(origin->way);
    peer.uid = origin->uid;
    peer.address = origin->address;
    peer.connection = origin->connection;
  } else if (std::string address = AddressOf(name); !address.empty()) {
    peer.address = std::move(address);
    peer.way = auth::Way::kLoopback;
  }
  if (security != nullptr && IsSecure(*security)) {
    peer.way = auth::Way::kTls;
    peer.certificate_names = CertificateNames(*security);
    peer.certificate_expires = CertificateExpires(*security);
  }
  const auto& metadata = context.client_metadata();
  const auto header = metadata.find(kAuthorization);
  if (header != metadata.end()) peer.authorization = std::string(header->second.data(), header->second.size());
  return peer;
}

}  // namespace sumscope::rpc
