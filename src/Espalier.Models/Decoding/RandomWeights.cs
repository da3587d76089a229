using Espalier.Models.Checkpoints;
using Espalier.Models.Families;

namespace Espalier.Models;

/// <summary>
/// Random weights of a shape: matrices normal, norms neutral, biases zero. Each element depends on the seed, its parameter's name and its
/// place alone.
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
        if (named.Shape.Length == 2)
        {
            var numbers = new SeededNumbers(seed, named.Name);
            numbers.Skip(firstElement);
            numbers.Fill(destination, deviation);
        }
        else
        {
            destination.Fill(ParameterSpec.Of(named.Parameter.Role).IsNeutralAtOne(config) ? 1f : 0f);
        }
    }
}
