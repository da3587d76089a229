using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Caching;

namespace Espalier.Pipeline.Options.Training;

internal sealed partial record TrainingSection
{
    private const string DefaultLoss = "forward-kl", CrossEntropy = "cross-entropy";

    /// <summary>The loss on logits, as <see cref="LossSpec"/> writes it.</summary>
    public string Loss { get; init; } = DefaultLoss;

    /// <summary>Temperature of teacher and student.</summary>
    public double Temperature { get; init; } = 1.0;

    /// <summary>Whether terms with a temperature are multiplied by its square.</summary>
    public bool TemperatureSquared { get; init; }

    /// <summary>Loss on hidden states beside that on logits; null for none.</summary>
    public HiddenStateOptions? Hidden { get; init; }

    /// <summary>
    /// Teacher's distributions written before training, which then never loads the teacher; null for a teacher that is run beside.
    /// </summary>
    public CacheSection? Cache { get; init; }

    /// <summary>How a temperature is written.</summary>
    internal static Kind<double> TemperatureKind => Kinds.Number("T", Limits.Above(0));

    /// <summary>Whether its losses read a teacher.</summary>
    internal bool NeedsTeacher => LossSpec.Parse(Loss).NeedsTeacher || Hidden is not null;

    private static Key<TrainingSection>[] LossKeys() =>
    [
        new Key<TrainingSection, string>(
            "loss", Kinds.Parsed("LOSS", text => LossSpec.Parse(text).ToString(), loss => loss, LossSpec.Pattern), s => s.Loss,
            (s, loss) => s with { Loss = loss })
        {
            Help = "Loss on the logits, or a sum such as 0.9*forward-kl + 0.1*cross-entropy; available: "
                + string.Join(", ", LossSpec.Names),
            Page = "The loss on logits, or a sum such as `0.9*forward-kl + 0.1*cross-entropy`; see below.",
        },
        new Key<TrainingSection, double>(
            "temperature", TemperatureKind,
            s => s.Temperature, (s, temperature) => s with { Temperature = temperature })
        {
            Help = "Temperature that divides both models' logits",
            Page = "Divides both models' logits, in losses that have a temperature. The loss is not multiplied by its square.",
            Useless = WithoutTemperature,
        },
        new Key<TrainingSection, bool>(
            "temperature-squared", Kinds.Flag, s => s.TemperatureSquared, (s, isSquared) => s with { TemperatureSquared = isSquared })
        {
            Help = "Multiply losses that have a temperature by its square",
            Page = "Multiplies those losses by the square of the temperature, so that their gradients keep their scale (arXiv 1503.02531).",
            Useless = WithoutTemperature,
            Stage = InStageKey.WhereItDiffers,
        },
        new Key<TrainingSection, HiddenStateOptions?>("hidden", HiddenKeys.Kind, s => s.Hidden, (s, hidden) => s with { Hidden = hidden })
        {
            Page = "Also compare hidden states, below.",
            IsOption = false,
            IsLater = true,
            StageValue = s => HiddenKeys.StageValue(s.Hidden!),
        },
        new Key<TrainingSection, CacheSection?>("cache", CacheSection.Kind, s => s.Cache, (s, cache) => s with { Cache = cache })
        {
            Page = "Store the teacher's distributions first and train without the teacher, below.",
            IsOption = false,
            IsLater = true,
            Stage = InStageKey.Never,
        },
    ];

    private static string? WithoutTemperature(TrainingSection section) =>
        LossSpec.Parse(section.Loss) is { HasTemperature: false } loss ? $"the loss is {loss}, which has no temperature; leave it out"
            : null;

    private static TrainingSection ReadLoss(SectionFields fields, TrainingSection section)
    {
        section = LossKeys().Read(fields, section);
        var loss = LossSpec.Parse(section.Loss);
        if (section.Cache is not null && !loss.NeedsTeacher)
            throw fields.At("cache", $"the loss is {loss}, which needs no teacher; leave the cache out");
        if (section.Cache is not null && section.Hidden is not null)
            throw fields.At("cache", "the loss also compares hidden states, which needs the teacher itself; keep one of the two");
        if (section.Cache is { Encoding: not CacheEncoding.Hidden } && !loss.TakesSparse)
            throw fields.At("cache", $"the loss is {loss}, which needs full distributions; use forward-kl, or encoding: hidden");
        return section;
    }
}
