using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression.Data.Sources;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Planning;
using Espalier.Pipeline.Recipes;

namespace Espalier.Cli.Commands.Recipes;

/// <summary>Writes a recipe to begin with.</summary>
internal sealed class InitCommand : CommandBase
{
    private static readonly OutputKind s_none = new("replaced by this command", _ => false);

    private readonly Argument<string> _model = new("model") { Description = "Hugging Face folder of the teacher" };

    private readonly Argument<string[]> _text = new("text")
    {
        Description = "Text to train on: files, folders, patterns such as docs/**/*.md, dotnet-docs, or one file of ids (.i32, .u16)",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly OutputOption _output = new("--output", "The recipe to write; an existing file is not overwritten",
        "FILE.yaml")
    { DefaultValueFactory = _ => "recipe.yaml" };

    internal InitCommand() : base(
        "init",
        "Write a first recipe for a model and a text: a student of about half the size, with training lengths that fit the text",
        "espalier init models/quickstart-teacher dotnet-docs --output my-recipe.yaml",
        "espalier init models/quickstart-teacher models/quickstart-teacher/self-written.jsonl --output own-text.yaml --json")
    {
        Arguments.Add(_model);
        Arguments.Add(_text);
        Options.Add(_output);
    }

    protected override int Run(CommandRun run)
    {
        var (folder, texts) = (run.Get(_model)!, run.Get(_text)!);
        if (Path.Exists(run.Get(_output)))
            throw new EspalierException($"--output {run.Get(_output)}: already exists; give another file");
        var file = _output.File(run, s_none, [new("the model's folder", folder), .. SourcePlaces.Of("the text", texts)])!;
        var draft = RecipeDraft.Of(folder, texts, run.Cancellation);
        var yaml = RecipeDraftText.Of(draft);
        // What is written is what plan and compress take.
        var plan = RecipePlan.Of(RecipeFile.Parse(yaml, file));
        DurableOutput.WriteText(file, yaml, replace: false);
        if (draft.TooLittle is { } little)
            run.Progress.Warn(little);
        run.Write(InitReport.Of(file, plan, draft), Show);
        return ExitCodes.Done;
    }

    private static void Show(Page page, InitReport report)
    {
        page.Line(
            $"wrote {report.Output}: {Units.Count(report.Teacher.Parameters)} parameters to {Units.Count(report.Student.Parameters)}, "
                + $"{report.NonEmbeddingKept * 100:0} % of those outside the embedding; "
            + $"{(report.Cycles > 1 ? $"{report.Cycles} cycles of " : "")}{report.Steps} steps on windows of {report.Sequence} tokens");
        page.Line("Read it, change what you like, then see what it costs and run it:");
        foreach (var command in report.Next)
            page.Line($"    {command}");
    }
}

/// <summary>The result of <c>init</c>.</summary>
/// <param name="Output">The recipe.</param>
/// <param name="Teacher">The teacher.</param>
/// <param name="Student">The student that it asks for.</param>
/// <param name="NonEmbeddingKept">Student's over teacher's parameters beside the embedding.</param>
/// <param name="Sequence">Tokens of a window.</param>
/// <param name="Steps">Steps of the distillation.</param>
/// <param name="Warnings">What there is too little text for; empty where there is enough.</param>
/// <param name="Next">Commands to go on with.</param>
internal sealed record InitReport(
    string Output, ModelForecast Teacher, ModelForecast Student, double NonEmbeddingKept, int Sequence, long Steps,
    int Cycles, IReadOnlyList<string> Warnings, IReadOnlyList<string> Next)
{
    internal static InitReport Of(string file, RecipePlan plan, RecipeDraft draft) => new(
        file, plan.Teacher, plan.Student, plan.NonEmbeddingKept, draft.Sequence, draft.Steps,
        draft.InCycles ? draft.Cycles : 1, draft.TooLittle is { } little ? [little] : [],
        [$"{ProgramName.Shown} plan {Shell(file)}", $"{ProgramName.Shown} compress {Shell(file)}"]);

    private static string Shell(string file) =>
        file.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '_' or '-') ? file
            : $"'{file.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
