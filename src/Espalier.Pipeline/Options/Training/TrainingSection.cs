namespace Espalier.Pipeline.Options.Training;

/// <summary>
/// How a model is trained: what <c>correct</c> and <c>distill</c> of a recipe say, and the options of the commands <c>correct</c>,
/// <c>distill</c> and <c>pretrain</c>. Each part of this record stands beside the declaration of its keys.
/// </summary>
internal sealed partial record TrainingSection
{
    /// <summary>The keys of any training, in the order in which they are listed and read.</summary>
    internal static Key<TrainingSection>[] KeysOf(TrainingScope scope) =>
        [.. StepsKeys(scope), .. ScheduleKeys(scope), .. OptimizerKeys(), .. RouterKeys(), .. scope.IsFromNothing ? [] : LowRankKeys(),
            .. RunningKeys()];

    /// <summary>The keys of a training that has a teacher, which stand before those of any.</summary>
    internal static Key<TrainingSection>[] KeysOfLoss() => LossKeys();

    /// <summary>What a recipe says of a distillation.</summary>
    internal static Section Distill { get; } = new("distill", [.. LossKeys(), .. KeysOf(new())]) { Without = "never" };

    /// <summary>Reads a training; a loss is read where the scope has one.</summary>
    internal static TrainingSection Read(SectionFields fields, TrainingScope scope)
    {
        var section = new TrainingSection { Loss = scope.HasLoss ? DefaultLoss : CrossEntropy, LearningRate = scope.LearningRate };
        if (scope.HasLoss)
            section = ReadLoss(fields, section);
        return KeysOf(scope).Read(fields, section);
    }

    /// <summary>The section with every default written out, one text for each meaning.</summary>
    internal JsonObject Canonical(bool withLoss) =>
        ((Key<TrainingSection>[])[.. withLoss ? LossKeys() : [], .. KeysOf(new())]).Canonical(this);

    /// <summary>What of the section determines the weights that come out.</summary>
    internal JsonObject StageOptions(int sequence) =>
        ((Key<TrainingSection>[])[.. LossKeys(), .. KeysOf(new(sequence))]).StageOptions(this);
}
