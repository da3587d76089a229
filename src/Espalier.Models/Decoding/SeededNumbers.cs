using System.Security.Cryptography;
using System.Text;

namespace Espalier.Models;

/// <summary>
/// Random numbers from (seed, name) alone: SplitMix64 started at a hash of both, and Box–Muller on top for normal ones. The same on every
/// machine and in every order of use.
/// </summary>
internal sealed class SeededNumbers
{
    private ulong _state;

    /// <summary>The stream of a name under a seed.</summary>
    public SeededNumbers(ulong seed, string name)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}/{name}"), hash);
        _state = BitConverter.ToUInt64(hash);
    }

    /// <summary>Leaves out so many numbers, as if they had been filled in; an even number, since they come in pairs of two draws.</summary>
    public void Skip(long numbers)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(numbers % 2, 0, nameof(numbers));
        _state = unchecked(_state + (ulong)numbers * SplitMix.Step);
    }

    /// <summary>Fills with normal(0, deviation).</summary>
    public void Fill(Span<float> values, double deviation)
    {
        for (var i = 0; i < values.Length; i += 2)
        {
            var radius = deviation * Math.Sqrt(-2 * Math.Log(1 - Uniform()));
            var (sin, cos) = Math.SinCos(2 * Math.PI * Uniform());
            values[i] = (float)(radius * cos);
            if (i + 1 < values.Length)
                values[i + 1] = (float)(radius * sin);
        }
    }

    /// <summary>Fills with numbers spread evenly over −bound ≤ x &lt; bound.</summary>
    public void FillUniform(Span<float> values, double bound)
    {
        foreach (ref var value in values)
            value = (float)(bound * (2 * Uniform() - 1));
    }

    private double Uniform() => SplitMix.Uniform(SplitMix.Finish(_state += SplitMix.Step));
}
