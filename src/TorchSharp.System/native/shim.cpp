// The C ABI between TorchSharp.System and libtorch.
//
// Operators are called by name through libtorch's dispatcher (tss_find, tss_call), with arguments in tagged values, so
// that the managed side can use any operator of whatever libtorch is installed and this file need not grow with it.
// Only what is no operator has a function of its own: scripts, tensor metadata, autograd, generators, threads, CUDA.
//
// A tensor crosses as a TensorImpl* that owns one reference; tss_release gives it back. No exception crosses: a function
// that fails returns null, -1 or false and leaves its message with the calling thread, for tss_last_error.

#include <cstdint>
#include <cstring>
#include <exception>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/api/include/torch/jit.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/cuda.h>

#define TSS_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

enum Tag : int32_t {
  tag_none = 0,
  tag_tensor = 1,
  tag_int = 2,
  tag_double = 3,
  tag_bool = 4,
  tag_int_list = 5,
  tag_double_list = 6,
  tag_tensor_list = 7,
  tag_optional_tensor_list = 8,
  tag_string = 9,
  tag_device = 10,
  tag_generator = 11,
  tag_bool_list = 12,
};

// One argument or result. Lists and strings point to memory of the caller that lives through the call.
struct Value {
  int32_t tag;
  int32_t count;
  union {
    int64_t integer;
    double real;
    void* pointer;
  };
};

thread_local std::string last_error;
thread_local std::vector<Value> last_results;

// libtorch appends a stack trace of the native side, which tells a .NET user nothing: the first line is the message.
void remember(const char* message) {
  const char* end = std::strchr(message, '\n');
  last_error.assign(message, end == nullptr ? std::strlen(message) : static_cast<size_t>(end - message));
}

template <typename Result, typename Body>
Result guarded(Result failed, Body&& body) noexcept {
  try {
    return body();
  } catch (const c10::Error& e) {
    remember(e.what_without_backtrace());
  } catch (const std::exception& e) {
    remember(e.what());
  } catch (...) {
    remember("An unknown native exception was thrown.");
  }
  return failed;
}

at::Tensor borrow(void* impl) {
  if (impl == nullptr) return at::Tensor();
  return at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim_copy(
      static_cast<c10::TensorImpl*>(impl)));
}

void* release(at::Tensor&& tensor) {
  return tensor.defined() ? tensor.unsafeReleaseTensorImpl() : nullptr;
}

std::vector<at::Tensor> borrow_all(void* const* impls, int32_t count) {
  std::vector<at::Tensor> tensors;
  tensors.reserve(count);
  for (int32_t i = 0; i < count; i++) tensors.push_back(borrow(impls[i]));
  return tensors;
}

c10::Device to_device(int64_t packed) {
  return c10::Device(static_cast<c10::DeviceType>(static_cast<int8_t>(packed >> 32)),
                     static_cast<c10::DeviceIndex>(static_cast<int32_t>(packed)));
}

c10::IValue to_ivalue(const Value& value) {
  switch (value.tag) {
    case tag_none:
      return c10::IValue();
    case tag_tensor:
      return c10::IValue(borrow(value.pointer));
    case tag_int:
      return c10::IValue(value.integer);
    case tag_double:
      return c10::IValue(value.real);
    case tag_bool:
      return c10::IValue(value.integer != 0);
    case tag_int_list: {
      auto begin = static_cast<const int64_t*>(value.pointer);
      return c10::IValue(c10::List<int64_t>(c10::ArrayRef<int64_t>(begin, value.count)));
    }
    case tag_double_list: {
      auto begin = static_cast<const double*>(value.pointer);
      return c10::IValue(c10::List<double>(c10::ArrayRef<double>(begin, value.count)));
    }
    case tag_bool_list: {
      c10::List<bool> list;
      auto begin = static_cast<const int64_t*>(value.pointer);
      for (int32_t i = 0; i < value.count; i++) list.push_back(begin[i] != 0);
      return c10::IValue(std::move(list));
    }
    case tag_tensor_list:
      return c10::IValue(
          c10::List<at::Tensor>(borrow_all(static_cast<void* const*>(value.pointer), value.count)));
    case tag_optional_tensor_list: {
      c10::impl::GenericList list(c10::OptionalType::create(c10::TensorType::get()));
      auto begin = static_cast<void* const*>(value.pointer);
      for (int32_t i = 0; i < value.count; i++) {
        list.push_back(begin[i] == nullptr ? c10::IValue() : c10::IValue(borrow(begin[i])));
      }
      return c10::IValue(std::move(list));
    }
    case tag_string:
      return c10::IValue(std::string(static_cast<const char*>(value.pointer), value.count));
    case tag_device:
      return c10::IValue(to_device(value.integer));
    case tag_generator:
      return c10::IValue(*static_cast<at::Generator*>(value.pointer));
    default:
      TORCH_CHECK(false, "Unknown argument tag ", value.tag);
  }
}

