using System.Globalization;

namespace Espalier.Compression.Recipes;

public static partial class RecipeFile
{
    private static int DefaultWarmUp(string key, long steps) =>
        key == "correct" ? CorrectionSection.DefaultWarmUp(steps) : (int)Math.Min(new TrainingSection().WarmUp, steps);

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
}
