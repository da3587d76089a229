using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Reports;
using Espalier.Reports.Runs;

namespace Espalier.Cli.Commands;

/// <summary>The whole recipe, or several on one run folder.</summary>
internal sealed class CompressCommand : CommandBase
{
    private readonly Argument<string[]> recipes = new("recipe")
    {
        Description = "Recipe files; several share the run folder and whatever stages they have in common, and end in one table",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly OutputOption output = new("--output", "Run folder; by default the recipe's, else runs/NAME-OF-THE-RECIPE", "FOLDER");

    private readonly Option<string[]> train = new("--train")
    {
        Description = "Train on this text (or file of ids) instead of the recipe's",
        HelpName = "TEXT",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<string> seeds = new("--seeds")
    {
        Description = "Run every recipe once with each of these seeds instead of its own, and show means and spreads over them",
        HelpName = "1,2,3",
    };

    private readonly FormatInput format = new();
    private readonly ThreadsOption threads = new();
    private readonly ProfileOption profile = new();

    internal CompressCommand() : base(
        "compress",
        "Run a recipe: correct the teacher, score, prune, distil, evaluate, export, report; goes on where it was interrupted",
        "espalier compress recipes/quickstart.yaml",
        "espalier compress recipes/quickstart.yaml --output runs/again",
        "espalier compress recipes/arms/*.yaml --output runs/arms --json",
        "espalier compress recipes/study/*.yaml --seeds 1,2,3 --output runs/study")
    {
        Arguments.Add(recipes);
        Options.Add(output);
        Options.Add(train);
        Options.Add(seeds);
        format.AddTo(this);
        threads.AddTo(this);
        profile.AddTo(this);
    }

    protected override int Run(CommandRun run)
    {
        format.Check(run);
        var files = run.Get(recipes)!;
        var read = files.Select(file => (Name: Path.GetFileNameWithoutExtension(file), Recipe: WithTrain(RecipeFile.Read(file), run.Get(train)))).ToArray();
        if (read.Select(entry => entry.Name).Distinct().Count() != read.Length)
            throw new EspalierException("two recipes have the same file name: results are named for it, rename one");
        if (run.Get(seeds) is { } list)
            read = [.. read.SelectMany(entry => SeedSummary.Parse(list).Select(seed => (SeedSummary.NameOf(entry.Name, seed), entry.Recipe with { Seed = seed })))];
        var byDefault = read[0].Recipe.Output ?? Path.Combine("runs", read[0].Name);
        // Where the recipe names it, it is one of the recipe's problems.
        var folder = !run.Has(output) ? byDefault : output.RunFolder(run, byDefault, read.SelectMany(entry => RecipeInputs.ModelAndTexts(entry.Recipe)).Distinct());
        if (read.Length > 1 && !run.Has(output))
            throw new EspalierException($"{read.Length} {(run.Has(seeds) ? "runs" : "recipes")} were given: name the run folder that they share with --output");
        var text = string.Join("\n", files.Select(File.ReadAllText));
        var report = RecipeRun.Run(read, text, folder, run.Progress, (context, results) =>
        {
            context.Folder.WriteFile("report.html", stream =>
            {
                using var writer = new StreamWriter(stream, leaveOpen: true);
                ReportWriter.Write(writer, results, context.Manifest, text);
            });
            return CompressReport.Of(results, context.Folder.Path, context.Folder.PathOf("report.html")) with { Profile = profile.IsGiven(run) ? context.Profiles : null };
        }, run.Cancellation, profile: profile.IsGiven(run), start: () => threads.Start(run));
        format.Write(run, report, CompressPage.Show, report => ModelTable.Csv(report.Rows));
        return ExitCodes.Done;
    }

    private static Recipe WithTrain(Recipe recipe, string[]? train) =>
        train is { Length: > 0 } ? recipe with { Data = recipe.Data with { Train = train } } : recipe;
}
