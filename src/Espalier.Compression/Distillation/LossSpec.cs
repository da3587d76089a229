using System.Text.RegularExpressions;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Distillation.Losses.Rows;

namespace Espalier.Compression.Distillation;

/// <summary>
/// A loss as recipes and options write it: terms joined by <c>+</c>, each <c>[WEIGHT*]NAME[(PARAMETER)]</c>, as in
/// <c>forward-kl</c>, <c>0.9*forward-kl + 0.1*cross-entropy</c> or <c>jensen-shannon(0.1)</c>.
/// </summary>
internal sealed partial record LossSpec
{
    private static readonly Dictionary<string, Kind> s_kinds = new(StringComparer.Ordinal)
    {
        ["forward-kl"] = new((_, tau) => new ForwardKl(tau)),
        ["reverse-kl"] = new((_, tau) => new ReverseKl(tau)),
        ["jensen-shannon"] = new((beta, tau) => new JensenShannon(beta, tau), 0.5),
        ["skew-kl"] = new((alpha, tau) => new SkewKl(alpha, tau), 0.1),
        ["skew-reverse-kl"] = new((alpha, tau) => new SkewReverseKl(alpha, tau), 0.9),
        ["soft-cross-entropy"] = new((_, tau) => new SoftCrossEntropy(tau)),
        ["top-k-tail"] = new((k, tau) => new TopKTail(Whole(k), tau), 64),
        ["mse-probabilities"] = new((_, tau) => new MseProbabilities(tau)),
        ["cosine-probabilities"] = new((_, tau) => new CosineProbabilities(tau)),
        ["mse-logits"] = new((_, _) => new MseLogits(), HasTemperature: false),
        ["cosine-logits"] = new((_, _) => new CosineLogits(), HasTemperature: false),
        ["cross-entropy"] = new((_, _) => new CrossEntropy(), HasTemperature: false),
    };

    private readonly (double Weight, string Name, double? Parameter)[] _terms;

    private LossSpec((double, string, double?)[] terms) => _terms = terms;

    /// <summary>The names that terms may have.</summary>
    public static IReadOnlyCollection<string> Names => s_kinds.Keys;

    /// <summary>What <see cref="Parse"/> reads, as a pattern of JSON Schema, but for the ranges of weights and parameters.</summary>
    public static string Pattern
    {
        get
        {
            const string number = "[-]?[0-9.]+([eE][-+]?[0-9]+)?";
            var names = string.Join('|', s_kinds.Where(kind => kind.Value.Default is null).Select(kind => kind.Key));
            var withParameter = string.Join('|', s_kinds.Where(kind => kind.Value.Default is not null).Select(kind => kind.Key));
            var term = $" *({number} *[*] *)?(({names})|({withParameter}) *([(] *{number} *[)])?) *";
            return $"^{term}([+]{term})*$";
        }
    }

    /// <summary>Whether a term compares with a teacher.</summary>
    public bool NeedsTeacher => Make(1).NeedsTeacher;

    /// <summary>Whether a term has a temperature.</summary>
    public bool HasTemperature => _terms.Any(term => s_kinds[term.Name].HasTemperature);

    /// <summary>Whether a cache of some entries of each distribution is enough for every term with a teacher.</summary>
    public bool TakesSparse => Make(1).TakesSparse;

    /// <summary>The loss by its name alone.</summary>
    /// <exception cref="EspalierException">It cannot be read: what is wrong, and the nearest known name.</exception>
    public static LossSpec Parse(string text)
    {
        var spec = new LossSpec([.. Plus().Split(text).Select(term => Term(term.Trim(), text))]);
        _ = spec.Make(1);
        return spec;
    }

    /// <summary>The loss.</summary>
    /// <param name="temperature">τ of every term that has one.</param>
    /// <param name="squared">
    /// Whether such terms are multiplied by τ² (Hinton et al., arXiv 1503.02531, section 2), so that their gradients keep their size.
    /// </param>
    public LogitLoss Make(double temperature, bool squared = false) => MixedLoss.Of([.. _terms.Select(term =>
    {
        var kind = s_kinds[term.Name];
        var factor = squared && kind.HasTemperature ? temperature * temperature : 1;
        return (term.Weight * factor, kind.Make(term.Parameter ?? kind.Default ?? 0, temperature));
    })]);

    /// <summary>One text for each meaning, which reads back as the same loss.</summary>
    public override string ToString() => string.Join(" + ", _terms.Select(term =>
        (term.Weight == 1 ? "" : term.Weight.ToString("R", CultureInfo.InvariantCulture) + "*")
        + term.Name
        + (term.Parameter is { } value && value != s_kinds[term.Name].Default ? $"({value.ToString("R", CultureInfo.InvariantCulture)})"
            : "")));

    private static (double, string, double?) Term(string term, string whole)
    {
        var weight = 1.0;
        if (term.Split('*') is [var factor, var rest])
        {
            weight = Number(factor.Trim(), $"the weight in '{whole}'");
            term = rest.Trim();
        }
        if (term.Length == 0)
            throw new EspalierException($"a loss is missing in '{whole}'; a sum is written 0.9*forward-kl + 0.1*cross-entropy");
        double? parameter = null;
        if (term.EndsWith(')') && term.IndexOf('(', StringComparison.Ordinal) is > 0 and var open)
        {
            parameter = Number(term[(open + 1)..^1].Trim(), $"the parameter in '{whole}'");
            term = term[..open].Trim();
        }
        if (!s_kinds.TryGetValue(term, out var kind))
            throw new EspalierException(
                $"unknown loss '{term}'.{NearestName.Hint(term, [.. Names])} Known: "
                    + $"{string.Join(", ", Names)}; a sum is written 0.9*forward-kl + 0.1*cross-entropy");
        return parameter is not null && kind.Default is null
            ? throw new EspalierException($"loss {term} has no parameter; write it without ({parameter})")
            : (weight, term, parameter);
    }

    private static double Number(string text, string what) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number
            : throw new EspalierException($"{what} is '{text}'; it must be a number");

    // What joins terms, and not the sign of an exponent.
    [GeneratedRegex(@"(?<![0-9.][eE])\+")]
    private static partial Regex Plus();

    private static int Whole(double k) => k is >= 1 and <= int.MaxValue && k == Math.Floor(k)
        ? (int)k
        : throw new EspalierException($"k is {k}; it must be a whole number from 1");

    private sealed record Kind(Func<double, double, LogitLoss> Make, double? Default = null, bool HasTemperature = true);
}
