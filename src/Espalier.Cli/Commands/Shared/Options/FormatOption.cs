using Espalier.Cli.Rendering;
using Espalier.Pipeline.Options;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary>How a command with a table prints it.</summary>
internal enum OutputFormat
{
    /// <summary>For people.</summary>
    Text,

    /// <summary>As <c>--json</c> does.</summary>
    Json,

    /// <summary>The table alone, for spreadsheets and programs.</summary>
    Csv,

    /// <summary>All that people see, for a page.</summary>
    Markdown,
}

/// <summary><c>--format</c> of the commands whose result is a table.</summary>
internal sealed class FormatOption() : ValueOption<OutputFormat>("--format", Kinds.Choice<OutputFormat>(),
    "Output format: text for people, json (like --json), csv (only the table, with all digits), or Markdown",
    OutputFormat.Text)
{
    /// <summary>Refuses another format beside <c>--json</c>; before the work, so that hours do not end in a refusal.</summary>
    internal void Check(CommandRun run)
    {
        if (run.Json && run.Has(this) && run.Get(this) is { } other and not OutputFormat.Json)
            throw new EspalierException($"--json and --format {other.ToString().ToLowerInvariant()} were both given: keep one of them");
    }

    /// <summary>Writes the command's one result.</summary>
    /// <param name="run">The command at work.</param>
    /// <param name="result">The result.</param>
    /// <param name="render">Shows it to people.</param>
    /// <param name="table">Its table.</param>
    /// <param name="beside">What the command alone knows, for JSON.</param>
    internal void Write<T>(
        CommandRun run, T result, Action<Page, T> render, Func<T, CsvTable> table, params (string Name, object? Value)[] beside)
            where T : notnull
    {
        switch (run.Get(this))
        {
            case OutputFormat.Json:
                run.Terminal.Output.WriteLine(JsonOutput.Serialize(result, beside));
                break;
            case OutputFormat.Csv:
                table(result).Write(run.Terminal.Output);
                break;
            case OutputFormat.Markdown:
                render(Page.Markdown(run.Terminal), result);
                break;
            default:
                run.Write(result, render, beside);
                break;
        }
    }
}
