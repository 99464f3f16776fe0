using TorchSharp.Modules;
using TorchSharp.Utils;

namespace TorchSharp
{
    public static partial class torch
    {
        public static partial class optim
        {
            /// <summary>Changes parameters by their gradients.</summary>
            public abstract class Optimizer : IDisposable
            {
                protected IList<ParamGroup> _parameter_groups = [];

                // All optimizers here are managed: the handle that TorchSharp keeps for libtorch's own is always zero.
                protected Optimizer(IntPtr handle) => System.Diagnostics.Debug.Assert(handle == 0, "No native optimizers.");

                ~Optimizer() => Dispose(false);

                public virtual IEnumerable<ILearningRateController> ParamGroups => _parameter_groups;

                public void Dispose()
                {
                    Dispose(true);
                    GC.SuppressFinalize(this);
                }

                protected virtual void Dispose(bool disposing)
                {
                }

                public abstract void zero_grad();

                public abstract Tensor? step(Func<Tensor>? closure = null);

                public virtual IEnumerable<Parameter> parameters() => _parameter_groups.SelectMany(group => group.Parameters);

                public virtual void add_param_group(ParamGroup param_group) => _parameter_groups.Add(param_group);
            }

            /// <summary>Something whose learning rate a schedule sets.</summary>
            public interface ILearningRateController
            {
                double LearningRate { get; set; }

                double InitialLearningRate { get; set; }
            }

            /// <summary>Something with a momentum.</summary>
            public interface IMomentum
            {
                double Momentum { get; set; }
            }
        }
    }

    namespace Modules
    {
        /// <summary>What the optimizers have in common.</summary>
        public abstract class OptimizerHelper : torch.optim.Optimizer
        {
            protected OptimizerOptions? _defaults;
            protected OrderedDict<IntPtr, OptimizerState> _state = new();

            public OptimizerHelper() : base(IntPtr.Zero)
            {
            }

            public override void zero_grad()
            {
                foreach (var parameter in parameters())
                {
                    using var gradient = parameter.grad;
                    gradient?.zero_();
                }
            }

            protected torch.Tensor? _step<T>(Action<T> body, Func<torch.Tensor>? loss_closure = null) where T : ParamGroup
            {
                torch.Tensor? loss = null;
                if (loss_closure is not null)
                {
                    using var enabled = torch.enable_grad();
                    loss = loss_closure();
                }
                using var disabled = torch.no_grad();
                using var scope = torch.NewDisposeScope();
                foreach (var group in _parameter_groups) body((T)group);
                return loss;
            }
        }

        public class OptimizerOptions
        {
            public double? LearningRate { get; set; }

            public double InitialLearningRate { get; set; }
        }

        /// <summary>What an optimizer remembers of one parameter.</summary>
        public abstract class OptimizerState
        {
            protected Parameter _parameter;

            protected OptimizerState(Parameter parameter) => _parameter = parameter;

            public abstract void Initialize(OptimizerOptions options);
        }

        /// <summary>Parameters that share their options.</summary>
        public class ParamGroup : torch.optim.ILearningRateController
        {
            public OptimizerOptions? Options { get; set; }

            public IEnumerable<Parameter> Parameters { get; set; } = [];

            public double LearningRate
            {
                get => Options!.LearningRate!.Value;
                set => Options!.LearningRate = value;
            }

            public double InitialLearningRate
            {
                get => Options!.InitialLearningRate;
                set => Options!.InitialLearningRate = value;
            }
        }

        public class ParamGroup<TOptions> : ParamGroup where TOptions : OptimizerOptions
        {
            public ParamGroup()
            {
            }

            public ParamGroup(IEnumerable<Parameter> parameters, TOptions? options = null)
            {
                base.Options = options;
                Parameters = [.. parameters];
            }

            public new TOptions? Options
            {
                get => (TOptions?)base.Options;
                set => base.Options = value;
            }
        }
    }
}
