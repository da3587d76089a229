using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Training;

namespace Espalier.Pipeline.Recipes.Rules;

/// <summary>What a correction means beside the rest of a recipe.</summary>
internal static class CorrectionRules
{
    /// <summary>In parallel mode these are the distillation's, whose steps the teacher goes along with.</summary>
    private static readonly string[] s_takenFromDistill =
        ["steps", "tokens", "batch", "micro-batch", "min-learning-rate", "warm-up", "weight-decay", "betas", "clip", "evaluate-every",
            "checkpoint-every", "lora-rank", "lora-alpha", "lora-targets"];

    /// <summary>Reads the section, after the text and the distillation.</summary>
    public static Recipe Read(SectionFields fields, Recipe recipe)
    {
        const string key = "correct";
        if (!fields.Holds(key))
            return recipe;
        var (distill, sequence, section) = (recipe.Distill, recipe.Data.Sequence, fields.Section(key)!);
        var isAuto = fields.Find(key) is YamlText { Text: "auto" };
        var correction = CorrectionSection.Keys().Read(section, new() { When = isAuto ? CorrectWhen.Auto : CorrectWhen.Always });
        if (correction.Mode == CorrectMode.Parallel)
        {
            var along = AlongWith(distill, section, sequence);
            return distill!.Cache is null ? recipe with { Correct = along, Correction = correction }
                : throw fields.At("distill",
                    "its cache needs a teacher that does not change, but correct.mode is parallel; keep one of the two");
        }
        // Left to itself the correction sees as much text as the distillation, about as in the paper.
        var byDefault = correction.When == CorrectWhen.Auto && distill is not null ? distill.Steps * distill.Batch * sequence : (long?)null;
        return recipe with
        {
            Correct =
                TrainingSection.Read(section, new(sequence, Corrects: true, Tokens: byDefault, RateOfTeacher: FifthOfTheTeachers(section))),
            Correction = correction,
        };
    }

    /// <summary>The section in a canonical text.</summary>
    public static JsonNode Canonical(Recipe recipe)
    {
        if (recipe.Correct is null)
            return "never";
        var fields = recipe.Correction.Mode == CorrectMode.Parallel
            ? new JsonObject { ["learning-rate"] = recipe.Correct.LearningRate } : recipe.Correct.Canonical(withLoss: false);
        foreach (var key in CorrectionSection.Keys())
            key.AddToCanonical(fields, recipe.Correction);
        return fields;
    }

    private static TrainingSection AlongWith(TrainingSection? distill, SectionFields section, int sequence)
    {
        foreach (var other in s_takenFromDistill)
            if (section.Has(other))
                throw section.Wrong(other,
                    "with mode: parallel the teacher is trained along with distill's steps and uses distill's value; leave it out");
        if (distill is null || distill.Loss == "cross-entropy")
            throw section.Wrong("mode",
                "it needs a distillation with a loss that uses the teacher: add distill with such a loss, or leave mode out");
        var rates =
            TrainingSection.ReadLearningRates(section, new(), new(sequence, Corrects: true, RateOfTeacher: FifthOfTheTeachers(section)));
        if (rates.MinLearningRate != TrainingSection.EndOf(rates.LearningRate))
            throw section.Wrong("learning-rate", "with mode: parallel the final rate follows distill's schedule; give the peak alone");
        return distill.OfAllWeights with
        {
            Loss = "cross-entropy",
            Temperature = 1,
            TemperatureSquared = false,
            Hidden = null,
            Cache = null,
            LearningRate = rates.LearningRate,
            MinLearningRate = Math.Min(rates.LearningRate, distill.MinLearningRate * (rates.LearningRate / distill.LearningRate)),
        };
    }

    /// <summary>The peak that <c>teacher-learning-rate</c> stands for; null where it is not given.</summary>
    private static double? FifthOfTheTeachers(SectionFields section)
    {
        const string key = "teacher-learning-rate";
        if (section.Number(key, x => x > 0, "above 0: the peak of the teacher's own training") is not { } own)
            return null;
        if (section.Has("learning-rate"))
            throw section.Wrong(key, "learning-rate is also given, which this would set to a fifth of its value; keep one of the two");
        // A decimal fifth: 3e-4 / 5 in binary is not the number that 6e-5 is read as.
        return own is > 1e-20 and < 1e20 ? (double)((decimal)own / 5m) : own / 5;
    }
}
