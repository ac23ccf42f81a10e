#include "latency/hardware.h"

#include <array>
#include <fstream>

#include <dlfcn.h>
#include <sys/utsname.h>

namespace tessera::latency {

std::string cpu_name() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        const auto colon = line.find(": ");
        if (line.starts_with("model name") && colon != std::string::npos) {
            return line.substr(colon + 2);
        }
    }
    utsname system{};
    return uname(&system) == 0 ? system.machine : "unknown CPU";
}

std::string gpu_name(int index) {
    // libtorch_cpu cannot ask for a name. The driver's own library can, and it counts the GPUs as CUDA does.
    const std::string unknown = "unknown GPU";
    void* const driver = dlopen("libcuda.so.1", RTLD_NOW);
    if (driver == nullptr) {
        return unknown;
    }
    const auto initialise = reinterpret_cast<int (*)(unsigned)>(dlsym(driver, "cuInit"));
    const auto get = reinterpret_cast<int (*)(int*, int)>(dlsym(driver, "cuDeviceGet"));
    const auto name = reinterpret_cast<int (*)(char*, int, int)>(dlsym(driver, "cuDeviceGetName"));
    std::array<char, 256> text{};
    int device = 0;
    const bool told = initialise != nullptr && get != nullptr && name != nullptr && initialise(0) == 0 &&
                      get(&device, index) == 0 && name(text.data(), text.size() - 1, device) == 0;
    return told ? text.data() : unknown; // the library stays open: LibTorch uses it as well
}

} // namespace tessera::latency
