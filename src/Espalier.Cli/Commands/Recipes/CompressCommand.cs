using System.CommandLine;
using Espalier.Cli.Commands.Pruning;
using Espalier.Cli.Commands.Runs;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Commands.Shared.Inputs;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Commands.Training;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Search;
using Espalier.Compression.Training.Profiling;
using Espalier.Evaluation.Tasks;
using Espalier.Models.Chat;
using Espalier.Models.Tokenizers.Formats;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Results;
using Espalier.Reports;
using Espalier.Reports.Runs;

namespace Espalier.Cli.Commands.Recipes;

/// <summary>The whole recipe, or several on one run folder.</summary>
internal sealed class CompressCommand : CommandBase
{
    private readonly Argument<string[]> _recipes = new("recipe")
    {
        Description = "Recipe files; several share the run folder and all stages they have in common, and their results share one table",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly OutputOption _output = new("--output",
        "Run folder; by default the recipe's, otherwise runs/NAME-OF-THE-RECIPE", "FOLDER");

    private readonly Option<string[]> _train = new("--train")
    {
        Description = "Train on this text (or file of ids) instead of the recipe's",
        HelpName = "TEXT",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly TextOption _seeds = new("--seeds",
        "Run every recipe once with each of these seeds instead of its own, and show the mean and spread over them", "1,2,3");

    private readonly FormatOption _format = new();
    private readonly MachineOptions _machine = new();
    private readonly ProfileOption _profile = new();

    internal CompressCommand() : base(
        "compress",
        "Run a recipe: correct the teacher, score, prune, distil, evaluate, export, report; resumes where it was interrupted",
        "espalier compress recipes/quickstart.yaml",
        "espalier compress recipes/quickstart.yaml --output runs/again",
        "espalier compress recipes/arms/*.yaml --output runs/arms --json",
        "espalier compress recipes/study/*.yaml --seeds 1,2,3 --output runs/study") =>
        Takes([_recipes, _output, _train, _seeds, _format, .. _machine.Options, _profile]);

    protected override int Run(CommandRun run)
    {
        _format.Check(run);
        var files = run.Get(_recipes)!;
        var read =
            files.Select(file => (Name: Path.GetFileNameWithoutExtension(file), Recipe: WithTrain(RecipeFile.Read(file), run.Get(_train))))
            .ToArray();
        if (read.Select(entry => entry.Name).Distinct().Count() != read.Length)
            throw new EspalierException("two recipes have the same file name, which names their results: rename one");
        if (run.Get(_seeds) is { } list)
            read = [.. read.SelectMany(entry => SeedSummary.Parse(list)
                .Select(seed => (SeedSummary.NameOf(entry.Name, seed), entry.Recipe with { Seed = seed })))];
        var byDefault = RunLayout.FolderOf(read[0].Recipe.Output, read[0].Name);
        // Where the recipe names it, it is one of the recipe's problems.
        var folder = !run.Has(_output) ? byDefault
            : _output.RunFolder(run, byDefault, read.SelectMany(entry => RecipeInputs.ModelAndTexts(entry.Recipe)).Distinct());
        if (read.Length > 1 && !run.Has(_output))
            throw new EspalierException(
                $"{read.Length} {(run.Has(_seeds) ? "runs" : "recipes")} were given: give their shared run folder with --output");
        var text = Changes(run) + string.Join("\n", files.Select(File.ReadAllText));
        var report = RecipeRun.Run(read, text, folder, run.Progress, (context, results) =>
        {
            context.Folder.WriteFile("report.html", stream =>
            {
                using var writer = new StreamWriter(stream, leaveOpen: true);
                ReportWriter.Write(writer, results, context.Manifest, text);
            });
            SoFarPage.Retire(context.Folder.Path, run.Progress);
            return CompressReport.Of(results, context.Folder.Path, context.Folder.PathOf("report.html")) with
            {
                Profile = run.Get(_profile) ? context.Profiles : null,
            };
        }, run.Cancellation, profile: run.Get(_profile), start: () => _machine.Start(run));
        _format.Write(run, report, Show, report => ModelTable.Csv(report.Rows));
        return ExitCodes.Done;
    }

    private static Recipe WithTrain(Recipe recipe, string[]? train) =>
        train is { Length: > 0 } ? recipe with { Data = recipe.Data with { Train = train } } : recipe;

    /// <summary>What the command line puts in place of the recipe's, as a comment above it for who reads the recipe alone.</summary>
    private string Changes(CommandRun run)
    {
        string[] given = [.. (run.Get(_train) ?? []).Select(text => $"{_train.Name} {Quoted.Shell(text)}"),
            .. run.Get(_seeds) is { } seeds ? [$"{_seeds.Name} {seeds}"] : Array.Empty<string>()];
        return given.Length == 0 ? "" : $"# Run with {string.Join(' ', given).ReplaceLineEndings(" ")}, in place of what stands below\n";
    }

    private static void Show(Page page, CompressReport report)
    {
        ModelTable.Show(page, report.Table);
        page.Line();
        if (report.TeacherDifferences is { } gaps)
        {
            page.Table(TeacherTable(gaps));
            page.Line("the student's loss less the teacher's: the mean over the windows that both saw, with its 95 % interval");
            page.Line();
        }
        foreach (var arm in report.Tasks ?? [])
        {
            if (report.Tasks!.Count > 1)
                page.Heading(arm.Arm);
            TaskPage.Show(page, arm.Models, arm.Tasks);
            page.Line();
        }
        if (report.Aligned is { } aligned)
        {
            foreach (var arm in aligned)
            {
                if (aligned.Count > 1)
                    page.Heading(arm.Arm);
                AlignPage.Table(page, arm.Steps);
            }
            page.Line();
        }
        if (report.Seeds is { } seeds)
        {
            page.Table(SeedsTable(seeds));
            page.Line();
        }
        if (report.Differences is { } differences)
        {
            page.Table(DifferencesTable(differences));
            page.Line();
        }
        var stages = new TextTable("stage", ">time", "");
        foreach (var stage in report.Stages.GroupBy(stage => stage.Stage))
        {
            var times = stage.Count() > 1 ? $"{stage.Count()} times" : "";
            var reused = stage.All(row => row.Reused) ? "done before" : "";
            stages.Add(stage.Key, Units.Time(TimeSpan.FromSeconds(stage.Sum(row => row.Seconds))),
                string.Join(", ", new[] { times, reused }.Where(text => text.Length > 0)));
        }
        page.Table(stages);
        page.Line();
        ProfilePage.Show(page, report.Profile);
        foreach (var search in report.Search ?? [])
        {
            SearchPage.ShowResult(page, search.Search);
            page.Line();
        }
        foreach (var why in (report.Need ?? []).Select(row => row.Need.Why).Distinct())
            page.Line(why);
        foreach (var student in report.Students)
            page.Line($"student  {ShownPath.Of(student)}");
        foreach (var file in report.Gguf)
            page.Line($"gguf     {ShownPath.Of(file)}");
        foreach (var file in report.Synthesized ?? [])
            page.Line($"texts    {ShownPath.Of(file)}");
        page.Line($"report   {ShownPath.Of(report.Report)}");
        if (report.Students is [var first, ..])
            page.Line($"try it   {TryIt(ShownPath.Of(first), IsAligned(report, first), report.Prompt)}");
    }

    /// <summary>What to type to try a model; one without a tokenizer is given ids.</summary>
    internal static string TryIt(string folder, bool answers, string prompt) => $"{ProgramName.Shown} "
        + (answers ? $"chat {Quoted.Shell(folder)}" : $"generate {Quoted.Shell(folder)} "
            + (TokenizerSource.IsIn(folder) ? $"--prompt {Quoted.Shell(prompt)}" : "--ids 1,2,3"));

    /// <summary>Whether the first recipe taught its student to answer, and the student has the template to be asked by.</summary>
    private static bool IsAligned(CompressReport report, string student) =>
        report.Aligned?.Any(row => row.Arm == report.Rows[0].Arm) == true && ChatTemplate.Find(student) is not null;

    private static TextTable SeedsTable(IReadOnlyList<SeedSummary> seeds)
    {
        var table = new TextTable("recipe", "model", "text", ">mean nll", ">sd over seeds", ">seeds");
        foreach (var row in seeds)
            table.Add(row.Arm, row.Model, row.Set, Number($"{row.Nll:0.0000}"), row.NllSd is { } sd ? Number($"{sd:0.0000}")
                : "none", Number($"{row.Seeds}"));
        return table;
    }

    private static TextTable TeacherTable(IReadOnlyList<TeacherDifference> differences)
    {
        var arms = differences.Select(row => row.Arm).Distinct().Count() > 1;
        var table = new TextTable(arms ? "student of" : "model", "against", "text", ">nll difference", ">95 % interval", ">windows");
        foreach (var row in differences)
            table.Add(arms ? row.Arm : row.Model, row.Against, row.Set, Signed(row.Nll), $"{Signed(row.Lower)} to {Signed(row.Upper)}",
                Number($"{row.Windows}"));
        return table;
    }

    private static string Signed(double nll) => Number($"{nll:+0.0000;-0.0000;0.0000}");

    /// <summary>Against the first recipe alone: of many recipes the pairs are many, and <c>--json</c> has them all.</summary>
    private static TextTable DifferencesTable(IReadOnlyList<ArmDifference> differences)
    {
        var table = new TextTable("student of", "against", "text", ">nll difference", ">95 % interval", ">paired over");
        foreach (var row in differences.Where(row => row.Against == differences[0].Against))
            table.Add(row.Arm, row.Against, row.Set, Signed(row.Nll), $"{Signed(row.Lower)} to {Signed(row.Upper)}",
                $"{row.Pairs} {row.Over}");
        return table;
    }

    private static string Number(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What was decided about a recipe's teacher.</summary>
internal sealed record NeedRow(string Arm, CorrectionTestResult Need);

/// <summary>What a recipe's models made of benchmarks.</summary>
/// <param name="Arm">The recipe's name.</param>
/// <param name="Models">The models, the teacher first.</param>
/// <param name="Tasks">The benchmarks.</param>
internal sealed record TasksRow(string Arm, IReadOnlyList<string> Models, IReadOnlyList<TaskComparison> Tasks);

/// <summary>What a recipe's search found.</summary>
internal sealed record SearchRow(string Arm, SearchResult Search);

/// <summary>What a recipe's steps of alignment did.</summary>
internal sealed record AlignedRow(string Arm, IReadOnlyList<AlignRow> Steps);

/// <summary>What <c>compress --json</c> prints.</summary>
/// <param name="Output">The run folder.</param>
/// <param name="Students">The students' Hugging Face folders, one a recipe.</param>
/// <param name="Gguf">Exported GGUF files.</param>
/// <param name="Synthesized">Texts that teachers wrote, one a recipe that asked for some; absent where none did.</param>
/// <param name="Report">The report.</param>
/// <param name="Rows">The table: a row a model.</param>
/// <param name="Seeds">Means and spreads over seeds, where a recipe ran with several.</param>
/// <param name="TeacherDifferences">How far each student is from its teacher on each text; absent where no windows are known.</param>
/// <param name="Differences">How far the recipes' students are apart, each pair once; absent with one recipe.</param>
/// <param name="Need">Whether the teacher needed correction, one a recipe that asked; absent where none did.</param>
/// <param name="Search">What the searches for a shape found, one a recipe that has one; absent where none has.</param>
/// <param name="Tasks">What the models made of benchmarks, one a recipe that has some; absent where none has.</param>
/// <param name="Aligned">What steps of alignment did, one a recipe that has some; absent where none has.</param>
/// <param name="Profile">With <c>--profile</c>: where the time of the steps went, one a stage that trained now.</param>
/// <param name="Stages">What each stage took.</param>
internal sealed record CompressReport(
    string Output, IReadOnlyList<string> Students, IReadOnlyList<string> Gguf, IReadOnlyList<string>? Synthesized, string Report,
    IReadOnlyList<ModelRow> Rows,
    IReadOnlyList<SeedSummary>? Seeds, IReadOnlyList<TeacherDifference>? TeacherDifferences,
    IReadOnlyList<ArmDifference>? Differences, IReadOnlyList<NeedRow>? Need,
    IReadOnlyList<SearchRow>? Search, IReadOnlyList<TasksRow>? Tasks, IReadOnlyList<AlignedRow>? Aligned,
    IReadOnlyList<StepProfile>? Profile, IReadOnlyList<StageRow> Stages)
{
    /// <summary>What to try the first student with.</summary>
    internal string Prompt { get; init; } = SamplePrompt.Otherwise;

    /// <summary>The rows, with texts of one name that differ told apart.</summary>
    internal IReadOnlyList<ModelRow> Table { get; init; } = Rows;

    internal static CompressReport Of(IReadOnlyList<CompressResult> results, string output, string report) => new(
        Seeds: SeedSummary.Of(results.SelectMany(result => result.Rows)) is { Count: > 0 } seeds ? seeds : null,
        TeacherDifferences: TeacherDifference.Of(results) is { Count: > 0 } gaps ? gaps : null,
        Differences: ArmDifference.Of(results) is { Count: > 0 } differences ? differences : null,
        Output: output,
        Students: [.. results.Select(result => result.Student)],
        Gguf: [.. results.SelectMany(result => result.Gguf)],
        Synthesized: results.Any(result => result.Synthesized is not null)
            ? [.. results.Select(result => result.Synthesized).OfType<string>().Distinct()] : null,
        Report: report,
        Rows: [.. results.SelectMany(result => result.Rows)],
        Need: results.Any(result => result.Need is not null)
            ? [.. results.Where(result => result.Need is not null).Select(result => new NeedRow(result.Arm, result.Need!))] : null,
        Search: results.Any(result => result.Search is not null)
            ? [.. results.Where(result => result.Search is not null).Select(result => new SearchRow(result.Arm, result.Search!))] : null,
        Tasks: results.Any(result => result.Tasks is not null)
            ? [.. results.Where(result => result.Tasks is not null)
                .Select(result => new TasksRow(result.Arm, result.TaskModels, result.Tasks!))] : null,
        Aligned: results.Any(result => result.Aligned is not null)
            ? [.. results.Where(result => result.Aligned is not null).Select(result => new AlignedRow(result.Arm, result.Aligned!))] : null,
        Stages: [.. results.SelectMany(result => result.Stages).DistinctBy(stage => stage.Folder)],
        Profile: null)
    {
        Prompt = SamplePrompt.Of(results[0]),
        Table = [.. TextNames.Apart(results).SelectMany(result => result.Rows)],
    };
}
