using System.Globalization;
using System.Text.Json.Nodes;

namespace Espalier.Pipeline.Recipes;

public static partial class RecipeFile
{
    /// <summary>In parallel mode these are the distillation's, whose steps the teacher goes along with.</summary>
    private static readonly string[] TakenFromDistill =
        ["steps", "tokens", "batch", "micro-batch", "min-learning-rate", "warm-up", "weight-decay", "betas", "clip", "evaluate-every", "checkpoint-every"];

    private static (TrainingSection? Training, CorrectionSection Correction) Correct(RecipeFields fields, int sequence, TrainingSection? distill)
    {
        const string key = "correct";
        if (fields.Find(key) is null or YamlText { Text: "never" })
            return (null, new());
        var section = fields.Section(key)!;
        var when = fields.Find(key) is YamlText { Text: "auto" } ? CorrectWhen.Auto : section.Choice<CorrectWhen>("when") ?? CorrectWhen.Always;
        foreach (var ofTheTest in new[] { "threshold", "reference" })
            if (when != CorrectWhen.Auto && section.Has(ofTheTest))
                throw section.Wrong(ofTheTest, "it belongs to the test of when: auto; add that or leave it out");
        var correction = new CorrectionSection
        {
            When = when,
            Mode = section.Choice<CorrectMode>("mode") ?? CorrectMode.Before,
            Threshold = section.Number("threshold", x => x >= 0, "from 0, nats a token") ?? CorrectionSection.DefaultThreshold,
            Reference = section.Text("reference"),
        };
        if (correction.Mode == CorrectMode.Parallel)
            return (AlongWith(distill, section), correction);
        // Left to itself the correction sees as much text as the distillation, about as in the paper.
        var byDefault = when == CorrectWhen.Auto && distill is not null ? distill.Steps * distill.Batch * sequence : (long?)null;
        return (Training(fields, key, sequence, byDefault), correction);
    }

    private static TrainingSection AlongWith(TrainingSection? distill, RecipeFields section)
    {
        foreach (var other in TakenFromDistill)
            if (section.Has(other))
                throw section.Wrong(other, "with mode: parallel the teacher goes along with distill's steps and takes that from there; leave it out");
        if (distill is null || distill.Loss == "cross-entropy")
            throw section.Wrong("mode", "it needs a distillation that hears the teacher: give distill with such a loss, or leave mode out");
        var (peak, low) = LearningRates(section, "correct");
        if (low != TrainingSection.EndOf(peak))
            throw section.Wrong("learning-rate", "with mode: parallel its end follows distill's schedule; give the peak alone");
        return distill with { Loss = "cross-entropy", Temperature = 1, TemperatureSquared = false, Hidden = null, Cache = null, LearningRate = peak, MinLearningRate = Math.Min(peak, distill.MinLearningRate * (peak / distill.LearningRate)) };
    }

    private static int DefaultWarmUp(string key, long steps) => key == "correct" ? CorrectionSection.DefaultWarmUp(steps) : TrainingSection.WarmUpOf(steps);

    /// <summary>The peak that <c>teacher-learning-rate</c> stands for, as text; null where it is not given.</summary>
    private static string? FifthOfTheTeachers(RecipeFields section)
    {
        const string key = "teacher-learning-rate";
        if (section.Number(key, x => x > 0, "above 0: the peak of the teacher's own training") is not { } own)
            return null;
        if (section.Has("learning-rate"))
            throw section.Wrong(key, "learning-rate says already what it would give a fifth of; keep one of the two");
        // A decimal fifth: 3e-4 / 5 in binary is not the number that 6e-5 is read as.
        var fifth = own is > 1e-20 and < 1e20 ? (double)((decimal)own / 5m) : own / 5;
        return fifth.ToString("R", CultureInfo.InvariantCulture);
    }

    private static JsonNode Correction(Recipe recipe)
    {
        if (recipe.Correct is null)
            return Training(null, withLoss: false);
        var correction = recipe.Correction;
        var fields = correction.Mode == CorrectMode.Parallel
            ? new JsonObject { ["learning-rate"] = recipe.Correct.LearningRate }
            : Training(recipe.Correct, withLoss: false).AsObject();
        fields["when"] = EnumName.Of(correction.When);
        fields["mode"] = EnumName.Of(correction.Mode);
        if (correction.When == CorrectWhen.Auto)
            (fields["threshold"], fields["reference"]) = (correction.Threshold, correction.Reference);
        return fields;
    }
}
