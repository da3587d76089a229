using System.Text.Json.Nodes;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Search;
using Espalier.Files;

namespace Espalier.Pipeline.Recipes;

public static partial class RecipeFile
{
    private const string SearchExample = "search: { non-embedding-parameters: 3M +-5%, hidden: 128-256 step 64, ffn: [384, 512, 640] }";
    private static readonly string[] s_axes = ["layers", "heads", "ffn", "expansion", "hidden"];
    private static readonly string[] s_besideSearch = ["depth", "multiple", "merge-heads"];

    private static SearchSection? Search(SectionFields fields, ScoreSection score, TrainingSection? distill, CorrectionSection correction, IReadOnlyList<EvaluationSet> evaluate)
    {
        if (fields.Section("search") is not { } section)
            return null;
        if (distill is null)
            throw fields.At("search", "its candidates are trained as distill says, which is missing; give distill, or name the sizes under prune");
        if (correction.Mode == CorrectMode.Parallel)
            throw fields.At("search", "its candidates would learn from a teacher that is not corrected yet, for correct.mode is parallel; correct before, or name the sizes under prune");
        if (!evaluate.Any(set => set.Name == HeldOut))
            throw fields.At("search", $"its candidates are compared on {HeldOut}, which evaluate does not list; add it there");
        if (fields.Find("cycles") is not null)
            throw fields.At("search", "it finds one shape for one cut, and cycles makes several; name the sizes under prune, or leave cycles out");
        if (score.Rounds > 1 || score.Depth != DepthMetricKind.BlockInfluence)
            throw fields.At("search", $"its candidates are cut at once by the scores alone, which score.{(score.Rounds > 1 ? "rounds" : "depth")} is not for; leave one of the two out");
        var defaults = new SearchSection();
        var (count, file) = HowMany(section);
        return new()
        {
            Space = Space(fields, section, file, distill),
            CandidatesFile = file,
            Parameters = Budget(section, "parameters", Compression.Search.Budget.OfCount),
            NonEmbeddingParameters = Budget(section, "non-embedding-parameters", Compression.Search.Budget.OfCount),
            Memory = Budget(section, "memory", Compression.Search.Budget.OfBytes),
            FlopsPerToken = Budget(section, "flops-per-token", Compression.Search.Budget.OfCount),
            Prefill = Budget(section, "prefill", Compression.Search.Budget.OfSeconds),
            Decode = Budget(section, "decode", Compression.Search.Budget.OfSeconds),
            Context = section.Size("context", most: 1 << 22) ?? defaults.Context,
            Sequences = section.Size("sequences", most: 1 << 20) ?? defaults.Sequences,
            Candidates = count ?? defaults.Candidates,
            Proxy = section.Choice<SearchProxy>("proxy") ?? defaults.Proxy,
            Rungs = Rungs(section) ?? defaults.Rungs,
            Batch = section.Size("batch", most: 1 << 24),
            LearningRate = section.Number("learning-rate", x => x > 0, "above 0"),
            Tasks = Tasks(section, evaluate),
        };
    }

    private static SearchSpace Space(SectionFields fields, SectionFields section, string? file, TrainingSection distill)
    {
        foreach (var axis in s_axes)
            if (file is not null && section.Has(axis))
                throw section.Wrong(axis, "search.candidates names a file with the shapes already; keep one of the two");
        if (section.Has("expansion") && section.Has("ffn"))
            throw section.Wrong("expansion", "search.ffn is given too; keep one of the two");
        if (distill.Hidden is { } hidden && (hidden.Layers.Count > 0 || hidden.Attention.Count > 0) && (section.Has("layers") || file is not null))
            throw section.At(file is null ? "layers" : "candidates", "distill.hidden pairs layers of one certain student; leave the one or the other out");
        var space = new SearchSpace
        {
            Layers = Sizes(section, "layers"),
            Heads = Sizes(section, "heads"),
            Ffn = Sizes(section, "ffn"),
            Expansion = [.. (section.Texts("expansion") ?? []).Select(text => section.Number("expansion", text, x => x is > 0 and <= 1000, "above 0 and at most 1000, or a list of such"))],
            Hidden = Sizes(section, "hidden"),
            Multiple = fields.Section("prune")?.Size("multiple"),
        };
        return space.IsEmpty && file is null ? throw section.Missing("hidden", SearchExample) : space;
    }

