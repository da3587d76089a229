using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Options.Training;

namespace Espalier.Pipeline.Recipes;

/// <summary>The steps of alignment of a recipe: one, or a list.</summary>
internal static class AlignList
{
    private const string Name = "align";

    /// <summary>The list as the value of a key.</summary>
    public static Kind<IReadOnlyList<AlignSection>> Kind => new(
        "STEPS",
        (fields, _) => Read(fields, new DataSection().Sequence),
        steps => new JsonArray([.. steps.Select(step => (JsonNode)step.Canonical())]),
        () => Schemas.OneOrMore(Schemas.Section(AlignSection.Section)))
    { Inner = AlignSection.Section };

    /// <summary>Reads the steps; none where the key is absent.</summary>
    /// <param name="fields">The recipe.</param>
    /// <param name="sequence">Tokens of a window, of a step that names none.</param>
    public static IReadOnlyList<AlignSection> Read(SectionFields fields, int sequence) => fields.Find(Name) switch
    {
        null => [],
        YamlList { Items: var items } => [.. items.Select(item => AlignSection.Read(fields.Inside(item, Name), sequence))],
        var one => [AlignSection.Read(fields.Inside(one, Name), sequence)],
    };
}
