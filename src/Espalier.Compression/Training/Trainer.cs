using System.Diagnostics;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Training.Optimizers;
using Espalier.Compression.Training.Profiling;
using Espalier.Compression.Training.Schedules;

namespace Espalier.Compression.Training;

/// <summary>
/// The one training loop: pre-training, teacher correction and distillation differ in their <see cref="Objective"/>. What happens every so
/// often (evaluation, checkpoints, metrics, progress) are hooks. Which rows a step sees depends on the source and the step alone. Owns the
/// optimizer; model and data stay the caller's.
/// </summary>
public sealed class Trainer : IDisposable
{
    private readonly Decoder _model;
    private readonly Objective _objective;
    private readonly IBatchSource _data;
    private readonly TrainingOptions _options;
    private readonly Ranks _ranks;
    private readonly int _share;
    private readonly Schedule _schedule;
    private readonly IReadOnlyList<ParameterSet> _sets;
    private readonly Tensor[] _weights;
    private readonly double[] _norms, _clips, _sums;
    private readonly string[] _partNames;
    private readonly Optimizer _optimizer;
    private readonly List<(long Interval, Action<StepReport> Act)> _hooks = [];
    private readonly Replicas _replicas;
    private SnapshotCopy? _copy;
    private bool _finished;

    /// <summary>
    /// Creates the loop at step 0. From now on the model's parameters have gradients, except those that are frozen; with
    /// low-rank adaptation the model gets adapters, and only those have gradients.
    /// </summary>
    /// <param name="model">What is trained.</param>
    /// <param name="objective">What is minimised.</param>
    /// <param name="data">Where batches come from.</param>
    /// <param name="options">How it is trained.</param>
    /// <param name="ranks">
    /// The processes that share each step; <see cref="Ranks.Single"/> where null. Each has the same model and options.
    /// </param>
    /// <exception cref="EspalierException">
    /// An option that cannot work, or not with this model, or a batch that the ranks cannot share evenly.
    /// </exception>
    public Trainer(Decoder model, Objective objective, IBatchSource data, TrainingOptions options, Ranks? ranks = null)
    {
        (_model, _objective, _data, _options, _ranks) = (model, objective, data, options.Validate(), ranks ?? Ranks.Single);
        if (options.Batch % _ranks.Count != 0)
            throw new EspalierException(
                $"batch is {options.Batch} and {_ranks.Count} processes share it: use a multiple of {_ranks.Count}");
        _share = options.Batch / _ranks.Count;
        _schedule = options.LearningRates;
        model.Compute = options.Compute;
        model.ActivationCheckpointing = options.ActivationCheckpointing;
        var frozen = options.Freeze.Within(model.Config, model.Parameters.Select(p => p.Parameter));
        options.LowRank?.AttachTo(model, frozen);
        Trained = [.. model.Parameters.Where(p => options.LowRank is null && !frozen.Hold(p.Parameter))];
        model.RequiresGrad = false;
        foreach (var (_, value) in Trained)
            value.RequiresGrad = true;
        foreach (var adapter in model.Adapters)
            adapter.RequiresGrad = true;
        _sets =
        [
            new("model",
                [.. Trained.Select(p => TrainedOf($"{p.Parameter}", p.Parameter, p.Value)), .. model.Adapters.SelectMany(Factors)]),
            .. objective.Trained,
        ];
        _weights = [.. _sets.SelectMany(set => set.Parameters).Select(parameter => parameter.Value)];
        (_norms, _clips) = (new double[_sets.Count], new double[_weights.Length]);
        _partNames = [.. objective.PartNames];
        _sums = new double[1 + _partNames.Length];
        _optimizer = options.Optimizer.Make([.. _sets.SelectMany(set => set.Parameters)]);
        var pass = Math.Min(options.WindowsOfAPass, _share);
        Layout = !objective.TakesThreads || !WorkerThreads.AreSupported || model.Device != Device.Cpu ? new(1, TorchRuntime.Threads)
            : options.Layout
            ?? ReplicaLayout.Of(TorchRuntime.Threads, _share, Math.Min(Math.Max(pass, options.WindowsAtOnce), _share),
                _weights.Sum(weight => weight.ElementCount * weight.DType.Size()));
        _replicas = new(model, _weights, objective, data, _share, pass, Layout);
    }

