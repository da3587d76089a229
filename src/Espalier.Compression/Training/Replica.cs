using Espalier.Compression.Data.Batches;
using Espalier.Compression.Training.Profiling;

namespace Espalier.Compression.Training;

/// <summary>A model, and the windows of each step that it goes through, in passes.</summary>
internal sealed class Replica : IDisposable
{
    private readonly Decoder _model;
    private readonly Objective _objective;
    private readonly IBatchSource _data;
    private readonly IDisposable? _owned;
    private readonly Batch _full;
    private readonly Batch? _rest;
    private readonly double[] _sums;
    private readonly Tensor[] _weights;

    /// <param name="weights">Those of its parameters that are trained.</param>
    /// <param name="windows">Its windows of a step.</param>
    /// <param name="pass">Windows that go forward and back at once.</param>
    /// <param name="owned">What is disposed with it, or null.</param>
    public Replica(Decoder model, Tensor[] weights, Objective objective, IBatchSource data, int windows, int pass,
        IDisposable? owned = null)
    {
        (_model, _weights, _objective, _data, Windows, _owned) = (model, weights, objective, data, windows, owned);
        _full = data.Allocate(Math.Min(pass, windows));
        _rest = windows % _full.Size is > 0 and var rest ? data.Allocate(rest) : null;
        _sums = new double[1 + objective.PartNames.Count];
    }

    /// <summary>Those of its parameters that are trained.</summary>
    public IReadOnlyList<Tensor> Weights => _weights;

    /// <summary>Its windows of a step.</summary>
    public int Windows { get; }

    /// <summary>Managed bytes that its part of the last step allocated.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>Goes through its windows; the weights' gradients are those of these windows then.</summary>
    /// <param name="first">Position of the first.</param>
    /// <param name="scale">Multiplies the gradients.</param>
    public void Accumulate(long first, double scale)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        // Here, so that what they were serves this thread again.
        Gradients.Renew(_weights, ProductOperators.AddsInPlace && _model.Compute == ComputeType.Float32 && _model.Device == Device.Cpu);
        Array.Clear(_sums);
        for (var done = 0; done < Windows; done += _full.Size)
        {
            var batch = done + _full.Size <= Windows ? _full : _rest!;
            Read(batch, first + done);
            var sums = _objective.Accumulate(_model, batch, scale);
            _sums[0] += sums.Sum;
            for (var i = 1; i < _sums.Length; i++)
                _sums[i] += sums.Parts[i - 1];
        }
        AllocatedBytes = GC.GetAllocatedBytesForCurrentThread() - before;
    }

    /// <summary>Adds the sums of the last step: loss, then parts.</summary>
    public void AddSumsTo(double[] sums)
    {
        for (var i = 0; i < sums.Length; i++)
            sums[i] += _sums[i];
    }

    public void Dispose() => _owned?.Dispose();

    private void Read(Batch batch, long position)
    {
        using var phase = StepProfiler.Enter(StepPhase.Data);
        _data.Fill(batch, position);
    }
}
