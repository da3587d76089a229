using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Compression.Data;
using Espalier.Files;
using Espalier.Pipeline.Planning;
using Espalier.Pipeline.Recipes;

namespace Espalier.Cli.Commands;

/// <summary>Writes a recipe to begin with.</summary>
internal sealed class InitCommand : CommandBase
{
    private static readonly OutputKind s_none = new("replaced by this command", _ => false);

    private readonly Argument<string> model = new("model") { Description = "Hugging Face folder of the teacher" };

    private readonly Argument<string[]> text = new("text")
    {
        Description = "Text to train on: files, folders, patterns such as docs/**/*.md, dotnet-docs, or one file of ids (.i32, .u16)",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly OutputOption output = new("--output", "The recipe to write; nothing is overwritten", "FILE.yaml") { DefaultValueFactory = _ => "recipe.yaml" };

    internal InitCommand() : base(
        "init",
        "Write a first recipe for a model and a text: a student of about half the size, and lengths that fit the text",
        "espalier init models/quickstart-teacher dotnet-docs --output my-recipe.yaml",
        "espalier init models/quickstart-teacher models/quickstart-teacher/self-written.jsonl --output own-text.yaml --json")
    {
        Arguments.Add(model);
        Arguments.Add(text);
        Options.Add(output);
    }

    protected override int Run(CommandRun run)
    {
        var (folder, texts) = (run.Get(model)!, run.Get(text)!);
        if (Path.Exists(run.Get(output)))
            throw new EspalierException($"--output {run.Get(output)}: exists and is not overwritten; give another file");
        var file = output.File(run, s_none, [new("the model's folder", folder), .. SourcePlaces.Of("the text", texts)])!;
        var draft = RecipeDraft.Of(folder, texts, run.Cancellation);
        var yaml = RecipeDraftText.Of(draft);
        // What is written is what plan and compress take.
        var plan = RecipePlan.Of(RecipeFile.Parse(yaml, file));
        DurableOutput.WriteText(file, yaml, replace: false);
        run.Write(InitReport.Of(file, plan, draft), InitPage.Show);
        return ExitCodes.Done;
    }
}
