// Every operator of libtorch (and ours) through one door: found by name, called boxed with tagged values.
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/stack.h>

#include <map>
#include <mutex>
#include <sstream>

#include "guard.h"

using espalier::guard;
using espalier::need;
using espalier::tensor_of;
using Kind = c10::TypeKind;

namespace {

const c10::OperatorHandle& handle_of(const esp_op* op) {
  return *reinterpret_cast<const c10::OperatorHandle*>(need(op, "op"));
}

const char* name_of(int32_t tag) {
  static const char* const names[] = {"the default", "none",          "a tensor",        "an integer",       "a number",
                                      "a bool",      "a list of integers", "a list of numbers", "a list of tensors", "a string"};
  return tag >= 0 && tag < 10 ? names[tag] : "an unknown kind of value";
}

const c10::Type& inside_optional(const c10::Type& type) {
  return type.kind() == Kind::OptionalType ? *type.castRaw<c10::OptionalType>()->getElementType() : type;
}

c10::IValue tensors_of(const esp_value& value) {
  auto list = reinterpret_cast<esp_tensor* const*>(value.length == 0 ? nullptr : need(value.p, "list"));
  c10::List<at::Tensor> tensors;
  tensors.reserve(value.length);
  for (int32_t i = 0; i < value.length; i++) tensors.push_back(tensor_of(list[i]));
  return tensors;
}

c10::IValue optional_tensors_of(const esp_value& value, const c10::TypePtr& element) {
  auto list = reinterpret_cast<esp_tensor* const*>(value.length == 0 ? nullptr : need(value.p, "list"));
  c10::impl::GenericList tensors(element);
  tensors.reserve(value.length);
  for (int32_t i = 0; i < value.length; i++)
    tensors.push_back(list[i] == nullptr ? c10::IValue() : c10::IValue(tensor_of(list[i])));
  return tensors;
}

template <class To, class From>
c10::IValue list_of(const esp_value& value) {
  auto from = static_cast<const From*>(value.length == 0 ? nullptr : need(value.p, "list"));
  c10::List<To> list;
  list.reserve(value.length);
  for (int32_t i = 0; i < value.length; i++) list.push_back(To(from[i]));
  return list;
}

// An integer stands for an enumeration too (dtype, layout, memory format), which libtorch trusts to be in range.
bool integer_fits(int64_t value, Kind real) {
  switch (real) {
    case Kind::ScalarTypeType:
      return value >= 0 && value < static_cast<int64_t>(c10::ScalarType::Undefined);
    case Kind::LayoutType:
      return value >= 0 && value < static_cast<int64_t>(c10::Layout::NumOptions);
    case Kind::MemoryFormatType:
      return value >= 0 && value < static_cast<int64_t>(c10::MemoryFormat::NumOptions);
    default:
      return true;
  }
}

// The value as the schema wants it; a kind that does not fit is refused with the argument's name.
c10::IValue convert(const esp_value& value, const c10::Argument& argument, const c10::FunctionSchema& schema) {
  if (value.tag == ESP_DEFAULT) {
    TORCH_CHECK(argument.default_value().has_value(), schema.name(), ": argument '", argument.name(), "' has no default");
    return *argument.default_value();
  }
  TORCH_CHECK(value.tag < ESP_INT_LIST || value.length >= 0, schema.name(), ": argument '", argument.name(), "' has length ", value.length);
  if (value.tag == ESP_NONE && argument.type()->kind() == Kind::OptionalType) return c10::IValue();
  const c10::Type& type = inside_optional(*argument.type());
  const auto kind = type.kind();
  const auto integer = kind == Kind::IntType || kind == Kind::SymIntType || kind == Kind::ScalarTypeType ||
                       kind == Kind::LayoutType || kind == Kind::MemoryFormatType;
  const auto element = kind == Kind::ListType ? type.castRaw<c10::ListType>()->getElementType() : c10::TypePtr();
  const auto list = element ? element->kind() : Kind::NoneType;
  switch (value.tag) {
    case ESP_TENSOR:
      if (kind == Kind::TensorType) return tensor_of(static_cast<const esp_tensor*>(value.p));
      break;
    case ESP_INT:
      if (integer) {
        TORCH_CHECK(integer_fits(value.i, inside_optional(*argument.real_type()).kind()), schema.name(), ": argument '",
                    argument.name(), "' is ", value.i, ", which is not a ", inside_optional(*argument.real_type()).repr_str());
        return value.i;
      }
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
      if (list == Kind::IntType || list == Kind::SymIntType) return list_of<int64_t, int64_t>(value);
      break;
    case ESP_DOUBLE_LIST:
      if (list == Kind::FloatType) return list_of<double, double>(value);
      if (list == Kind::NumberType) return list_of<c10::Scalar, double>(value);
      break;
    case ESP_TENSOR_LIST:
      if (list == Kind::TensorType) return tensors_of(value);
      if (list == Kind::OptionalType && inside_optional(*element).kind() == Kind::TensorType) return optional_tensors_of(value, element);
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

// Lists of tensors are laid out flat.
int64_t count_of(const c10::IValue& result) {
  if (result.isTensorList()) return static_cast<int64_t>(result.toTensorVector().size());
  TORCH_CHECK(result.isTensor() || result.isInt() || result.isDouble() || result.isBool() || result.isNone(),
              "a result of a kind that this binding does not carry: ", result.tagKind());
  return 1;
}

esp_value tensor_result(at::Tensor tensor) {
  esp_value out{};
  out.tag = tensor.defined() ? ESP_TENSOR : ESP_NONE;
  out.p = tensor.defined() ? espalier::adopt(std::move(tensor)) : nullptr;
  return out;
}

esp_value* write(c10::IValue&& result, esp_value* to) {
  if (result.isTensorList()) {
    for (at::Tensor& tensor : result.toTensorVector()) *to++ = tensor_result(std::move(tensor));
    return to;
  }
  if (result.isTensor()) {
    *to = tensor_result(std::move(result).toTensor());
    return to + 1;
  }
  *to = esp_value{};
  to->tag = ESP_NONE;
  if (result.isInt()) {
    to->tag = ESP_INT;
    to->i = result.toInt();
  } else if (result.isDouble()) {
    to->tag = ESP_DOUBLE;
    to->d = result.toDouble();
  } else if (result.isBool()) {
    to->tag = ESP_BOOL;
    to->i = result.toBool();
  }
  return to + 1;
}

}  // namespace

esp_status esp_op_find(const char* name, const char* overload, const esp_op** op) {
  return guard([&] {
    // Never destroyed: other threads may still call operators while the process ends.
    static auto& mutex = *new std::mutex;
    static auto& found = *new std::map<std::pair<std::string, std::string>, c10::OperatorHandle>;
    need(op, "op");
    const std::pair<std::string, std::string> key(need(name, "name"), need(overload, "overload"));
    std::lock_guard<std::mutex> lock(mutex);
    auto at = found.find(key);
    if (at == found.end()) {
      auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
      if (!handle.has_value()) {
        *op = nullptr;
        return;
      }
      at = found.emplace(key, *handle).first;
    }
    *op = reinterpret_cast<const esp_op*>(&at->second);
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
    TORCH_CHECK(capacity >= 0, "room for ", capacity, " results");
    if (capacity > 0) need(results, "results");
    TORCH_CHECK(argument_count >= 0 && static_cast<size_t>(argument_count) <= wanted.size(), schema.name(), " takes ",
                wanted.size(), " arguments and was given ", argument_count);
    if (argument_count > 0) need(arguments, "arguments");

    torch::jit::Stack stack;
    stack.reserve(wanted.size());
    const esp_value missing{ESP_DEFAULT, 0, {0}};
    for (size_t i = 0; i < wanted.size(); i++)
      stack.push_back(convert(i < static_cast<size_t>(argument_count) ? arguments[i] : missing, wanted[i], schema));

    // Gradients are the caller's matter: libtorch records nothing.
    at::AutoDispatchBelowADInplaceOrView below_autograd;
    handle.callBoxed(stack);

    int64_t count = 0;
    if (capacity > 0) {
      for (const auto& result : stack) count += count_of(result);
      TORCH_CHECK(capacity >= count, schema.name(), " gives ", count, " results and there is room for ", capacity);
      for (auto& result : stack) results = write(std::move(result), results);
    }
    *result_count = static_cast<int32_t>(count);
  });
}
