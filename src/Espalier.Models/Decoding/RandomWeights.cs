using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;

namespace Espalier.Models;

/// <summary>
/// Random weights of a shape: matrices normal, norms neutral, biases zero, what is left as its <see cref="ParameterSpec"/> says. Each
/// element depends on the seed, its parameter's name and its place alone.
/// </summary>
internal sealed class RandomWeights(DecoderConfig config, Family family, ulong seed, double deviation) : ITensorSource
{
    private readonly Dictionary<string, NamedParameter> _parameters = family.Parameters(config)
        .ToDictionary(named => named.Name, StringComparer.Ordinal);

    void ITensorSource.Fill(string name, long firstElement, Span<float> destination) =>
        Fill(_parameters[name], config, seed, deviation, firstElement, destination);

    /// <summary>Elements of a parameter; the first is an even one.</summary>
    public static void Fill(NamedParameter named, DecoderConfig config, ulong seed, double deviation, long firstElement,
        Span<float> destination)
    {
        var spec = ParameterSpec.Of(named.Parameter.Role);
        if (named.Shape.Length == 2)
        {
            var numbers = new SeededNumbers(seed, named.Name);
            numbers.Skip(firstElement);
            // A convolution by channels reads few values: it has the deviation of the reference's, 1 / sqrt(3 · kernel).
            numbers.Fill(destination, spec.IsConvolution ? 1 / Math.Sqrt(3.0 * named.Shape[1]) : deviation);
        }
        else if (spec.First is { } first)
        {
            for (var i = 0; i < destination.Length; i++)
                destination[i] = (float)first(config, firstElement + i);
        }
        else
        {
            destination.Fill(spec.IsNeutralAtOne(config) ? 1f : 0f);
        }
    }
}
