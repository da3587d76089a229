using Espalier.Models.Families;
using Espalier.Models.Families.Fields;

namespace Espalier.Models.Runtimes;

/// <summary>What a program would do with a folder.</summary>
/// <param name="Runtime">The program.</param>
/// <param name="Findings">Where it would load or compute something else than the weights are; empty where all is well.</param>
internal sealed record RuntimeVerdict(string Runtime, IReadOnlyList<string> Findings);

/// <summary>
/// Before a model leaves: what transformers, vLLM, llama.cpp and Ollama will take for the shape of every parameter from the
/// <c>config.json</c> that is written, against what the weights are.
/// </summary>
internal static class Preflight
{
    /// <summary>One verdict for each program, from the config alone.</summary>
    /// <param name="family">The family.</param>
    /// <param name="config">The model's shape, which its weights have.</param>
    /// <param name="written">The fields of the <c>config.json</c> that goes with them.</param>
    public static IReadOnlyList<RuntimeVerdict> Of(Family family, DecoderConfig config, JsonObject written)
    {
        var shape = WrittenShape.Of(family, config, written);
        return [.. Runtime.All.Select(runtime => new RuntimeVerdict(runtime.Name, Findings(runtime, shape, config)))];
    }

    /// <summary>The config.json that would be written for a shape, and the verdicts on it.</summary>
    /// <param name="family">The family.</param>
    /// <param name="config">The shape.</param>
    /// <param name="source">The config that it comes from, whose other fields are kept.</param>
    public static IReadOnlyList<RuntimeVerdict> OfTarget(Family family, DecoderConfig config, JsonObject source) =>
        Of(family, config, family.WriteConfig(config, source, ElementType.F32));

    private static List<string> Findings(Runtime runtime, WrittenShape shape, DecoderConfig config)
    {
        var findings = new List<string>();
        if (runtime.Refuses(shape) is { } why)
            return [why];
        var (headDim, turning) = (runtime.HeadDim(shape), runtime.RotaryEntries(shape));
        var read = config with { HeadDim = headDim };
        foreach (var (name, (role, _, _), has) in shape.Family.Parameters(config).Where(parameter => parameter.Parameter.Layer <= 0))
        {
            var expected = ParameterSpec.Of(role).Shape(read);
            if (!expected.SequenceEqual(has))
                findings.Add(
                    $"{name} is [{string.Join(", ", has)}] and would be read as "
                        + $"[{string.Join(", ", expected)}] (head_dim {headDim}); {runtime.Reason}");
        }
        var turns = (int)(config.HeadDim * config.Rotary.Fraction);
        if (findings.Count == 0 && turning != turns)
            findings.Add(
                $"{turns} of the {config.HeadDim} dimensions of a head are rotated, but {runtime.Name} would rotate {turning}; "
                    + runtime.Reason);
        if (runtime.Rotary(shape) is { } rotary && rotary with { Fraction = config.Rotary.Fraction } != config.Rotary)
            findings.Add(
                $"{runtime.Name} does not read rope_parameters and would use theta {Text(rotary)} instead of {Text(config.Rotary)}; use a "
                    + "release that does, or a GGUF file, where the family has one");
        if (config.TiedEmbeddings && runtime.TiedHead(shape) is { } head)
            findings.Add(head);
        return findings;
    }

    private static string Text(RotaryConfig rotary) =>
        $"{ConfigJson.Float(rotary.Theta)}"
            + $"{(rotary.Scaling is { } scaling ? $" with {scaling.GetType().Name.ToLowerInvariant()} scaling" : "")}";
}
