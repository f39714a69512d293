// sumscope devices.
#include "gmock/gmock.h"
#include "nlohmann/json.hpp"
#include "tests/client/cli/fixtures.h"
#include "tests/client/cli/queue/some_jobs.h"

namespace sumscope::client {
namespace {

using ::testing::HasSubstr;

class Devices_Test : public CommandFixture {
 protected:
  Devices_Test() {
    v1::Device* const gpu = server_.devices.add_devices();
    gpu->set_name("cuda:0");
    gpu->set_model("NVIDIA H200");
    gpu->set_uuid("GPU-1");
    gpu->set_memory_bytes(uint64_t{139} << 30);
    gpu->set_memory_used_bytes(uint64_t{12} << 30);
    gpu->set_utilization_percent(45);
    gpu->set_temperature_celsius(56);
    v1::DeviceProcess* const foreign = gpu->add_foreign();
    foreign->set_pid(4711);
    foreign->set_user("eve");
    foreign->set_memory_bytes(uint64_t{2} << 30);
    gpu->add_warnings("PID 4711 of eve uses 2.0 GiB");
    v1::DeviceSlot* const slot = gpu->add_slots();
    slot->set_name("cuda0");
    slot->set_state("BUSY");
    slot->set_threads(2);
    *slot->mutable_job() = SomeJobs()[0];
    v1::DeviceRate* const rate = gpu->add_rates();
    rate->set_kind("train");
    rate->set_shape("n = 5");
    rate->set_threads(2);
    rate->set_units_per_second(152);
    rate->set_unit("steps");
    rate->set_samples(3);
    v1::Device* const cpu = server_.devices.add_devices();
    cpu->set_name("cpu");
  }
};

TEST_F(Devices_Test, WhenTheyAreListedThenSlotsAndOthersAreSeen) {
  EXPECT_EQ(Run({"devices"}), 0);
  EXPECT_EQ(Out(),
            "DEVICE  MODEL                   MEMORY  BUSY  TEMP  STATE  OTHERS\n"
            "cuda:0  NVIDIA H200  12 GiB of 139 GiB  45 %  56 C  OK     PID 4711 of eve, 2.0 GiB\n"
            "cpu     -                            -     -     -  OK     -\n"
            "\n"
            "SLOT   DEVICE  STATE  JOB       WHAT          OWNER       ENDS  DETAIL\n"
            "cuda0  cuda:0  BUSY   jaaaaaaa  add_d5_l1_h3  ada    in 30 min  -\n"
            "\n"
            "warning: cuda:0: PID 4711 of eve uses 2.0 GiB\n");
  EXPECT_EQ(Run({"devices", "-o", "wide"}), 0);
  EXPECT_THAT(Out(), HasSubstr("152 steps/s"));
  EXPECT_EQ(Run({"devices", "-o", "id"}), 0);
  EXPECT_EQ(Out(), "cuda:0\ncpu\n");
  EXPECT_EQ(Run({"devices", "-o", "json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(Out())["devices"][0]["foreign"][0]["pid"], "4711");
}

TEST_F(Devices_Test, WhenTheyAreWatchedThenEachLookIsALineUntilCtrlC) {
  // Three looks, then the server is lost, and the user has had enough.
  server_.break_kind = Break::kUnavailable;
  server_.break_after = 3;
  server_.breaks = 1'000;
  sleeper_.on_sleep = [this] { cancellation_.Cancel(); };
  EXPECT_EQ(Run({"devices", "--watch", "--interval", "5", "-o", "id"}), 130);
  EXPECT_EQ(Out(), "cuda:0\ncpu\ncuda:0\ncpu\ncuda:0\ncpu\n");
  EXPECT_EQ(server_.LastRequest<v1::WatchDevicesRequest>().interval().seconds(), 5);
}

TEST_F(Devices_Test, GivenAWatchThenOneDocumentIsRefused) {
  EXPECT_EQ(Run({"devices", "--watch", "-o", "json"}), 2);
  EXPECT_THAT(Err(), HasSubstr("-o jsonl"));
}

}  // namespace
}  // namespace sumscope::client