    /// <summary>Measures the steps; null, the default, measures nothing.</summary>
    internal StepProfiler? Profiler { get; set; }

    /// <summary>How a step uses its threads.</summary>
    internal ReplicaLayout Layout { get; }

    /// <summary>The state of the loop.</summary>
    public LoopState State { get; private set; }

    /// <summary>The model under training.</summary>
    public Decoder Model => _model;

    /// <summary>What is minimised.</summary>
    internal Objective Objective => _objective;

    /// <summary>The model's parameters that are trained, in their order; none with low-rank adaptation.</summary>
    public IReadOnlyList<(Parameter Parameter, Tensor Value)> Trained { get; }

    /// <summary>All that is trained: the model's parameters in their order, its adapters, then what the objective brings.</summary>
    public IReadOnlyList<ParameterSet> Sets => _sets;

    /// <summary>The optimizer with its state, in the order of <see cref="Sets"/>.</summary>
    internal Optimizer Optimizer => _optimizer;

    /// <summary>
    /// Calls <paramref name="act"/> after every <paramref name="interval"/>-th step; 0 never. Hooks run in the order in which they were
    /// added.
    /// </summary>
    public void Every(long interval, Action<StepReport> act)
    {
        if (interval > 0)
            _hooks.Add((interval, act));
    }

    /// <summary>Goes on where an earlier loop stood; weights and moments have been restored by the caller.</summary>
    internal void Resume(LoopState state)
    {
        State = state;
        _optimizer.Updates = state.Updates;
    }

    /// <summary>Leaves weights and the optimizer's state as they are until this copy of them is made.</summary>
    internal void KeepFor(SnapshotCopy copy)
    {
        AwaitCopy();
        _copy = copy;
        // What a device is asked for comes after the work that it was given before, so another thread would not copy meanwhile.
        if (_model.Device != Device.Cpu)
            AwaitCopy();
    }

    /// <summary>Waits until weights and optimizer state may be changed; call it before changing them.</summary>
    internal void AwaitCopy()
    {
        _copy?.Wait();
        _copy = null;
    }

    /// <summary>Called by a hook: this step is the last.</summary>
    public void Finish() => _finished = true;

