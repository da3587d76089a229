using Espalier.Compression.Data;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Pruning.Masks;
using Espalier.Files;
using Espalier.Models.Checkpoints;

namespace Espalier.Pipeline.Recipes;

/// <summary>
/// Reads recipes: YAML with kebab-case keys, in flow or block style, at most 1 MB. What is unknown, twice there or of a wrong type is
/// refused with file, line and key. The keys are described in <c>docs/recipe.md</c>.
/// </summary>
public static partial class RecipeFile
{
    /// <summary>Longest recipe that is read.</summary>
    public const int MaxBytes = 1_000_000;

    internal const string HeldOut = "held-out";
    private const string TeacherDomain = "teacher-domain";

    /// <summary>
    /// Reads a recipe. A relative path in it means the current directory if it exists there, else the folder above the recipe's own
    /// (the repository's root for <c>recipes/NAME.yaml</c>) if it exists there, else it stays as written.
    /// </summary>
    /// <exception cref="EspalierException">The file cannot be read, or something in it is wrong.</exception>
    public static Recipe Read(string path) => File.Exists(Path.Combine(path, CheckpointFolder.ConfigFile))
        ? throw new EspalierException($"{path}: is a model's folder, and a recipe is wanted: write one with espalier init {path} TEXT")
        : RecipePaths.Locate(Parse(SmallFile.ReadText(path, MaxBytes), path), path);

