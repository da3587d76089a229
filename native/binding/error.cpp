#include "guard.h"

namespace {
thread_local std::string last_error;
}

void espalier::set_error(const char* message) noexcept {
  try {
    last_error = message;
  } catch (...) {
    last_error.clear();
  }
}

int32_t esp_abi_version(void) { return ESP_ABI_VERSION; }

const char* esp_last_error(void) { return last_error.c_str(); }
