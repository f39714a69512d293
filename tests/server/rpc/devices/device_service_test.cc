// Who sees what of the machine's devices.
#include <gmock/gmock.h>

#include <string>

#include "tests/server/rpc/serve/gate/many_users.h"

namespace sumscope::rpc {
namespace {

class DeviceService_Test : public ManyUsers_Test {
 protected:
  DeviceService_Test() {
    devices::DeviceState cpu;
    cpu.name = "cpu";
    cpu.model = "a CPU";
    devices_ = {cpu};
  }

  v1::DeviceSlot SlotAsSeenBy(const std::string& user) {
    grpc::ClientContext context;
    Identify(user, &context);
    v1::ListDevicesResponse list;
    const grpc::Status status = device_service_->ListDevices(&context, {}, &list);
    EXPECT_TRUE(status.ok()) << status.error_message();
    for (const v1::Device& device : list.devices()) {
      for (const v1::DeviceSlot& slot : device.slots()) {
        if (slot.name() == kSlot) return slot;
      }
    }
    ADD_FAILURE() << list.DebugString();
    return {};
  }
};

TEST_F(DeviceService_Test, PrivateRunHasTheSlotThenOthersSeeThatSomebodyHasIt) {
  const std::string id = Id(JobsFixture::Create("").name());
  SetVisibility(id, v1::PRIVATE);
  StartNext();
  EXPECT_EQ(SlotAsSeenBy("ada").job().run(), "runs/" + id);
  EXPECT_EQ(SlotAsSeenBy("adm").job().run(), "runs/" + id);
  const v1::Job others = SlotAsSeenBy("bob").job();
  EXPECT_TRUE(others.another_users());
  EXPECT_EQ(others.run(), "");
  EXPECT_EQ(others.owner(), "");
}

TEST_F(DeviceService_Test, WatchIsOpenThenItShowsChangesUntilTheServerStops) {
  grpc::ClientContext context;
  Identify("vic", &context);
  const auto watch = device_service_->WatchDevices(&context, {});
  v1::ListDevicesResponse list;
  ASSERT_TRUE(watch->Read(&list));
  EXPECT_GT(list.devices_size(), 0);
  grpc::ClientContext another;
  Identify("vic", &another);
  const auto second = device_service_->WatchDevices(&another, {});
  EXPECT_FALSE(second->Read(&list));
  EXPECT_EQ(ReasonOf(second->Finish()), "TOO_MANY_WATCHERS");
  hub_->Close();
  while (watch->Read(&list)) {
  }
  const grpc::Status ended = watch->Finish();
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(ended), "DRAINING");
}

TEST_F(DeviceService_Test, IntervalIsTooShortOrLongThenItIsRefused) {
  for (const int64_t seconds : {int64_t{0}, int64_t{-5}, int64_t{100'000'000}}) {
    v1::WatchDevicesRequest request;
    request.mutable_interval()->set_seconds(seconds);
    grpc::ClientContext context;
    Identify("vic", &context);
    const auto watch = device_service_->WatchDevices(&context, request);
    v1::ListDevicesResponse list;
    EXPECT_FALSE(watch->Read(&list));
    EXPECT_EQ(ReasonOf(watch->Finish()), "INTERVAL_INVALID") << seconds;
  }
}

}  // namespace
}  // namespace sumscope::rpc
