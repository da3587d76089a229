using Espalier.Compression.Data.Batches;
using Espalier.Compression.Training.Profiling;

namespace Espalier.Compression.Training;

/// <summary>
/// The model as each thread of a step has it: the same weights, gradients of its own (data parallel inside a process). Each takes an equal
/// part of the step's windows, and their gradients are added in the replicas' order, so that a number of replicas always gives the same
/// bits. One replica is the model itself, on the caller's thread.
/// </summary>
internal sealed class Replicas : IDisposable
{
    private readonly Tensor[] _weights;
    private readonly Replica[] _replicas;
    private readonly WorkerThreads? _workers;
    private readonly Action<int> _work;
    private long _first;
    private double _scale;
    private StepProfiler? _profiler;

    /// <param name="model">The model, whose gradients are those of all together when a step is done.</param>
    /// <param name="weights">All that is trained.</param>
    /// <param name="windows">Windows of a step.</param>
    /// <param name="pass">Windows that go forward and back at once, in all replicas together; one in each at least.</param>
    /// <param name="layout">How many there are.</param>
    public Replicas(Decoder model, Tensor[] weights, Objective objective, IBatchSource data, int windows, int pass, ReplicaLayout layout)
    {
        _weights = weights;
        _work = Work;
        var (count, share) = (layout.Replicas, windows / layout.Replicas);
        if (count == 1)
        {
            _replicas = [new(model, weights, objective, data, windows, pass)];
            return;
        }
        _workers = new(count, layout.ThreadsOfEach);
        var made = new List<Replica>();
        try
        {
            for (var i = 0; i < count; i++)
            {
                var replica = model.Replica();
                made.Add(new(replica, [.. replica.Wanting], objective, data, share, Math.Max(1, pass / count), owned: replica));
            }
        }
        catch
        {
            made.ForEach(replica => replica.Dispose());
            _workers.Dispose();
            throw;
        }
        _replicas = [.. made];
    }

    /// <summary>
    /// Sums of the step's loss and parts, into <paramref name="sums"/>, and its gradients in the weights.
    /// </summary>
    /// <param name="first">Position of the first window.</param>
    /// <param name="scale">Multiplies the gradients.</param>
    /// <param name="sums">Loss, then parts; overwritten.</param>
    /// <param name="profiler">Who measures this thread's step, or null.</param>
    public void Accumulate(long first, double scale, double[] sums, StepProfiler? profiler)
    {
        // A single replica's are the model's own.
        if (_workers is not null)
            Gradients.Clear(_weights);
        Array.Clear(sums);
        if (_workers is null)
            _replicas[0].Accumulate(first, scale);
        else
        {
            (_first, _scale, _profiler) = (first, scale, profiler);
            profiler?.HandOver();
            _workers.Run(_work);
            profiler?.TakeBack(_replicas.Skip(1).Sum(replica => replica.AllocatedBytes));
            AddGradients();
        }
        foreach (var replica in _replicas)
            replica.AddSumsTo(sums);
    }

    public void Dispose()
    {
        _workers?.Dispose();
        foreach (var replica in _replicas)
            replica.Dispose();
    }

    private void Work(int index)
    {
        using var measured = StepProfiler.Continue(index == 0 ? _profiler : null);
        _replicas[index].Accumulate(_first + index * _replicas[index].Windows, _scale);
    }

    private void AddGradients()
    {
        using var phase = StepProfiler.Enter(StepPhase.Optimizer);
        for (var i = 0; i < _weights.Length; i++)
            foreach (var replica in _replicas)
                _weights[i].AccumulateGradOf(replica.Weights[i]);
    }
}
