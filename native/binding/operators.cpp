// Every operator of libtorch (and ours) through one door: found by name, called boxed with tagged values.
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include <map>
#include <mutex>
#include <sstream>

#include "guard.h"

using espalier::guard;
using espalier::need;
using espalier::tensor_of;

namespace {

const c10::OperatorHandle& handle_of(const esp_op* op) {
  return *reinterpret_cast<const c10::OperatorHandle*>(need(op, "op"));
}

const char* name_of(int32_t tag) {
  static const char* const names[] = {"the default", "none",          "a tensor",        "an integer",       "a number",
                                      "a bool",      "a list of integers", "a list of numbers", "a list of tensors", "a string"};
  return tag >= 0 && tag < 10 ? names[tag] : "an unknown kind of value";
}

c10::IValue tensors_of(const esp_value& value, const c10::Type& type) {
  auto list = reinterpret_cast<esp_tensor* const*>(value.length == 0 ? nullptr : need(value.p, "list"));
  if (type.castRaw<c10::ListType>()->getElementType()->kind() == c10::TypeKind::OptionalType) {
    c10::List<c10::optional<at::Tensor>> tensors;
    for (int32_t i = 0; i < value.length; i++)
      tensors.push_back(list[i] == nullptr ? c10::optional<at::Tensor>() : c10::optional<at::Tensor>(tensor_of(list[i])));
    return tensors;
  }
  c10::List<at::Tensor> tensors;
  tensors.reserve(value.length);
  for (int32_t i = 0; i < value.length; i++) tensors.push_back(tensor_of(list[i]));
  return tensors;
}

template <class T>
c10::IValue list_of(const esp_value& value) {
  c10::List<T> list;
  list.reserve(value.length);
  auto from = static_cast<const T*>(value.length == 0 ? nullptr : need(value.p, "list"));
  for (int32_t i = 0; i < value.length; i++) list.push_back(from[i]);
  return list;
}

// The value as the schema wants it; a kind that does not fit is refused with the argument's name.
c10::IValue convert(const esp_value& value, const c10::Argument& argument, const c10::FunctionSchema& schema) {
  using Kind = c10::TypeKind;
  if (value.tag == ESP_DEFAULT) {
    TORCH_CHECK(argument.default_value().has_value(), schema.name(), ": argument '", argument.name(), "' has no default");
    return *argument.default_value();
  }
  const c10::Type* type = argument.type().get();
  if (type->kind() == Kind::OptionalType) {
    if (value.tag == ESP_NONE) return c10::IValue();
    type = type->castRaw<c10::OptionalType>()->getElementType().get();
  }
  const auto kind = type->kind();
  const auto integer = kind == Kind::IntType || kind == Kind::SymIntType || kind == Kind::ScalarTypeType ||
                       kind == Kind::LayoutType || kind == Kind::MemoryFormatType;
  const auto list = kind == Kind::ListType ? type->castRaw<c10::ListType>()->getElementType()->kind() : Kind::NoneType;
  switch (value.tag) {
    case ESP_TENSOR:
      if (kind == Kind::TensorType) return tensor_of(static_cast<const esp_tensor*>(value.p));
      break;
    case ESP_INT:
      if (integer) return value.i;
      if (kind == Kind::NumberType) return c10::Scalar(value.i);
      if (kind == Kind::FloatType) return static_cast<double>(value.i);
      break;
    case ESP_DOUBLE:
      if (kind == Kind::NumberType) return c10::Scalar(value.d);
      if (kind == Kind::FloatType) return value.d;
      break;
    case ESP_BOOL:
      if (kind == Kind::BoolType) return value.i != 0;
      if (kind == Kind::NumberType) return c10::Scalar(value.i != 0);
      break;
    case ESP_INT_LIST:
      if (list == Kind::IntType || list == Kind::SymIntType) return list_of<int64_t>(value);
      break;
    case ESP_DOUBLE_LIST:
      if (list == Kind::FloatType) return list_of<double>(value);
      if (list == Kind::NumberType) {
        c10::List<c10::Scalar> scalars;
        for (int32_t i = 0; i < value.length; i++) scalars.push_back(static_cast<const double*>(need(value.p, "list"))[i]);
        return scalars;
      }
      break;
    case ESP_TENSOR_LIST:
      if (list == Kind::TensorType || list == Kind::OptionalType) return tensors_of(value, *type);
      break;
    case ESP_STRING: {
      std::string text(static_cast<const char*>(value.length == 0 ? "" : need(value.p, "string")), value.length);
      if (kind == Kind::StringType) return text;
      if (kind == Kind::DeviceObjType) return c10::Device(text);
      break;
    }
    default:
      break;
  }
  TORCH_CHECK(false, schema.name(), ": argument '", argument.name(), "' is ", name_of(value.tag), " and should be ",
              argument.type()->repr_str());
}

// Results in the order of the schema; lists of tensors are laid out flat.
void flatten(const c10::IValue& result, std::vector<c10::IValue>& into) {
  if (result.isTensorList()) {
    for (const at::Tensor& tensor : result.toTensorVector()) into.emplace_back(tensor);
  } else {
    into.push_back(result);
  }
}

esp_value result_of(const c10::IValue& value) {
  esp_value out{};
  if (value.isTensor()) {
    auto tensor = value.toTensor();
    out.tag = tensor.defined() ? ESP_TENSOR : ESP_NONE;
    out.p = tensor.defined() ? espalier::adopt(std::move(tensor)) : nullptr;
  } else if (value.isInt()) {
    out.tag = ESP_INT;
    out.i = value.toInt();
  } else if (value.isDouble()) {
    out.tag = ESP_DOUBLE;
    out.d = value.toDouble();
  } else if (value.isBool()) {
    out.tag = ESP_BOOL;
    out.i = value.toBool();
  } else {
    TORCH_CHECK(value.isNone(), "a result of a kind that this binding does not carry: ", value.tagKind());
    out.tag = ESP_NONE;
  }
  return out;
}

}  // namespace

