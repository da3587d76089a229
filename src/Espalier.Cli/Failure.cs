using Espalier.Cli.Host;
using Espalier.Pipeline.Recipes;

namespace Espalier.Cli;

/// <summary>Says on one line what went wrong; of a recipe each problem on a line of its own.</summary>
internal static class Failure
{
    /// <summary>Writes the line (and with <paramref name="verbose"/> the stack trace), and returns the exit code.</summary>
    internal static int Report(Exception error, bool verbose, TextWriter stderr)
    {
        var (line, code) = Describe(error);
        if (error is RecipeRefusedException { Problems: var problems })
            foreach (var problem in problems)
                stderr.WriteLine($"espalier: error: {OneLine.Of(problem)}");
        else
            stderr.WriteLine(line);
        if (verbose)
            stderr.WriteLine(error);
        else if (code == ExitCodes.Failed && error is not (EspalierException or IOException or UnauthorizedAccessException))
            stderr.WriteLine("espalier: run again with --verbose for the stack trace");
        return code;
    }

    private static (string Line, int Code) Describe(Exception error) => error switch
    {
        OperationCanceledException => ("espalier: interrupted", ExitCodes.Interrupted),
        EspalierException mendable => ($"espalier: error: {mendable.Message}", mendable.ExitCode),
        // One that wraps a single other says nothing itself.
        AggregateException { InnerExceptions: [var only] } => Describe(only),
        // What the disk says names the file; the type of the exception would say nothing more.
        IOException or UnauthorizedAccessException => ($"espalier: error: {OneLine.Of(DiskFull.Reason(error))}", ExitCodes.Failed),
        _ => ($"espalier: internal error: {OneLine.Of(error.Message)}", ExitCodes.Failed),
    };
}
