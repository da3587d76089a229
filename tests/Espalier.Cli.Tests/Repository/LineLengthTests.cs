namespace Espalier.Cli.Tests.Repository;

/// <summary>Lines have at most 140 columns, but for what cannot be broken: data, and strings.</summary>
public sealed class LineLengthTests
{
    private const int Most = 140;

    private static readonly string[] s_data = ["UnicodeNormalization.Table.cs", "ReportStyle.cs"];

    [Fact]
    public void Lines_fit()
    {
        var tooLong =
            RepositoryFiles.All.Where(path => path.EndsWith(".cs", StringComparison.Ordinal) && !s_data.Contains(Path.GetFileName(path)))
            .SelectMany(path => RepositoryFiles.Read(path).Split('\n').Index()
                .Where(line => line.Item.Length > Most && IsBreakable(path, line.Item)).Select(line => $"{path}:{line.Index + 1}"));
        Assert.Empty(tooLong);
    }

    // A long line with a string is taken for a long string; bench/Help.cs is one.
    private static bool IsBreakable(string path, string line) =>
        line.TrimStart().StartsWith("//", StringComparison.Ordinal)
            || (!line.Contains('"') && !path.StartsWith("bench/", StringComparison.Ordinal)
                && !path.StartsWith("tests/", StringComparison.Ordinal));
}
