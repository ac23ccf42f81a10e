#include "search_spaces/torchscript.h"

#include <fmt/format.h>
#include <torch/csrc/jit/frontend/tracer.h>

#include "support/error.h"

namespace tessera::search_spaces {
namespace {

/// Puts every submodule into evaluation mode and each back into its own at the end.
class EvaluationMode {
public:
    explicit EvaluationMode(torch::nn::Module& module) {
        modules_.push_back(&module);
        for (const auto& one : module.modules(/*include_self=*/false)) {
            modules_.push_back(one.get());
        }
        for (const auto* one : modules_) {
            modes_.push_back(one->is_training());
        }
        module.eval();
    }
    ~EvaluationMode() {
        // Outermost first: train() reaches all submodules, whose own flags then follow.
        for (std::size_t i = 0; i < modules_.size(); ++i) {
            modules_[i]->train(modes_[i]);
        }
    }
    EvaluationMode(const EvaluationMode&) = delete;
    EvaluationMode& operator=(const EvaluationMode&) = delete;

private:
    std::vector<torch::nn::Module*> modules_;
    std::vector<bool> modes_;
};

/// A script module of the same tree with the very same tensors, so that the tracer knows them by name.
torch::jit::Module mirror(const torch::nn::Module& module, const std::string& name,
                          const std::shared_ptr<torch::jit::CompilationUnit>& unit) {
    torch::jit::Module result(c10::QualifiedName("__torch__.tessera." + name), unit, /*shouldMangle=*/true);
    result.register_attribute("training", c10::BoolType::get(), false);
    for (const auto& item : module.named_parameters(/*recurse=*/false)) {
        result.register_parameter(item.key(), item.value(), /*is_buffer=*/false);
    }
    for (const auto& item : module.named_buffers(/*recurse=*/false)) {
        result.register_buffer(item.key(), item.value());
    }
    for (const auto& item : module.named_children()) {
        result.register_module(item.key(), mirror(*item.value(), item.key(), unit));
    }
    return result;
}

torch::jit::Module traced(torch::nn::Module& module,
                          const std::function<torch::Tensor(const torch::Tensor&)>& forward,
                          const torch::Tensor& example) {
    const torch::NoGradGuard no_grad;
    const EvaluationMode evaluation(module);
    auto unit = std::make_shared<torch::jit::CompilationUnit>();
    torch::jit::Module root = mirror(module, "Model", unit);
    const auto run = [&](torch::jit::Stack inputs) {
        return torch::jit::Stack{forward(inputs.at(0).toTensor())};
    };
    const auto no_name = [](const torch::autograd::Variable&) { return std::string(); };
    // In-place operations are recorded as their pure forms: what exporters and LibTorch's own folding
    // understand.
    const auto [state, outputs] = torch::jit::tracer::trace({example}, run, no_name, /*strict=*/true,
                                                            /*force_outplace=*/true, &root, {"input"});
    auto* function = unit->create_function(c10::QualifiedName(*root.type()->name(), "forward"), state->graph);
    root.type()->addMethod(function);

    torch::jit::Module copy = root.deepcopy(); // shares nothing with the module that goes on training
    for (auto parameter : copy.parameters()) {
        parameter.set_requires_grad(false);
    }
    return copy;
}

/// Runs `work`; what LibTorch throws becomes one line.
template <class Work>
torch::jit::Module one_line(std::string_view what, Work work) {
    try {
        return work();
    } catch (const support::Error&) { throw; } catch (const c10::Error& error) {
        throw support::RunError(fmt::format("{}: {}", what, error.what_without_backtrace()));
    } catch (const std::runtime_error& error) {
        throw support::RunError(fmt::format("{}: {}", what, error.what()));
    }
}

} // namespace

torch::jit::Module trace(torch::nn::Module& module,
                         const std::function<torch::Tensor(const torch::Tensor&)>& forward,
                         const torch::Tensor& example) {
    return one_line("the network cannot be traced", [&] { return traced(module, forward, example); });
}

torch::jit::Module deploy(torch::nn::Module& module,
                          const std::function<torch::Tensor(const torch::Tensor&)>& forward,
                          const torch::Tensor& example) {
    const torch::jit::Module whole = trace(module, forward, example);
    return one_line("the traced network cannot be frozen", [&] { return torch::jit::freeze(whole); });
}

} // namespace tessera::search_spaces
