#include "proto/contract/text/token_seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstdlib>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace sumscope {
namespace {

constexpr size_t kTagSize = 16;  // the IV of the cipher, too

// OpenSSL's calls fail only without memory, randomness or the algorithm: nothing can go on then.
void CheckDone(bool done) {
  if (!done) std::abort();
}

unsigned char* Bytes(std::string* text) { return reinterpret_cast<unsigned char*>(&(*text)[0]); }
const unsigned char* Bytes(absl::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string HmacSha256(absl::string_view key, absl::string_view text) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  CheckDone(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(text), text.size(), Bytes(&digest),
                 &size) != nullptr);
  digest.resize(size);
  return digest;
}

std::string TagOf(absl::string_view key, absl::string_view purpose, absl::string_view text) {
  return HmacSha256(key, absl::StrCat(purpose.size(), "\n", purpose, text)).substr(0, kTagSize);
}

// Enciphers and deciphers: the counter's stream is the same.
std::string WithCipher(absl::string_view key, absl::string_view iv, absl::string_view text) {
  const std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  std::string out(text.size(), '\0');
  int size = 0;
  CheckDone(context != nullptr &&
            EVP_EncryptInit_ex(context.get(), EVP_aes_256_ctr(), nullptr, Bytes(key), Bytes(iv)) == 1 &&
            EVP_EncryptUpdate(context.get(), Bytes(&out), &size, Bytes(text), static_cast<int>(text.size())) == 1);
  return out;
}

}  // namespace

TokenSeal::TokenSeal(absl::string_view key)
    : mac_key_(HmacSha256(key, "token seal mac")), cipher_key_(HmacSha256(key, "token seal cipher")) {}

TokenSeal TokenSeal::Random() {
  std::string key(kKeySize, '\0');
  CheckDone(RAND_bytes(Bytes(&key), static_cast<int>(key.size())) == 1);
  return TokenSeal(key);
}

std::string TokenSeal::Seal(absl::string_view purpose, absl::string_view text) const {
  const std::string tag = TagOf(mac_key_, purpose, text);
  return absl::WebSafeBase64Escape(absl::StrCat(tag, WithCipher(cipher_key_, tag, text)));
}

std::optional<std::string> TokenSeal::Open(absl::string_view purpose, absl::string_view token) const {
  std::string sealed;
  if (!absl::WebSafeBase64Unescape(token, &sealed) || sealed.size() < kTagSize) return std::nullopt;
  if (absl::WebSafeBase64Escape(sealed) != token) return std::nullopt;  // base64 has several spellings of one text
  const std::string tag = sealed.substr(0, kTagSize);
  std::string text = WithCipher(cipher_key_, tag, absl::string_view(sealed).substr(kTagSize));
  if (CRYPTO_memcmp(TagOf(mac_key_, purpose, text).data(), tag.data(), kTagSize) != 0) return std::nullopt;
  return text;
}

}  // namespace sumscope
