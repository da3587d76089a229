using Espalier.Compression.Importance.Values;

namespace Espalier.Compression.Importance;

/// <summary>What methods read.</summary>
internal static class ScoreMethods
{
    /// <summary>Whether it reads calibration text.</summary>
    public static bool ReadsText(this ScoreMethod method) =>
        method is ScoreMethod.Activation or ScoreMethod.Taylor or ScoreMethod.Redundancy;

    /// <summary>Whether it reads activations, so that aggregators and <see cref="NeuronValues"/> have a meaning.</summary>
    public static bool ReadsActivations(this ScoreMethod method) => method is ScoreMethod.Activation or ScoreMethod.Redundancy;
}
