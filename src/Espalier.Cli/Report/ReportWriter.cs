using Espalier.Compression.Recipes;
using Espalier.Compression.Runs;

namespace Espalier.Cli.Report;

internal static class ReportWriter
{
    internal static void Write(TextWriter output, IReadOnlyList<CompressResult> results, RunManifest manifest, string recipeText) =>
        output.Write(results.Count + manifest.RecipeHash + recipeText.Length);
}
