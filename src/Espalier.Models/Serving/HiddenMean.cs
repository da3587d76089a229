namespace Espalier.Models.Serving;

/// <summary>The mean of hidden states that come one by one, summed in float64.</summary>
internal sealed class HiddenMean
{
    private double[] _sums = [];
    private int _count;

    public void Clear()
    {
        Array.Clear(_sums);
        _count = 0;
    }

    public void Add(ReadOnlySpan<float> hidden)
    {
        if (_sums.Length == 0)
            _sums = new double[hidden.Length];
        for (var i = 0; i < hidden.Length; i++)
            _sums[i] += hidden[i];
        _count++;
    }

    /// <summary>The mean.</summary>
    /// <exception cref="NotFiniteException">It is not finite.</exception>
    public float[] Mean()
    {
        float[] mean = [.. _sums.Select(sum => (float)(sum / _count))];
        return mean.All(float.IsFinite) ? mean
            : throw new NotFiniteException("the hidden states are not finite: the model's activations overflow on this text");
    }
}
