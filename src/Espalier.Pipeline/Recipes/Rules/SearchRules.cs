using Espalier.Compression.Importance.Depth;
using Espalier.Evaluation.Catalog;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Options.Training;

namespace Espalier.Pipeline.Recipes.Rules;

/// <summary>What a search means beside the rest of a recipe.</summary>
internal static class SearchRules
{
    /// <summary>Reads the section, after all that its candidates are trained with.</summary>
    public static Recipe Read(SectionFields fields, Recipe recipe)
    {
        if (fields.Section("search") is not { } section)
            return recipe;
        var (score, distill) = (recipe.Score, recipe.Distill);
        if (distill is null)
            throw fields.At("search",
                "its candidates are trained as in distill, which is missing; add distill, or give sizes under prune");
        if (recipe.Correction.Mode == CorrectMode.Parallel)
            throw fields.At("search",
                "its candidates would learn from a teacher that is not yet corrected, because "
                    + "correct.mode is parallel; use mode: before, or give sizes under prune");
        if (!recipe.Evaluate.Any(set => set.Name == EvaluationList.HeldOut))
            throw fields.At("search",
                $"its candidates are compared on {EvaluationList.HeldOut}, which evaluate does not list; add it there");
        if (fields.Find("cycles") is not null)
            throw fields.At("search",
                "it finds one shape for one cut, but cycles makes several cuts; give sizes under prune, or leave cycles out");
        if (score.Rounds > 1 || score.Depth != DepthMetricKind.BlockInfluence)
            throw fields.At("search",
                "its candidates are cut at once by the scores alone, which rules out "
                    + $"score.{(score.Rounds > 1 ? "rounds" : "depth")}; leave one of the two out");
        var search = SearchSection.Keys.Read(section, new());
        if (distill.Hidden is { } hidden && (hidden.Layers.Count > 0 || hidden.Attention.Count > 0)
            && (section.Has("layers") || search.CandidatesFile is not null))
            throw section.At(search.CandidatesFile is null ? "layers"
                : "candidates", "distill.hidden pairs layers of one particular student; leave one of the two out");
        if (search.Space.IsEmpty && search.CandidatesFile is null)
            throw section.Missing("hidden", SearchSection.Example);
        return recipe with
        {
            Search = search with
            {
                Texts = Texts(section, search.Compared, recipe.Evaluate),
                Space = search.Space with { Multiple = fields.Section("prune")?.Size("multiple") },
            }
        };
    }

    /// <summary>Names of those entries that are texts; the others are benchmarks, or not known.</summary>
    private static string[] Texts(SectionFields section, IReadOnlyList<TaskSection> entries, IReadOnlyList<EvaluationSet> evaluate)
    {
        const string key = "tasks";
        var texts = evaluate.Select(set => set.Name).Where(name => name != EvaluationList.HeldOut).ToArray();
        foreach (var entry in entries)
            if (!texts.Contains(entry.Task, StringComparer.Ordinal) && entry is { IsFile: false, IsItems: false }
                && !TaskCatalog.Names.Contains(entry.Task))
                throw section.Unknown(key, entry.Task,
                    [.. texts.Length > 0 ? texts : ["texts that evaluate lists in addition to held-out"], .. TaskCatalog.Names,
                        "task files (FILE.yaml), files of items (FILE.jsonl)"]);
        if (entries.Select(entry => entry.Name).Distinct(StringComparer.Ordinal).Count() != entries.Count)
            throw section.Wrong(key, "a name appears twice; keep one, or rename the file");
        return [.. entries.Select(entry => entry.Task).Where(name => texts.Contains(name, StringComparer.Ordinal))];
    }
}