    private static PruneSection PruneToWhatIsFound(SectionFields fields)
    {
        if (fields.Section("prune") is not { } section)
            return new();
        foreach (var key in RecipeKeys.Sections["prune"])
            if (!s_besideSearch.Contains(key) && section.Has(key))
                throw section.Wrong(key, $"the search finds the shape and its most important units stay; beside it prune has only {string.Join(", ", s_besideSearch)}");
        return new()
        {
            Target = new() { Multiple = section.Size("multiple") },
            Depth = section.Choice<DepthChoice>("depth") ?? DepthChoice.Contiguous,
            MergeHeads = section.Flag("merge-heads") ?? false,
        };
    }

    private static int[] Sizes(SectionFields section, string key) => section.Read(key, _ => SizeRange.Parse(section.Texts(key)!)) ?? [];

    private static Budget? Budget(SectionFields section, string key, Func<string, Budget> parse) => section.Has(key) ? section.Read(key, parse) : null;

    /// <summary>A number, or the name of a file.</summary>
    private static (int? Count, string? File) HowMany(SectionFields section)
    {
        const string key = "candidates";
        return section.Text(key) is { } text && Quantity.Number(text) is null && Quantity.Count(text) is null ? (null, text) : (section.Size(key, most: 10_000), null);
    }

    private static long[]? Rungs(SectionFields section)
    {
        const string key = "rungs";
        if (section.Texts(key) is not { } texts)
            return null;
        var rungs = texts.Select(text => Quantity.Count(text) is >= 1 and <= TrainingSection.MostTokens and { } steps ? steps : throw section.Wrong(key, "it must list numbers of steps, as in: [25, 50, 100]")).ToArray();
        return rungs.Length > 0 && rungs.Zip(rungs.Skip(1)).All(pair => pair.First < pair.Second)
            ? rungs : throw section.Wrong(key, "its steps are counted from the beginning and ascend, as in: [25, 50, 100]");
    }

    private static IReadOnlyList<string> Tasks(SectionFields section, IReadOnlyList<EvaluationSet> evaluate)
    {
        const string key = "tasks";
        var others = evaluate.Select(set => set.Name).Where(name => name != HeldOut).ToArray();
        var names = section.Texts(key) ?? [];
        foreach (var name in names)
            if (!SearchSection.IsTaskFile(name) && !others.Contains(name, StringComparer.Ordinal))
                throw section.Unknown(key, name, [.. others.Length > 0 ? others : ["texts that evaluate lists beside held-out"], "FILE.jsonl with multiple-choice items"]);
        string[] shown = [HeldOut, .. names.Select(name => SearchSection.IsTaskFile(name) ? Path.GetFileNameWithoutExtension(name) : name)];
        return shown.Distinct(StringComparer.Ordinal).Count() == shown.Length ? names : throw section.Wrong(key, "a name is there twice; keep one, or give the file another name");
    }

    private static void AddSearch(JsonObject recipe, SearchSection search, PruneSection prune)
    {
        var fields = new JsonObject
        {
            ["context"] = search.Context,
            ["sequences"] = search.Sequences,
            ["candidates"] = search.CandidatesFile is { } file ? JsonValue.Create(file) : JsonValue.Create(search.Candidates),
            ["proxy"] = EnumName.Of(search.Proxy),
            ["rungs"] = new JsonArray([.. search.Rungs.Select(steps => JsonValue.Create(steps))]),
            ["tasks"] = List(search.Tasks),
        };
        foreach (var (key, budget) in new[] { ("parameters", search.Parameters), ("non-embedding-parameters", search.NonEmbeddingParameters), ("memory", search.Memory),
            ("flops-per-token", search.FlopsPerToken), ("prefill", search.Prefill), ("decode", search.Decode) })
            if (budget is { } given)
                fields[key] = given.ToString();
        foreach (var (key, sizes) in new[] { ("layers", search.Space.Layers), ("heads", search.Space.Heads), ("ffn", search.Space.Ffn), ("hidden", search.Space.Hidden) })
            if (sizes.Count > 0)
                fields[key] = new JsonArray([.. sizes.Select(size => JsonValue.Create(size))]);
        if (search.Space.Expansion.Count > 0)
            fields["expansion"] = new JsonArray([.. search.Space.Expansion.Select(factor => JsonValue.Create(factor))]);
        if (search.Batch is { } batch)
            fields["batch"] = batch;
        if (search.LearningRate is { } rate)
            fields["learning-rate"] = rate;
        recipe["search"] = fields;
        recipe["prune"] = new JsonObject { ["multiple"] = prune.Target.Multiple, ["depth"] = EnumName.Of(prune.Depth), ["merge-heads"] = prune.MergeHeads ? "true" : "false" };
    }
}
