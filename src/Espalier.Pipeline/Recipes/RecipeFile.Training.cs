namespace Espalier.Pipeline.Recipes;

public static partial class RecipeFile
{
    private const string Never = "never";

    private static TrainingSection? Distill(SectionFields fields, int sequence) =>
        IsNever(fields, "distill") ? null : TrainingSection.Read(fields.Section("distill")!, new(sequence, HasLoss: true));

    private static bool IsNever(SectionFields fields, string key) => fields.Find(key) is null or YamlText { Text: Never };
}