void push_tensor(std::vector<Value>& results, at::Tensor&& tensor) {
  Value value{tag_tensor, 0, {0}};
  value.pointer = release(std::move(tensor));
  results.push_back(value);
}

// A list of tensors becomes one result an element.
void push_result(std::vector<Value>& results, c10::IValue&& result) {
  Value value{tag_none, 0, {0}};
  if (result.isTensor()) {
    push_tensor(results, std::move(result).toTensor());
    return;
  }
  if (result.isTensorList()) {
    for (at::Tensor tensor : result.toTensorVector()) push_tensor(results, std::move(tensor));
    return;
  }
  if (result.isInt()) {
    value.tag = tag_int;
    value.integer = result.toInt();
  } else if (result.isDouble()) {
    value.tag = tag_double;
    value.real = result.toDouble();
  } else if (result.isBool()) {
    value.tag = tag_bool;
    value.integer = result.toBool() ? 1 : 0;
  } else {
    TORCH_CHECK(result.isNone(), "A result of type ", result.tagKind(), " cannot be passed on");
  }
  results.push_back(value);
}

}  // namespace

TSS_EXPORT const char* tss_last_error() {
  return last_error.c_str();
}

// ---- operators

// The operator of that name and overload ("aten::add", "Tensor"); lives for ever. Null where libtorch has none.
TSS_EXPORT void* tss_find(const char* name, const char* overload) {
  return guarded<void*>(nullptr, [&]() -> void* {
    auto handle = c10::Dispatcher::singleton().findSchema({name, overload});
    TORCH_CHECK(handle.has_value(), "This libtorch has no operator ", name, overload[0] == 0 ? "" : ".", overload);
    return new c10::OperatorHandle(*handle);
  });
}

// Calls the operator; arguments that are left out at the end take the schema's defaults. Returns the number of results
// and points `results` to them until the thread's next call, or drops them where `results` is null. -1 on failure.
TSS_EXPORT int32_t tss_call(void* op, const Value* arguments, int32_t count, const Value** results) {
  return guarded<int32_t>(-1, [&]() -> int32_t {
    const auto& handle = *static_cast<c10::OperatorHandle*>(op);
    const auto& parameters = handle.schema().arguments();
    torch::jit::Stack stack;
    stack.reserve(parameters.size());
    for (int32_t i = 0; i < count; i++) stack.push_back(to_ivalue(arguments[i]));
    for (size_t i = count; i < parameters.size(); i++) {
      TORCH_CHECK(parameters[i].default_value().has_value(), handle.schema().name(), " lacks its argument ", parameters[i].name());
      stack.push_back(*parameters[i].default_value());
    }
    handle.callBoxed(stack);
    if (results == nullptr) return 0;
    last_results.clear();
    for (auto& result : stack) push_result(last_results, std::move(result));
    *results = last_results.data();
    return static_cast<int32_t>(last_results.size());
  });
}

// ---- scripts

// Compiles functions in TorchScript; tss_delete_unit gives them back.
TSS_EXPORT void* tss_compile(const char* script) {
  return guarded<void*>(nullptr, [&] { return new std::shared_ptr<torch::jit::CompilationUnit>(torch::jit::compile(script)); });
}

TSS_EXPORT void tss_delete_unit(void* unit) {
  delete static_cast<std::shared_ptr<torch::jit::CompilationUnit>*>(unit);
}

