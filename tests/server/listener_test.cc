#include "server/listener.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "grpcpp/generic/generic_stub.h"
#include "proto/contract/errors/errors.h"
#include "proto/contract/process/grpc_address.h"
#include "tests/server/transport/manual_clock.h"
#include "tests/support/temp_directory.h"

namespace sumscope {
namespace {

// What a server is built of.
struct Parts {
  explicit Parts(Clock* clock = Clock::Real()) : connections({50, absl::Hours(1)}, clock), watch(&connections, clock) {
    parts.connections = &connections;
    parts.watch = &watch;
  }
  transport::ConnectionTable connections;
  rpc::CallWatch watch;
  PublicServer parts;
};

bool Reaches(const std::string& address) {
  const auto channel = grpc::CreateChannel(GrpcAddress(address), grpc::InsecureChannelCredentials());
  return channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10));
}

TEST(Listener_Test, SocketIsPrivateAndGoneAfterwards) {
  const TempDirectory folder;
  Parts parts;
  const std::string path = folder.path() + "/s.sock";
  auto sockets = ClaimSockets({"unix:" + path});
  ASSERT_TRUE(sockets.ok()) << sockets.status();
  auto server = Listen({"unix:" + path}, *sockets, parts.parts);
  ASSERT_TRUE(server.ok()) << server.status();
  struct stat file;
  ASSERT_EQ(stat(path.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0077, 0u);
  EXPECT_EQ(ErrorReason(ClaimSockets({"unix:" + path}).status()), "SOCKET_IN_USE");
  server->reset();
  sockets->clear();
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Listener_Test, GivenGroupThenSocketIsItsOnceItIsOpenToIt) {
  const TempDirectory folder;
  Parts parts;
  parts.parts.socket_group = getegid();
  const std::string path = folder.path() + "/s.sock";
  for (const bool open : {false, true}) {
    parts.parts.open_to_group = open;
    const auto sockets = ClaimSockets({"unix:" + path});
    ASSERT_TRUE(sockets.ok()) << sockets.status();
    const auto server = Listen({"unix:" + path}, *sockets, parts.parts);
    ASSERT_TRUE(server.ok()) << server.status();
    struct stat file;
    ASSERT_EQ(stat(path.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777, open ? 0660u : 0600u);
  }
}

// gRPC reads addresses as URIs: '#' and '?' cut a path, '%' changed it.
TEST(Listener_Test, GivenCharactersOfUrisInThePathThenReached) {
  const TempDirectory folder;
  Parts parts;
  for (const char* name : {"/plain", "/a#b", "/a?b", "/a%41b", "/a b", "/\xc3\xa9:@!$&'()*+;=[]"}) {
    const std::string address = "unix:" + folder.path() + name;
    const auto sockets = ClaimSockets({address});
    ASSERT_TRUE(sockets.ok()) << sockets.status();
    const auto server = Listen({address}, *sockets, parts.parts);
    ASSERT_TRUE(server.ok()) << server.status();
    EXPECT_TRUE(std::filesystem::is_socket(folder.path() + name)) << name;
    EXPECT_TRUE(Reaches(address)) << name;
  }
}

TEST(Listener_Test, GivenLoopbackThenItListensThereAndNowhereElse) {
  Parts parts;
  EXPECT_TRUE(Listen({"127.0.0.1:0", "localhost:0"}, {}, parts.parts).ok());
  EXPECT_EQ(ErrorReason(Listen({"0.0.0.0:0"}, {}, parts.parts).status()), "PLAINTEXT_REFUSED");
}

// A stream of reflection that has asked one thing.
class Reflection {
 public:
  explicit Reflection(const std::shared_ptr<grpc::Channel>& channel) : stub_(channel) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));  // of a test that fails
    stream_ = stub_.PrepareCall(&context_, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue_);
    stream_->StartCall(this);
    Ends();
    const grpc::Slice list_services("\x3a\0", 2);
    stream_->Write(grpc::ByteBuffer(&list_services, 1), this);
    Ends();
    answered_ = CanRead();
  }
  ~Reflection() {
    context_.TryCancel();
    Finish();
  }
  bool answered() const { return answered_; }
  bool CanRead() {
    grpc::ByteBuffer message;
    stream_->Read(&message, this);
    return Ends();
  }
  const grpc::Status& Finish() {
    if (stream_ == nullptr) return status_;
    stream_->Finish(&status_, this);
    Ends();
    stream_.reset();
    return status_;
  }

 private:
  bool Ends() {
    void* tag;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  bool answered_ = false;
  grpc::Status status_;
};