    /// <summary>Trains until the last step.</summary>
    /// <exception cref="OperationCanceledException">Asked to stop; the state is that between two steps.</exception>
    /// <exception cref="EspalierException">Exit code 1: too many steps in a row had a non-finite loss or gradient.</exception>
    public void Run(CancellationToken stop = default)
    {
        while (State.Step < _options.Steps && !_finished)
        {
            if (!_ranks.All(!stop.IsCancellationRequested))
                throw new OperationCanceledException(stop);
            var report = Step();
            foreach (var (interval, act) in _hooks)
                if (report.Step % interval == 0)
                    act(report);
            if (State.SkippedInARow >= _options.SkipLimit)
                throw new NotFiniteException(
                    $"{State.SkippedInARow} steps in a row, up to step {State.Step}, had a non-finite loss or gradient (last loss "
                        + $"{report.Loss}, gradient norm {report.GradientNorm}): "
                    + "no update was applied; lower the learning rate or look at the data of these steps");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        AwaitCopy();
        Gradients.Clear(_weights);
        _replicas.Dispose();
        _optimizer.Dispose();
        ProductOperators.TrimRooms();
    }

    /// <summary>One step, and none of what happens after it.</summary>
    internal StepReport Step()
    {
        var started = Stopwatch.GetTimestamp();
        var tokens = (long)_options.Batch * _data.Sequence;
        using var profiled = StepProfiler.BeginStep(Profiler, tokens);
        if (_data is IDrawnSource drawn)
            drawn.Draw(State.Step);
        // All micro-batches together: cutting a step differently must not change it, but for a weight that each pass has of its own.
        var counted = _data.CountedTokens(State.Step * _options.Batch, _options.Batch);
        var scale = 1.0 / Math.Max(1, counted);
        _replicas.Accumulate(State.Step * _options.Batch + _ranks.Index * _share, scale, _sums, Profiler);
        Reduce();

        using var phase = StepProfiler.Enter(StepPhase.Optimizer);
        var finite = Measure();
        var learningRate = _schedule.At(State.Step);
        var skipped = !_ranks.All(double.IsFinite(_sums[0]) && finite);
        double? updateRatio = null;
        // A step of which nothing counts has nothing to say: neither moments nor decay move.
        if (!skipped && counted > 0)
        {
            AwaitCopy();
            updateRatio = _optimizer.Step(learningRate, _clips, measure: (State.Step + 1) % _options.UpdateRatioEvery == 0);
        }

        State = new(
            State.Step + 1,
            State.Tokens + tokens,
            _optimizer.Updates,
            skipped ? State.SkippedInARow + 1 : 0,
            State.SkippedSteps + (skipped ? 1 : 0));
        return new(
            State.Step, _sums[0] * scale, _norms[0], learningRate, tokens, counted, skipped, _partNames.Length == 0 ? [] : Parts(scale),
            updateRatio, Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    private (string, double)[] Parts(double scale) => [.. _partNames.Zip(_sums.Skip(1), (name, part) => (name, part * scale))];

    // Every rank then has the whole step's sums and gradients.
    private void Reduce()
    {
        if (_ranks.Count == 1)
            return;
        using var scope = TensorScope.Begin();
        _ranks.Sum(_sums);
        // Where nothing of this rank's part counts there is no gradient, and the others have one.
        foreach (var weight in _weights)
            if (weight.Grad() is null)
                weight.SetGrad(Tensor.Zeros(weight.DType, weight.Device, weight.Shape));
        _ranks.Sum([.. _weights.Select(weight => weight.Grad()!)]);
    }

    // The gradient norm of each set, and by it the clip factor of each of its parameters; whether all norms are finite.
    private bool Measure()
    {
        var (first, finite) = (0, true);
        for (var i = 0; i < _norms.Length; i++)
        {
            var count = _sets[i].Parameters.Count;
            _norms[i] = Gradients.GlobalNorm(_weights.AsSpan(first, count));
            _clips.AsSpan(first, count).Fill(Gradients.ClipFactor(_norms[i], _options.Clip));
            finite &= double.IsFinite(_norms[i]);
            first += count;
        }
        return finite;
    }

    /// <summary>The windows that a step sees, in their order.</summary>
    public long[] WindowsOf(long step) => [.. Enumerable.Range(0, _options.Batch).Select(i => _data.WindowAt(step * _options.Batch + i))];

    private IEnumerable<TrainedParameter> Factors(LowRankAdapter adapter) =>
        adapter.Factors.Select(factor => TrainedOf($"{adapter.Parameter} {factor.Name}", adapter.Parameter, factor.Value));

    private TrainedParameter TrainedOf(string name, Parameter parameter, Tensor value) =>
        new(name, value, Decays(parameter, value), LayerDecay.FactorOf(parameter, _model.Config.Layers, _options.LayerDecay))
        {
            IsHiddenMatrix = value.Dimensions == 2 && parameter.Layer >= 0 && !ParameterSpec.Of(parameter.Role).IsConvolution,
        };

    private bool Decays(Parameter parameter, Tensor weight) =>
        weight.Dimensions == 2 && (_options.DecayEmbedding || parameter.Role != ParameterRole.Embedding);
}