// Calls a function of it. Results are as those of tss_call; `is_list` says whether they are a list's.
TSS_EXPORT int32_t tss_invoke(void* unit, const char* name, const Value* arguments, int32_t count, const Value** results, bool* is_list) {
  return guarded<int32_t>(-1, [&]() -> int32_t {
    auto function = (*static_cast<std::shared_ptr<torch::jit::CompilationUnit>*>(unit))->find_function(name);
    TORCH_CHECK(function != nullptr, "The script has no function ", name);
    std::vector<c10::IValue> stack;
    stack.reserve(count);
    for (int32_t i = 0; i < count; i++) stack.push_back(to_ivalue(arguments[i]));
    auto result = (*function)(std::move(stack));
    *is_list = result.isTensorList();
    last_results.clear();
    push_result(last_results, std::move(result));
    *results = last_results.data();
    return static_cast<int32_t>(last_results.size());
  });
}

// ---- tensors

TSS_EXPORT void tss_release(void* impl) {
  at::Tensor(c10::intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>::reclaim(static_cast<c10::TensorImpl*>(impl)));
}

TSS_EXPORT int64_t tss_dim(void* impl) {
  return static_cast<c10::TensorImpl*>(impl)->dim();
}

TSS_EXPORT int64_t tss_numel(void* impl) {
  return static_cast<c10::TensorImpl*>(impl)->numel();
}

TSS_EXPORT int32_t tss_dtype(void* impl) {
  return static_cast<int32_t>(c10::typeMetaToScalarType(static_cast<c10::TensorImpl*>(impl)->dtype()));
}

TSS_EXPORT int32_t tss_device_type(void* impl) {
  return static_cast<int32_t>(static_cast<c10::TensorImpl*>(impl)->device().type());
}

TSS_EXPORT int32_t tss_device_index(void* impl) {
  return static_cast<int32_t>(static_cast<c10::TensorImpl*>(impl)->device().index());
}

TSS_EXPORT int64_t tss_element_size(void* impl) {
  return static_cast<int64_t>(static_cast<c10::TensorImpl*>(impl)->itemsize());
}

// `sizes` and `strides` have room for tss_dim entries.
TSS_EXPORT bool tss_geometry(void* impl, int64_t* sizes, int64_t* strides) {
  return guarded<bool>(false, [&] {
    auto tensor = borrow(impl);
    for (int64_t i = 0; i < tensor.dim(); i++) {
      if (sizes != nullptr) sizes[i] = tensor.size(i);
      if (strides != nullptr) strides[i] = tensor.stride(i);
    }
    return true;
  });
}

TSS_EXPORT void* tss_data(void* impl) {
  return guarded<void*>(nullptr, [&] { return borrow(impl).data_ptr(); });
}

TSS_EXPORT int64_t tss_storage_offset(void* impl) {
  return static_cast<c10::TensorImpl*>(impl)->storage_offset();
}

TSS_EXPORT bool tss_is_contiguous(void* impl) {
  return borrow(impl).is_contiguous();
}

// ---- autograd

TSS_EXPORT bool tss_requires_grad(void* impl) {
  return borrow(impl).requires_grad();
}

TSS_EXPORT bool tss_set_requires_grad(void* impl, bool value) {
  return guarded<bool>(false, [&] {
    borrow(impl).set_requires_grad(value);
    return true;
  });
}

TSS_EXPORT bool tss_is_leaf(void* impl) {
  return borrow(impl).is_leaf();
}

TSS_EXPORT void* tss_grad(void* impl) {
  return guarded<void*>(nullptr, [&] { return release(at::Tensor(borrow(impl).grad())); });
}

TSS_EXPORT bool tss_set_grad(void* impl, void* grad) {
  return guarded<bool>(false, [&] {
    borrow(impl).mutable_grad() = borrow(grad);
    return true;
  });
}

TSS_EXPORT bool tss_backward(void* const* tensors, int32_t tensor_count, void* const* grads, int32_t grad_count,
                             bool retain_graph, bool create_graph, void* const* inputs, int32_t input_count) {
  return guarded<bool>(false, [&] {
    torch::autograd::backward(borrow_all(tensors, tensor_count), borrow_all(grads, grad_count), retain_graph,
                              create_graph, borrow_all(inputs, input_count));
    return true;
  });
}

