using System.Diagnostics;
using Espalier.Compression.Data;
using Espalier.Compression.Training.Profiling;
using Espalier.Models;
using Espalier.Torch;

namespace Espalier.Compression.Training;

/// <summary>
/// The one training loop: pre-training, teacher correction and distillation differ in their <see cref="Objective"/>. What happens every so often
/// (evaluation, checkpoints, metrics, progress) are hooks. Which windows a step sees depends on the reader's order and the step alone.
/// Owns the optimizer; model and data stay the caller's.
/// </summary>
public sealed class Trainer : IDisposable
{
    private readonly Decoder _model;
    private readonly Objective _objective;
    private readonly BatchReader _data;
    private readonly TrainingOptions _options;
    private readonly Schedule _schedule;
    private readonly IReadOnlyList<ParameterSet> _sets;
    private readonly Tensor[] _weights;
    private readonly double[] _norms, _clips, _parts;
    private readonly string[] _partNames;
    private readonly AdamW _optimizer;
    private readonly List<(long Interval, Action<StepReport> Act)> _hooks = [];
    private readonly Batch _full;
    private readonly Batch? _rest;
    private bool _finished;

    /// <summary>Creates the loop at step 0. Gradients of all the model's parameters are wanted from now on, but of those that are frozen.</summary>
    /// <exception cref="EspalierException">An option that cannot work, or not with this model.</exception>
    public Trainer(Decoder model, Objective objective, BatchReader data, TrainingOptions options)
    {
        (_model, _objective, _data, _options) = (model, objective, data, options.Validate());
        _schedule = options.LearningRates;
        model.Compute = options.Compute;
        model.ActivationCheckpointing = options.ActivationCheckpointing;
        var frozen = options.Freeze.Within(model.Config, model.Parameters.Select(p => p.Parameter));
        Trained = [.. model.Parameters.Where(p => !frozen.Hold(p.Parameter))];
        foreach (var (parameter, value) in model.Parameters)
            value.RequiresGrad = !frozen.Hold(parameter);
        _sets =
        [
            new("model", [.. Trained.Select(p => new TrainedParameter(p.Parameter.ToString(), p.Value, Decays(p.Parameter, p.Value), LayerDecay.FactorOf(p.Parameter, model.Config.Layers, options.LayerDecay)))]),
            .. objective.Trained,
        ];
        _weights = [.. _sets.SelectMany(set => set.Parameters).Select(parameter => parameter.Value)];
        (_norms, _clips) = (new double[_sets.Count], new double[_weights.Length]);
        _partNames = [.. objective.PartNames];
        _parts = new double[_partNames.Length];
        _optimizer = new(_sets.SelectMany(set => set.Parameters), options.Optimizer);
        _full = Batch.For(data.Windows, options.WindowsOfAPass);
        _rest = options.Batch % _full.Size is > 0 and var rest ? Batch.For(data.Windows, rest) : null;
    }

    /// <summary>Measures the steps; null, as by default, where nobody wants to know.</summary>
    public StepProfiler? Profiler { get; set; }

    /// <summary>Where the loop stands.</summary>
    public LoopState State { get; private set; }

    /// <summary>The model under training.</summary>
    public Decoder Model => _model;

    /// <summary>The model's parameters that are trained, in their order.</summary>
    public IReadOnlyList<(Parameter Parameter, Tensor Value)> Trained { get; }

    /// <summary>All that is trained: the model's parameters in their order, then what the objective brings.</summary>
    public IReadOnlyList<ParameterSet> Sets => _sets;

    /// <summary>The optimizer with its moments, in the order of <see cref="Sets"/>.</summary>
    public AdamW Optimizer => _optimizer;

    /// <summary>Calls <paramref name="act"/> after every <paramref name="interval"/>-th step; 0 never. Hooks run in the order in which they were added.</summary>
    public void Every(long interval, Action<StepReport> act)
    {
        if (interval > 0)
            _hooks.Add((interval, act));
    }

    /// <summary>Goes on where an earlier loop stood; weights and moments have been restored by the caller.</summary>
    public void Resume(LoopState state)
    {
        State = state;
        _optimizer.Updates = state.Updates;
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
            stop.ThrowIfCancellationRequested();
            var report = Step();
            foreach (var (interval, act) in _hooks)
                if (report.Step % interval == 0)
                    act(report);
            if (State.SkippedInARow >= _options.SkipLimit)
                throw new EspalierException(
                    $"{State.SkippedInARow} steps in a row, up to step {State.Step}, had a non-finite loss or gradient (last loss {report.Loss}, gradient norm {report.GradientNorm}): "
                    + "no update was applied; lower the learning rate or look at the data of these steps")
                { ExitCode = 1 };
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Gradients.Clear(_weights);
        _optimizer.Dispose();
    }

    private StepReport Step()
    {
        var started = Stopwatch.GetTimestamp();
        var tokens = (long)_options.Batch * _data.Windows.SequenceLength;
        using var profiled = StepProfiler.BeginStep(Profiler, tokens);
        // All micro-batches together: cutting a step differently must not change it.
        var counted = _data.Windows.Mask is null ? tokens : WindowsOf(State.Step).Sum(window => (long)_data.Windows.CountedTargets(window));
        var scale = 1.0 / Math.Max(1, counted);
        Gradients.Clear(_weights);
        var sum = 0.0;
        Array.Clear(_parts);
        for (var done = 0; done < _options.Batch; done += _full.Size)
        {
            var batch = done + _full.Size <= _options.Batch ? _full : _rest!;
            Read(batch, State.Step * _options.Batch + done);
            var sums = _objective.Accumulate(_model, batch, scale);
            sum += sums.Sum;
            for (var i = 0; i < _parts.Length; i++)
                _parts[i] += sums.Parts[i];
        }

        using var phase = StepProfiler.Enter(StepPhase.Optimizer);
        var finite = Measure();
        var learningRate = _schedule.At(State.Step);
        var skipped = !double.IsFinite(sum) || !finite;
        double? updateRatio = null;
        // A step of which nothing counts has nothing to say: neither moments nor decay move.
        if (!skipped && counted > 0)
            updateRatio = _optimizer.Step(learningRate, _clips, measure: (State.Step + 1) % _options.UpdateRatioEvery == 0);

        State = new(
            State.Step + 1,
            State.Tokens + tokens,
            _optimizer.Updates,
            skipped ? State.SkippedInARow + 1 : 0,
            State.SkippedSteps + (skipped ? 1 : 0));
        return new(
            State.Step, sum * scale, _norms[0], learningRate, tokens, counted, skipped,
            _parts.Length == 0 ? [] : [.. _partNames.Zip(_parts, (name, part) => (name, part * scale))], updateRatio, Stopwatch.GetElapsedTime(started).TotalSeconds);
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

    private void Read(Batch batch, long position)
    {
        using var phase = StepProfiler.Enter(StepPhase.Data);
        for (var i = 0; i < batch.Size; i++)
            batch.ReadRow(_data.Windows, _data.Order.WindowAt(position + i), i);
    }

    /// <summary>The windows that a step sees, in their order.</summary>
    public long[] WindowsOf(long step) => [.. Enumerable.Range(0, _options.Batch).Select(i => _data.Order.WindowAt(step * _options.Batch + i))];

    private bool Decays(Parameter parameter, Tensor weight) =>
        weight.Dimensions == 2 && (_options.DecayEmbedding || parameter.Role != ParameterRole.Embedding);
}
