using System.CommandLine;
using System.Text;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Commands.Shared.Inputs;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline;
using Espalier.Pipeline.Checks;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Search;
using Espalier.Reports.Pictures;

namespace Espalier.Cli.Commands.Pruning;

/// <summary>The part of a recipe that finds the student's shape, or only the list of what it would choose from.</summary>
internal sealed class SearchCommand : CommandBase
{
    private readonly Argument<string> _recipe = new("recipe") { Description = "Recipe with a search section" };

    private readonly OutputOption _output = new("--output",
        "Run folder, in which compress continues; by default the recipe's, otherwise runs/NAME-OF-THE-RECIPE", "FOLDER");

    private readonly FlagOption _enumerate = new("--enumerate",
        "Only list the candidates; needs no weights, and computes nothing unless there is a latency budget");
    private readonly ValueOption<int> _limit = new("--limit", Kinds.Size(least: 0), "With --enumerate: number of candidates shown", 100);
    private readonly OutputOption _write = new("--write", "With --enumerate: write all candidates, for search.candidates", "FILE.json");
    private readonly OutputOption _picture = new("--picture", "Plot loss against parameters and latency", "FILE.html");
    private readonly FormatOption _format = new();
    private readonly MachineOptions _machine = new();

    internal SearchCommand() : base(
        "search",
        "Find the student's shape: enumerate and rank candidates, train the best ones briefly and "
            + "keep halving; stops before the distillation and resumes where it was interrupted",
        "espalier search recipes/quickstart-search.yaml --picture search.html",
        "espalier search recipes/nemotron-4-15b-search-4b.yaml --enumerate --json | jq .count") =>
        Takes([_recipe, _output, _enumerate, _limit, _write, _picture, _format, .. _machine.Options]);

    protected override int Run(CommandRun run)
    {
        _format.Check(run);
        var file = run.Get(_recipe)!;
        var read = RecipeFile.Read(file);
        if (read.Search is not { } search)
            throw new EspalierException(
                $"{file}: has no search; add one, as in: search: {{ non-embedding-parameters: 3M +-5%, hidden: [128, 192] }}");
        var byDefault = RunLayout.FolderOf(read.Output, Path.GetFileNameWithoutExtension(file));
        var folder = run.Has(_output) || run.Get(_enumerate) ? _output.RunFolder(run, byDefault, RecipeInputs.ModelAndTexts(read))
            : byDefault;
        if (run.Get(_enumerate))
            return Enumerate(run, read, search, folder);
        foreach (var option in new Option[] { _limit, _write })
            if (run.Has(option))
                throw new EspalierException(
                    $"{option.Name} is for --enumerate; a search shows what it trained and writes all candidates into its stage");
        var drawn = _picture.File(run, OutputKind.Html, Reads(file, read));
        Compressor.Check([(Path.GetFileNameWithoutExtension(file), read)], folder, run.Cancellation);
        var text = File.ReadAllText(file);
        RunPlace.RequireRecipe(folder, text);
        _machine.Start(run);
        var (found, place) = RunContext.Within(folder, RecipeFile.Canonical(read), read.Seed, run.Progress, context =>
        {
            context.Folder.WriteFile("recipe.yaml", stream => stream.Write(Encoding.UTF8.GetBytes(text)));
            return (new Compressor(context, read, Path.GetFileNameWithoutExtension(file)).RunSearch(), context.Folder.Path);
        }, run.Cancellation);
        if (drawn is not null)
            DurableOutput.WriteFile(drawn, 0, stream => ParetoPicture.Write(stream, found));
        var best = found.Candidates[0];
        _format.Write(
            run, found, (page, _) => SearchPage.Show(page, found, place, drawn), SearchPage.Csv,
            ("output", place), ("chosen", new ChosenShape { Sizes = best.Sizes }),
            ("picture", drawn));
        return ExitCodes.Done;
    }

    private static IEnumerable<ReadPlace> Reads(string file, Recipe recipe) => RecipeInputs.Of(recipe).Prepend(new("the recipe", file));

    private int Enumerate(CommandRun run, Recipe read, SearchSection search, string folder)
    {
        if (run.Has(_picture))
            throw new EspalierException("--picture shows trained candidates, but --enumerate trains none; leave one of them out");
        using var teacher = Checkpoint.Open(read.Teacher, requireWeights: false).WithNotes(run);
        LatencyTable? latency = null;
        if (search.Prefill is not null || search.Decode is not null)
        {
            _machine.Start(run);
            latency = LatencyTable.Open(Path.Combine(folder, SearchStage.LatencyName), run.Cancellation);
        }
        var (count, shown) = (0L, new List<CandidateForecast>());
        var most = run.Get(_limit);
        IEnumerable<Candidate> Counted()
        {
            foreach (var candidate in search.Enumerate(teacher.Config, read.Data.Sequence, teacher.StoredType.Bytes(), latency,
                stop: run.Cancellation))
            {
                if (count++ < most)
                    shown.Add(CandidateForecast.Of(candidate, search, read.Data.Sequence, teacher.StoredType.Bytes()));
                yield return candidate;
            }
        }
        if (_write.File(run, OutputKind.Candidates, Reads(run.Get(_recipe)!, read)) is { } path)
            DurableOutput.WriteFile(path, 0, stream => CandidatesFile.Write(stream, Counted()));
        else
            foreach (var _ in Counted())
            {
            }
        _format.Write(run, new EnumerationReport(count, shown, run.Get(_write)), SearchPage.ShowEnumeration, SearchPage.Csv);
        return ExitCodes.Done;
    }
}

/// <summary>The sizes that a search chose.</summary>
internal sealed record ChosenShape
{
    /// <summary>By axis.</summary>
    [SizeFields]
    public required PerAxis<int?> Sizes { get; init; }
}

/// <summary>What <c>search --enumerate --json</c> prints.</summary>
/// <param name="Count">Shapes that keep to the constraints.</param>
/// <param name="Candidates">The first of them.</param>
/// <param name="File">The file with all of them, where one was asked for.</param>
internal sealed record EnumerationReport(long Count, IReadOnlyList<CandidateForecast> Candidates, string? File);
