namespace Espalier.Models.Serving;

/// <summary>The mean of hidden states that come one by one, summed in float64.</summary>
internal sealed class HiddenMean
{
    private double[] _sums = [];
    private int _count;

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        Array.Clear(_sums);
        _count = 0;
    }

    /// <summary>Takes the next one.</summary>
    public void Add(ReadOnlySpan<float> hidden)
    {
        if (_sums.Length == 0)
            _sums = new double[hidden.Length];
        for (var i = 0; i < hidden.Length; i++)
            _sums[i] += hidden[i];
        _count++;
    }

    /// <summary>The mean.</summary>
    public float[] Mean() => [.. _sums.Select(sum => (float)(sum / _count))];
}
