using Espalier.Models.Generation.Sampling;

namespace Espalier.Pipeline.Options;

/// <summary>What a number may be: as reader, sentence and schema have it.</summary>
/// <param name="Least">Its lower end.</param>
/// <param name="HasLeast">Whether that is allowed.</param>
/// <param name="Most">Its upper end; infinity for none.</param>
/// <param name="HasMost">Whether that is allowed.</param>
internal readonly record struct Limits(double Least, bool HasLeast, double Most, bool HasMost)
{
    /// <summary>Of a repetition penalty, as whoever samples takes it.</summary>
    public static Limits RepetitionPenalty => From(SamplingOptions.LeastRepetitionPenalty).UpTo(SamplingOptions.MostRepetitionPenalty);

    /// <summary>Larger than a number.</summary>
    public static Limits Above(double least) => new(least, HasLeast: false, double.PositiveInfinity, HasMost: false);

    /// <summary>A number, or larger.</summary>
    public static Limits From(double least) => Above(least) with { HasLeast = true };

    /// <summary>And smaller than another.</summary>
    public Limits Below(double most) => this with { Most = most, HasMost = false };

    /// <summary>And another at most.</summary>
    public Limits UpTo(double most) => this with { Most = most, HasMost = true };

    /// <summary>Whether a number lies within.</summary>
    public bool Hold(double x) => (HasLeast ? x >= Least : x > Least) && (HasMost ? x <= Most : x < Most);

    /// <summary>As a number's schema.</summary>
    public JsonObject Schema()
    {
        var schema = new JsonObject { ["type"] = "number", [HasLeast ? "minimum" : "exclusiveMinimum"] = Least };
        if (double.IsFinite(Most))
            schema[HasMost ? "maximum" : "exclusiveMaximum"] = Most;
        return schema;
    }

    /// <summary>Above 0 and at most 1.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{(HasLeast ? "from" : "above")} {Least}{(double.IsFinite(Most) ? $" and {(HasMost ? "at most" : "below")} {Most}" : "")}");
}
