using Espalier.Compression.Data.Files;
using Espalier.Compression.Data.Sources;
using Espalier.Compression.Data.Xml;
using Espalier.Pipeline.Options.Texts;

namespace Espalier.Pipeline.Recipes;

/// <summary>What a relative path in a recipe means.</summary>
internal static class RecipePaths
{
    /// <summary>The word that stands for the documentation of the .NET SDK, and is no path.</summary>
    public const string DotnetDocs = "dotnet-docs";

    /// <summary>The recipe with its paths located; the output stays relative to the current directory.</summary>
    public static Recipe Locate(Recipe recipe, string recipePath)
    {
        string Find(string path) => Resolve(path, recipePath);
        TaskSection Benchmark(TaskSection task) => task.IsFile || task.IsItems ? task with { Task = Find(task.Task) } : task;
        return recipe with
        {
            Teacher = Find(recipe.Teacher),
            Data = recipe.Data with
            {
                Sources = [.. recipe.Data.Sources.Select(source => source with { Path = Find(source.Path) })],
                Calibration = recipe.Data.Calibration is { } calibration ? Find(calibration) : null,
            },
            Correction = recipe.Correction with { Reference = recipe.Correction.Reference is { } reference ? Find(reference) : null },
            Score = recipe.Score with { Task = recipe.Score.Task is { } task ? Benchmark(new() { Task = task }).Task : null },
            Search = recipe.Search is not { } search ? null : search with
            {
                CandidatesFile = search.CandidatesFile is { } candidates ? Find(candidates) : null,
                Compared = [.. search.Compared.Select(Benchmark)],
            },
            Prune = recipe.Prune with { Plan = recipe.Prune.Plan is { } plan ? Find(plan) : null },
            Synthesize = recipe.Synthesize is not { } texts ? null : texts with
            {
                Prompts = texts.Prompts is { } prompts ? Find(prompts) : null,
                Documents = [.. texts.Documents.Select(Find)],
                Decontaminate = [.. texts.Decontaminate.Select(name => SynthesisSection.IsPath(name) ? Find(name) : name)],
            },
            Tasks = [.. recipe.Tasks.Select(Benchmark)],
            Benchmarks = recipe.Benchmarks is { } benchmarks ? Find(benchmarks) : null,
            Align = [.. recipe.Align.Select(step => step with
            {
                Data = [.. step.Data.Select(Find)],
                Teacher = step.Teacher is { } teacher ? Find(teacher) : null,
                ChatTemplate = step.TemplateFile is { } template ? Find(template) : step.ChatTemplate,
            })],
            Evaluate = [.. recipe.Evaluate.Select(set => set with { Source = set.Source is { } source ? Find(source) : null })],
        };
    }

    /// <summary>Whether the path is there, whatever options it carries; of a pattern, the folder before its first wildcard.</summary>
    public static bool IsThere(string source) =>
        DocumentSource.PathOf(source) is var path && Path.Exists(Glob.IsPattern(path) ? Glob.Split(path).Folder : path);

    private static string Resolve(string path, string recipePath)
    {
        if (path == DotnetDocs || Path.IsPathRooted(path) || IsThere(path))
            return path;
        var folder = Path.GetDirectoryName(Path.GetFullPath(recipePath));
        var above = folder is null ? null : Path.GetDirectoryName(folder);
        return above is not null && Path.Combine(above, path) is var candidate && IsThere(candidate) ? candidate : path;
    }
}