esp_status esp_op_find(const char* name, const char* overload, const esp_op** op) {
  return guard([&] {
    static std::mutex mutex;
    static std::map<std::string, std::unique_ptr<c10::OperatorHandle>> found;
    need(op, "op");
    const auto key = std::string(need(name, "name")) + "." + need(overload, "overload");
    std::lock_guard<std::mutex> lock(mutex);
    auto at = found.find(key);
    if (at == found.end()) {
      auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
      if (!handle.has_value()) {
        *op = nullptr;
        return;
      }
      at = found.emplace(key, std::make_unique<c10::OperatorHandle>(*handle)).first;
    }
    *op = reinterpret_cast<const esp_op*>(at->second.get());
  });
}

esp_status esp_op_schema(const esp_op* op, char* text, int32_t capacity, int32_t* length) {
  return guard([&] {
    std::ostringstream schema;
    schema << handle_of(op).schema();
    espalier::copy_text(schema.str(), text, capacity, length);
  });
}

esp_status esp_op_call(const esp_op* op, const esp_value* arguments, int32_t argument_count, esp_value* results,
                       int32_t capacity, int32_t* result_count) {
  return guard([&] {
    const auto& handle = handle_of(op);
    const auto& schema = handle.schema();
    const auto& wanted = schema.arguments();
    need(result_count, "result_count");
    TORCH_CHECK(argument_count >= 0 && static_cast<size_t>(argument_count) <= wanted.size(), schema.name(), " takes ",
                wanted.size(), " arguments and was given ", argument_count);
    if (argument_count > 0) need(arguments, "arguments");

    torch::jit::Stack stack;
    stack.reserve(wanted.size());
    const esp_value missing{ESP_DEFAULT, 0, {0}};
    for (size_t i = 0; i < wanted.size(); i++)
      stack.push_back(convert(i < static_cast<size_t>(argument_count) ? arguments[i] : missing, wanted[i], schema));

    handle.callBoxed(stack);

    if (capacity == 0) {
      *result_count = 0;
      return;
    }
    std::vector<c10::IValue> flat;
    for (const auto& result : stack) flatten(result, flat);
    TORCH_CHECK(static_cast<size_t>(capacity) >= flat.size(), schema.name(), " gives ", flat.size(),
                " results and there is room for ", capacity);
    need(results, "results");
    for (size_t i = 0; i < flat.size(); i++) results[i] = result_of(flat[i]);
    *result_count = static_cast<int32_t>(flat.size());
  });
}
