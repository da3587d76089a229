using Espalier.Torch;

namespace Espalier.Tests;

/// <summary>Base of tests that use tensors: each must leave as many alive as it found.</summary>
public abstract class TorchTest : IDisposable
{
    private readonly long _before;
    private long _leakedBefore;

    protected TorchTest()
    {
        TorchRuntime.Start(threads: 2);
        _before = TorchRuntime.LiveTensors;
        _leakedBefore = TorchRuntime.LeakedTensors;
    }

    public virtual void Dispose()
    {
        Assert.Equal(_before, TorchRuntime.LiveTensors);
        Assert.Equal(_leakedBefore, TorchRuntime.LeakedTensors);
        GC.SuppressFinalize(this);
    }

    /// <summary>For a test of the finalizer itself: so many tensors were leaked on purpose.</summary>
    protected void ExpectLeaks(int count) => _leakedBefore += count;
}
