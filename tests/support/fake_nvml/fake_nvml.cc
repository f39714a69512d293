// A libnvidia-ml.so.1, and the little of libcuda.so.1 that workers ask, that play the box which a text file describes.
// The file is named by FAKE_NVML_STATE, or is state.txt beside this library. It is read at every call: a test changes
// the box by putting another file in its place. A line is a word and then KEY=VALUE, without spaces in values:
//
//   gpu uuid=GPU-0.. name=Fake total_mib=81920 used_mib=500 utilisation=3 temperature=40 lost=1
//   process gpu=0 pid=4242 memory_mib=700 kind=graphics
//   fails init=9 count=999
//
// GPUs have the numbers 0, 1, .. in the order of their lines. What is left out is 0 or "", and total_mib 81920; a
// process computes unless its kind says otherwise, and memory_mib=? is memory that the driver keeps to itself. Without
// a file there is no GPU.
#include <dlfcn.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#define EXPORTED extern "C" __attribute__((visibility("default")))

namespace {

enum Result { kSuccess = 0, kInvalid = 2, kNotSupported = 3, kInsufficientSize = 7, kGpuIsLost = 15 };
using Fields = std::map<std::string, std::string>;

struct Box {
  std::vector<Fields> gpus, processes;
  Fields fails;
};

std::string StatePath() {
  if (const char* const path = std::getenv("FAKE_NVML_STATE"); path != nullptr) return path;
  Dl_info info = {};
  dladdr(reinterpret_cast<void*>(&StatePath), &info);
  const std::string library = info.dli_fname == nullptr ? "" : info.dli_fname;
  return library.substr(0, library.rfind('/') + 1) + "state.txt";
}

Box ReadBox() {
  Box box;
  std::ifstream file(StatePath());
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string kind, word;
    words >> kind;
    Fields fields;
    while (words >> word) fields[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
    if (kind == "gpu") box.gpus.push_back(fields);
    if (kind == "process") box.processes.push_back(fields);
    if (kind == "fails") box.fails = fields;
  }
  return box;
}

unsigned long long Number(const Fields& fields, const std::string& key, unsigned long long otherwise = 0) {
  const auto found = fields.find(key);
  return found == fields.end() ? otherwise : std::strtoull(found->second.c_str(), nullptr, 10);
}

std::string Text(const Fields& fields, const std::string& key) {
  const auto found = fields.find(key);
  return found == fields.end() ? "" : found->second;
}

int Fails(const char* what) { return static_cast<int>(Number(ReadBox().fails, what)); }

// A handle is the number of its GPU and one more.
void* HandleOf(size_t index) { return reinterpret_cast<void*>(index + 1); }
size_t IndexOf(void* device) { return reinterpret_cast<size_t>(device) - 1; }

int Gpu(size_t index, Fields* gpu) {
  const Box box = ReadBox();
  if (index >= box.gpus.size()) return kInvalid;
  *gpu = box.gpus[index];
  return Number(*gpu, "lost") == 0 ? kSuccess : kGpuIsLost;
}

int CopyText(void* device, const char* key, char* out, unsigned int size) {
  Fields gpu;
  if (const int result = Gpu(IndexOf(device), &gpu); result != kSuccess) return result;
  const std::string text = Text(gpu, key);
  if (text.size() >= size) return kInsufficientSize;
  std::memcpy(out, text.c_str(), text.size() + 1);
  return kSuccess;
}

struct Process {
  unsigned int pid;
  unsigned long long used_memory;
  unsigned int gpu_instance, compute_instance;
};

int List(void* device, const char* kind, unsigned int* count, Process* out) {
  Fields gpu;
  if (const int result = Gpu(IndexOf(device), &gpu); result != kSuccess) return result;
  std::vector<Process> found;
  for (const Fields& process : ReadBox().processes) {
    const std::string said = Text(process, "kind");
    if (Number(process, "gpu") != IndexOf(device) || (said.empty() ? "compute" : said) != kind) continue;
    const bool hidden = Text(process, "memory_mib") == "?";
    found.push_back({static_cast<unsigned int>(Number(process, "pid")),
                     hidden ? ~0ULL : Number(process, "memory_mib") << 20, ~0U, ~0U});
  }
  const bool fits = found.size() <= *count;
  *count = static_cast<unsigned int>(found.size());
  if (!fits) return kInsufficientSize;
  for (size_t i = 0; i < found.size(); ++i) out[i] = found[i];
  return kSuccess;
}

}  // namespace

EXPORTED int nvmlInit_v2() { return Fails("init"); }
EXPORTED int nvmlShutdown() { return kSuccess; }
EXPORTED const char* nvmlErrorString(int result) {
  return result == kGpuIsLost ? "GPU is lost" : result == kSuccess ? "Success" : "Unknown Error";
}
EXPORTED int nvmlDeviceGetCount_v2(unsigned int* count) {
  *count = static_cast<unsigned int>(ReadBox().gpus.size());
  return Fails("count");
}
EXPORTED int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void** device) {
  Fields gpu;
  *device = HandleOf(index);
  return Gpu(index, &gpu);
}
EXPORTED int nvmlDeviceGetUUID(void* device, char* text, unsigned int size) {
  return CopyText(device, "uuid", text, size);
}
EXPORTED int nvmlDeviceGetName(void* device, char* text, unsigned int size) {
  return CopyText(device, "name", text, size);
}
EXPORTED int nvmlDeviceGetMemoryInfo(void* device, unsigned long long memory[3]) {
  Fields gpu;
  const int result = Gpu(IndexOf(device), &gpu);
  memory[0] = Number(gpu, "total_mib", 81920) << 20;
  memory[2] = Number(gpu, "used_mib") << 20;
  memory[1] = memory[0] - memory[2];
  return result;
}
EXPORTED int nvmlDeviceGetUtilizationRates(void* device, unsigned int rates[2]) {
  Fields gpu;
  const int result = Gpu(IndexOf(device), &gpu);
  rates[0] = rates[1] = static_cast<unsigned int>(Number(gpu, "utilisation"));
  return result;
}
// A GPU without a temperature has no sensor.
EXPORTED int nvmlDeviceGetTemperature(void* device, int sensor, unsigned int* celsius) {
  Fields gpu;
  const int result = Gpu(IndexOf(device), &gpu);
  *celsius = static_cast<unsigned int>(Number(gpu, "temperature"));
  return result == kSuccess && (sensor != 0 || gpu.count("temperature") == 0) ? kNotSupported : result;
}
EXPORTED int nvmlDeviceGetComputeRunningProcesses_v3(void* device, unsigned int* count, Process* out) {
  return List(device, "compute", count, out);
}
EXPORTED int nvmlDeviceGetGraphicsRunningProcesses_v3(void* device, unsigned int* count, Process* out) {
  return List(device, "graphics", count, out);
}

EXPORTED int cuInit(unsigned int) { return Fails("cuda"); }
EXPORTED int cuDeviceGet(int* device, int ordinal) {
  *device = ordinal;
  Fields gpu;
  return Gpu(static_cast<size_t>(ordinal), &gpu);
}
EXPORTED int cuDeviceGetUuid_v2(unsigned char uuid[16], int device) {
  Fields gpu;
  const int result = Gpu(static_cast<size_t>(device), &gpu);
  std::string digits;
  for (const char c : Text(gpu, "uuid")) {
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0) digits += c;
  }
  for (size_t i = 0; i < 16; ++i) {
    uuid[i] =
        static_cast<unsigned char>(std::strtoul(digits.substr(std::min(2 * i, digits.size()), 2).c_str(), nullptr, 16));
  }
  return result;
}