class Reflection_Test : public testing::Test {
 protected:
  void SetUp() override {
    sockets_ = *ClaimSockets({address_});
    auto server = Listen({address_}, sockets_, parts_.parts);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = OwnChannel();
  }
  void TearDown() override { server_->Shutdown(absl::Now() + absl::Seconds(2)); }
  // A channel with a connection of its own.
  std::shared_ptr<grpc::Channel> OwnChannel() const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(), arguments);
  }

  const TempDirectory folder_;
  const std::string address_ = "unix:" + folder_.path() + "/s";
  ManualClock clock_;
  Parts parts_{&clock_};
  SocketPlaces sockets_;
  std::unique_ptr<transport::RpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

// 600 silent streams of reflection, which gRPC serves without asking us, held 600 threads for as long as they liked.
TEST_F(Reflection_Test, StreamsAreOnlySoManyAtOnce) {
  std::vector<std::unique_ptr<Reflection>> open;
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  while (open.size() < rpc::CallWatch::kMaxReflections) {
    channels.push_back(OwnChannel());
    for (size_t i = 0; i < rpc::CallWatch::kReflectionsKept; ++i) {
      open.push_back(std::make_unique<Reflection>(channels.back()));
      ASSERT_TRUE(open.back()->answered());
    }
  }
  Reflection refused(channel_);
  EXPECT_FALSE(refused.answered());
  EXPECT_EQ(refused.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.Finish().error_message().find("TOO_MANY_REFLECTIONS"), 0u) << refused.Finish().error_message();
  open.pop_back();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!Reflection(channel_).answered()) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
}

// One connection, of nobody whom the server knows, took all seats.
TEST_F(Reflection_Test, ConnectionKeepsTheNewestOfItsStreams) {
  std::vector<std::unique_ptr<Reflection>> open;
  for (int i = 0; i < 100; ++i) {
    open.push_back(std::make_unique<Reflection>(channel_));
    ASSERT_TRUE(open.back()->answered()) << i << ": " << open.back()->Finish().error_message();
    if (open.size() <= rpc::CallWatch::kReflectionsKept) continue;
    EXPECT_FALSE(open.front()->CanRead());
    EXPECT_EQ(open.front()->Finish().error_message().find("REFLECTION_REPLACED"), 0u)
        << open.front()->Finish().error_message();
    open.erase(open.begin());
  }
}

// Python's stock client opens a stream a question, and does not wait for its end.
TEST_F(Reflection_Test, StreamThatWasLeftIsNoHindranceToTheNext) {
  for (int i = 0; i < 200; ++i) {
    Reflection left(channel_);
    ASSERT_TRUE(left.answered()) << i << ": " << left.Finish().error_message();
  }
}

TEST_F(Reflection_Test, SilentStreamIsCutOffAndABusyOneIsNot) {
  Reflection silent(channel_);
  ASSERT_TRUE(silent.answered());
  clock_.Advance(50);
  Reflection busy(channel_);
  ASSERT_TRUE(busy.answered());
  clock_.Advance(50);
  parts_.watch.EndStalled();
  EXPECT_FALSE(silent.CanRead());
  EXPECT_EQ(silent.Finish().error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(silent.Finish().error_message().find("REFLECTION_SILENT"), 0u) << silent.Finish().error_message();
  clock_.Advance(20);
  parts_.watch.EndStalled();
  EXPECT_FALSE(busy.CanRead());
}

}  // namespace
}  // namespace sumscope
