using Espalier.Compression.Data.Records;
using Espalier.Compression.Synthesis;
using Known = Espalier.Evaluation.Instructions.Languages;

namespace Espalier.Pipeline.Options.Texts;

/// <summary>What a recipe's <c>data</c> drops of documents.</summary>
internal static class DocumentFilters
{
    /// <summary>Codes of the languages that are told apart.</summary>
    public static IReadOnlyList<string> Languages { get; } = [.. Known.Known.Order(StringComparer.Ordinal)];

    /// <summary>The filters, in order; those that remember earlier documents begin anew.</summary>
    public static IReadOnlyList<DocumentFilter> Of(DataSection data)
    {
        var filters = new List<DocumentFilter>();
        if (data.Language is { } language)
            filters.Add(new(SkipReason.OtherLanguage, text => !Known.IsIn(text, language)));
        if (data.NearDuplicates is { } threshold)
        {
            var known = new NearDuplicates(threshold, data.Disk is null ? null : NearDuplicates.Bounded);
            filters.Add(new(SkipReason.NearDuplicate, text => !known.Add(text)));
        }

        return filters;
    }
}
