// The C ABI between libtorch and Espalier.Torch. Native/NativeMethods.cs has the same functions in the same order.
//
// Every function that can fail returns 0 for success and 1 for an error whose sentence esp_last_error() gives on the same
// thread. Outputs are written only on success. A tensor handle that is returned belongs to the caller: esp_tensor_free.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ESP_EXPORT __attribute__((visibility("default")))
#define ESP_ABI_VERSION 2
#define ESP_MAX_DIMENSIONS 16

typedef int32_t esp_status;
typedef struct esp_tensor esp_tensor;
typedef struct esp_op esp_op;
typedef void (*esp_body)(int64_t begin, int64_t end, void* context);

// A tagged value: an argument or a result of an operator. Lists point to `length` elements.
enum esp_tag {
  ESP_DEFAULT = 0,      // the schema's default
  ESP_NONE = 1,
  ESP_TENSOR = 2,       // p: esp_tensor*
  ESP_INT = 3,
  ESP_DOUBLE = 4,
  ESP_BOOL = 5,
  ESP_INT_LIST = 6,     // p: int64_t*
  ESP_DOUBLE_LIST = 7,  // p: double*
  ESP_TENSOR_LIST = 8,  // p: esp_tensor**; null entries are None
  ESP_STRING = 9,       // p: UTF-8, `length` bytes; also names a device
};

typedef struct {
  int32_t tag;
  int32_t length;
  union {
    int64_t i;
    double d;
    const void* p;
  };
} esp_value;

typedef struct {
  int32_t dtype;  // c10::ScalarType
  int32_t is_cuda;
  int32_t is_contiguous;
  int64_t dimensions;
  int64_t elements;
  int64_t sizes[ESP_MAX_DIMENSIONS];
} esp_tensor_info;

typedef struct {
  void* data;  // the first element; null where there is none
  int64_t strides[ESP_MAX_DIMENSIONS];
} esp_tensor_place;

// error.cpp
ESP_EXPORT int32_t esp_abi_version(void);
ESP_EXPORT const char* esp_last_error(void);

// operators.cpp
ESP_EXPORT esp_status esp_op_find(const char* name, const char* overload, const esp_op** op);  // *op null: not in this libtorch
ESP_EXPORT esp_status esp_op_schema(const esp_op* op, char* text, int32_t capacity, int32_t* length);
ESP_EXPORT esp_status esp_op_call(const esp_op* op, const esp_value* arguments, int32_t argument_count,
                                  esp_value* results, int32_t capacity, int32_t* result_count);  // capacity 0: results are dropped

// tensors.cpp
ESP_EXPORT void esp_tensor_free(esp_tensor* tensor);
ESP_EXPORT int64_t esp_tensor_live_count(void);
ESP_EXPORT esp_status esp_tensor_from_data(const void* data, int64_t bytes, int32_t dtype, const int64_t* sizes,
                                           int32_t dimensions, esp_tensor** tensor);  // copies
ESP_EXPORT esp_status esp_tensor_describe(const esp_tensor* tensor, esp_tensor_info* info);
ESP_EXPORT esp_status esp_tensor_copy_out(const esp_tensor* tensor, void* data, int64_t bytes);
ESP_EXPORT esp_status esp_tensor_copy_in(esp_tensor* tensor, const void* data, int64_t bytes);
ESP_EXPORT esp_status esp_tensor_placement(const esp_tensor* tensor, esp_tensor_place* place);  // on the CPU; good as long as the handle

// runtime.cpp
ESP_EXPORT const char* esp_torch_version(void);
ESP_EXPORT esp_status esp_threads(int32_t* count);
ESP_EXPORT esp_status esp_set_threads(int32_t count);
ESP_EXPORT esp_status esp_parallel_for(int64_t begin, int64_t end, int64_t grain, esp_body body, void* context);
ESP_EXPORT esp_status esp_manual_seed(uint64_t seed);
ESP_EXPORT esp_status esp_flush_denormals(int32_t enabled, int32_t* supported);
ESP_EXPORT esp_status esp_has_cuda(int32_t* available);
ESP_EXPORT esp_status esp_blas_kernel(char* text, int32_t capacity, int32_t* length);   // OpenBLAS's kernel; empty where BLAS is another
ESP_EXPORT esp_status esp_library_path(const char* symbol, char* text, int32_t capacity, int32_t* length);  // file that defines it

#ifdef __cplusplus
}
#endif