    /// <summary>Reads a recipe's text; paths stay as written.</summary>
    /// <param name="text">YAML.</param>
    /// <param name="sourceName">The file, for errors.</param>
    /// <exception cref="EspalierException">Something in it is wrong: file, line, key and the way out.</exception>
    public static Recipe Parse(string text, string sourceName)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaxBytes)
            throw new EspalierException($"{sourceName}: {text.Length} characters, the limit is {MaxBytes}");
        if (YamlTree.Parse(text, sourceName) is not YamlMap root)
            throw new EspalierException($"{sourceName}: is no recipe; it begins with keys such as teacher:, data: and prune:");
        var fields = new SectionFields(root, sourceName, "");
        var data = Data(fields);
        var distill = Distill(fields, data.Sequence);
        var (correct, correction) = Correct(fields, data.Sequence, distill);
        if (correction.Mode == CorrectMode.Parallel && distill?.Cache is not null)
            throw fields.At("distill", "its cache is of a teacher that stays as it is, and correct.mode is parallel; keep one of the two");
        var evaluate = Evaluate(fields);
        var score = Score(fields);
        var search = Search(fields, score, distill, correction, evaluate);
        var prune = search is null ? Prune(fields) : PruneToWhatIsFound(fields);
        return new Recipe
        {
            Teacher = fields.Text("teacher") ?? throw fields.Missing("teacher", "teacher: models/quickstart-teacher"),
            Output = fields.Text("output"),
            Seed = fields.Count("seed", least: 0, most: long.MaxValue) ?? 1,
            Data = data,
            Correct = correct,
            Correction = correction,
            Score = score,
            Search = search,
            Prune = prune,
            Cycles = Cycles(fields, prune, score.Rounds, distill, correction),
            Distill = distill,
            Evaluate = evaluate,
            Export = Export(fields),
            Clamp = fields.Flag("clamp") ?? false,
        };
    }

    private static DataSection Data(SectionFields fields)
    {
        const string example = "data: { train: dotnet-docs, held-out: 2%, sequence: 256 }";
        var section = fields.Section("data") ?? throw fields.Missing("data", example);
        var train = section.Texts("train") ?? throw section.Missing("train", example);
        if (train.Count == 0)
            throw section.Wrong("train", "it must name at least one source");
        if (section.Has("field") && train.Any(DataSection.IsIds))
            throw section.Wrong("field", "data.train is token ids, which have no fields; leave it out");
        return new()
        {
            Train = train,
            Field = section.Text("field"),
            HeldOut = section.Share("held-out") ?? 0.02,
            Sequence = section.Size("sequence", most: 1 << 22) ?? 256,
            Documents = section.Choice<DocumentContext>("documents") ?? DocumentContext.Cross,
        };
    }

    private static ScoreSection Score(SectionFields fields)
    {
        var defaults = new ScoreSection();
        if (fields.Section("score") is not { } section)
            return defaults;
        var method = section.Choice<ScoreMethod>("method") ?? defaults.Method;
        foreach (var key in (string[])["batch", "sequence", "neurons"])
            if (!method.ReadsActivations() && section.Has(key))
                throw section.Wrong(key, $"it is about activations and score.method is {EnumName.Of(method)}; leave it out");
        if (!method.ReadsText() && section.Has("samples"))
            throw section.Wrong("samples", $"score.method is {EnumName.Of(method)}, which reads no text; leave it out");
        var depth = section.Choice<DepthMetricKind>("depth") ?? defaults.Depth;
        if (depth == DepthMetricKind.Task && !section.Has("task"))
            throw section.Missing("task", "score: { depth: task, task: items.jsonl }");
        if (depth != DepthMetricKind.Task && section.Has("task"))
            throw section.Wrong("task", $"it is for depth: task, and depth is {EnumName.Of(depth)}; add that or leave it out");
        return new()
        {
            Method = method,
            Neurons = section.Choice<NeuronValues>("neurons") ?? defaults.Neurons,
            Samples = section.Size("samples") ?? defaults.Samples,
            Batch = section.Choice<Aggregation>("batch") ?? defaults.Batch,
            Sequence = section.Choice<Aggregation>("sequence") ?? defaults.Sequence,
            Rounds = section.Size("rounds", most: 16) ?? defaults.Rounds,
            Depth = depth,
            DepthSamples = section.Size("depth-samples") ?? defaults.DepthSamples,
            Task = section.Text("task"),
        };
    }

    private static PruneSection Prune(SectionFields fields)
    {
        const string example = "prune: { hidden: 192, ffn: 512 }";
        var section = fields.Section("prune") ?? throw fields.Missing("prune", example);
        string[] sizes = ["hidden", "ffn", "heads", "kv-heads", "layers"];
        if (section.Has("plan"))
        {
            foreach (var other in RecipeKeys.Sections["prune"])
                if (other != "plan" && section.Has(other))
                    throw section.Wrong(other, "prune.plan says already what stays; keep one of the two");
        }
        else if (section.Choice<PruneMethod>("method") is PruneMethod.Magnitude or PruneMethod.Wanda)
        {
            return Mask(fields, section);
        }
        else if (!sizes.Any(section.Has))
        {
            throw section.Missing("hidden", $"{example}; or one of {string.Join(", ", sizes)}, plan");
        }
        var method = section.Choice<PruneMethod>("method") ?? PruneMethod.Importance;
        if (section.Has("sparsity"))
            throw section.Wrong("sparsity", "it belongs to method: magnitude and method: wanda, which leave the shape as it is; leave it out");
        var merges = section.Flag("merge-heads") ?? false;
        if (merges && method != PruneMethod.Importance)
            throw section.Wrong("merge-heads", $"heads are merged in the order of their scores, and prune.method is {EnumName.Of(method)}; leave it out");
        return new()
        {
            Target = Sizes(section),
            Method = method,
            Depth = section.Choice<DepthChoice>("depth") ?? DepthChoice.Contiguous,
            MergeHeads = merges,
            Plan = section.Text("plan"),
        };
    }

    /// <summary>A mask keeps the shape, and training would fill its zeros again.</summary>
    private static PruneSection Mask(SectionFields fields, SectionFields section)
    {
        var method = section.Choice<PruneMethod>("method")!.Value;
        foreach (var other in RecipeKeys.Sections["prune"])
            if (other is not ("method" or "sparsity") && section.Has(other))
                throw section.Wrong(other, $"method {EnumName.Of(method)} sets weights to zero and keeps the shape; leave it out");
        if (fields.Has("distill") && fields.Find("distill") is not YamlText { Text: "never" })
            throw fields.At("distill", $"prune.method is {EnumName.Of(method)}, a comparison without training, which would fill the zeros again; leave one of them out");
        return new() { Method = method, Sparsity = section.Has("sparsity") ? section.Read("sparsity", Sparsity.Parse) : Sparsity.Half };
    }

    private static List<EvaluationSet> Evaluate(SectionFields fields)
    {
        const string key = "evaluate";
        var value = fields.Find(key);
        IReadOnlyList<YamlValue> items = value switch { null => [new YamlText(HeldOut, false, 0)], YamlList list => list.Items, _ => [value] };
        var sets = new List<EvaluationSet>();
        foreach (var item in items)
        {
            if (item is YamlMap map)
                foreach (var (name, source) in map.Entries)
                    sets.Add(Named(name.Text, source));
            else if (item is YamlText { Text: HeldOut or TeacherDomain } text)
                sets.Add(new(text.Text, null));
            else if (item is YamlText unknown)
                throw fields.At(item.Line, $"{key}: {OneLine.Clipped(unknown.Text)} is not known.{NearestName.Hint(unknown.Text, [HeldOut, TeacherDomain])} "
                    + $"Known are {HeldOut} and {TeacherDomain}; a text of your own is {{ NAME: PATH }}");
            else
                throw fields.At(item.Line, $"{key} must list {HeldOut}, {TeacherDomain} or {{ NAME: PATH }}");
        }
        if (sets.GroupBy(set => set.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw fields.At(value!.Line, $"{key}: {twice.Key} is there twice; keep one");
        return sets;

        EvaluationSet Named(string name, YamlValue source)
        {
            // The name becomes part of a folder's.
            if (name.Length is 0 or > 40 || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') || name[0] == '-')
                throw fields.At(source.Line, $"{key}: {OneLine.Clipped(name)} cannot name a text; a name has a-z, 0-9 and -, and at most 40 of them");
            if (name == HeldOut)
                throw fields.At(source.Line, $"{key}: {HeldOut} is the part of data.train that is held out and has no path; give yours another name");
            if (source is not YamlText { IsEmpty: false, Text: { Length: > 0 } path } || path.Contains('\0'))
                throw fields.At(source.Line, $"{key}: {name} must have one path");
            return new(name, path);
        }
    }

    private static List<ExportKind> Export(SectionFields fields)
    {
        const string key = "export";
        var kinds = (fields.Texts(key) ?? ["hf"]).Select(name => fields.Choice<ExportKind>(key, name)).ToList();
        if (kinds.GroupBy(kind => kind).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw fields.Wrong(key, $"{EnumName.Of(twice.Key)} is there twice; keep one");
        return kinds;
    }
}