// `results` has room for input_count tensors; null where an output does not depend on the input and allow_unused is set.
TSS_EXPORT bool tss_autograd_grad(void* const* outputs, int32_t output_count, void* const* inputs, int32_t input_count,
                                  void* const* grads, int32_t grad_count, bool retain_graph, bool create_graph,
                                  bool allow_unused, void** results) {
  return guarded<bool>(false, [&] {
    auto gradients = torch::autograd::grad(borrow_all(outputs, output_count), borrow_all(inputs, input_count),
                                           borrow_all(grads, grad_count), retain_graph, create_graph, allow_unused);
    for (size_t i = 0; i < gradients.size(); i++) results[i] = release(std::move(gradients[i]));
    return true;
  });
}

TSS_EXPORT bool tss_grad_mode() {
  return c10::GradMode::is_enabled();
}

TSS_EXPORT void tss_set_grad_mode(bool enabled) {
  c10::GradMode::set_enabled(enabled);
}

TSS_EXPORT bool tss_inference_mode() {
  return c10::InferenceMode::is_enabled();
}

// The guard acts on the calling thread and is left on it, innermost first.
TSS_EXPORT void* tss_enter_inference_mode(bool enabled) {
  return guarded<void*>(nullptr, [&] { return new c10::InferenceMode(enabled); });
}

TSS_EXPORT void tss_leave_inference_mode(void* guard) {
  delete static_cast<c10::InferenceMode*>(guard);
}

// ---- random numbers

TSS_EXPORT bool tss_manual_seed(uint64_t seed) {
  return guarded<bool>(false, [&] {
    at::manual_seed(seed);
    return true;
  });
}

TSS_EXPORT void* tss_default_generator() {
  return guarded<void*>(nullptr, [&] { return new at::Generator(at::detail::getDefaultCPUGenerator()); });
}

TSS_EXPORT void* tss_new_generator(uint64_t seed) {
  return guarded<void*>(nullptr, [&] { return new at::Generator(at::detail::createCPUGenerator(seed)); });
}

TSS_EXPORT void tss_delete_generator(void* generator) {
  delete static_cast<at::Generator*>(generator);
}

TSS_EXPORT void tss_generator_seed(void* generator, uint64_t seed) {
  auto& g = *static_cast<at::Generator*>(generator);
  std::lock_guard<std::mutex> lock(g.mutex());
  g.set_current_seed(seed);
}

TSS_EXPORT uint64_t tss_generator_initial_seed(void* generator) {
  return static_cast<at::Generator*>(generator)->current_seed();
}

TSS_EXPORT void* tss_generator_state(void* generator) {
  return guarded<void*>(nullptr, [&] {
    auto& g = *static_cast<at::Generator*>(generator);
    std::lock_guard<std::mutex> lock(g.mutex());
    return release(g.get_state());
  });
}

TSS_EXPORT bool tss_set_generator_state(void* generator, void* state) {
  return guarded<bool>(false, [&] {
    auto& g = *static_cast<at::Generator*>(generator);
    std::lock_guard<std::mutex> lock(g.mutex());
    g.set_state(borrow(state));
    return true;
  });
}

// ---- threads, version and CUDA

TSS_EXPORT int32_t tss_num_threads() {
  return at::get_num_threads();
}

TSS_EXPORT bool tss_set_num_threads(int32_t count) {
  return guarded<bool>(false, [&] {
    at::set_num_threads(count);
    return true;
  });
}

TSS_EXPORT int32_t tss_num_interop_threads() {
  return at::get_num_interop_threads();
}

TSS_EXPORT const char* tss_version() {
  return TORCH_VERSION_TEXT;
}

TSS_EXPORT bool tss_cuda_is_available() {
  return guarded<bool>(false, [] { return torch::cuda::is_available(); });
}

TSS_EXPORT bool tss_cudnn_is_available() {
  return guarded<bool>(false, [] { return torch::cuda::cudnn_is_available(); });
}

TSS_EXPORT int32_t tss_cuda_device_count() {
  return guarded<int32_t>(0, [] { return static_cast<int32_t>(torch::cuda::device_count()); });
}

TSS_EXPORT bool tss_cuda_manual_seed(uint64_t seed, bool all_devices) {
  return guarded<bool>(false, [&] {
    if (all_devices) {
      torch::cuda::manual_seed_all(seed);
    } else {
      torch::cuda::manual_seed(seed);
    }
    return true;
  });
}

TSS_EXPORT bool tss_cuda_synchronize(int64_t device) {
  return guarded<bool>(false, [&] {
    torch::cuda::synchronize(device);
    return true;
  });
}
