using System.Text.RegularExpressions;

namespace Espalier.Cli.Tests.Repository;

/// <summary>One writer: what a disk is changed by lies in one project, so that tests can make every act of it fail.</summary>
public sealed partial class WriterTests
{
    /// <summary>The lock of a run folder is the system's, and its text a courtesy; the other writes to stderr alone.</summary>
    private static readonly string[] s_apart = ["src/Espalier.Pipeline/Runs/Folders/RunLock.cs", "src/Espalier.Cli/OpenFiles.cs"];

    [Fact]
    public void Nothing_but_the_bottom_project_changes_the_disk()
    {
        var sources = RepositoryFiles.All.Where(path =>
            path.StartsWith("src/", StringComparison.Ordinal) && path.EndsWith(".cs", StringComparison.Ordinal)
            && !path.StartsWith("src/Espalier.Files/", StringComparison.Ordinal) && !s_apart.Contains(path)).ToArray();
        Assert.True(sources.Length > 500);
        Assert.Empty(sources.SelectMany(path => Act().Matches(RepositoryFiles.Read(path)).Select(match => $"{path}: {match.Value}")));
    }

    [Theory]
    [InlineData("File.WriteAllText(path, text)", true)]
    [InlineData("System.IO.File.Move(a, b)", true)]
    [InlineData("new FileStream(path, FileMode.Create)", true)]
    [InlineData("new FileStream(path, FileMode.Open, FileAccess.Write)", true)]
    [InlineData("Directory.CreateTempSubdirectory(\"x\")", true)]
    [InlineData("new StreamWriter(path)", true)]
    [InlineData("new StreamWriter(stream, leaveOpen: true)", false)]
    [InlineData("DurableFiles.OnDisk.DeleteFile(path)", false)]
    [InlineData("DurableOutput.WriteFile(path, 0, write)", false)]
    [InlineData("new FileStream(path, FileMode.Open, FileAccess.Read)", false)]
    [InlineData("File.ReadAllBytes(path)", false)]
    public void An_act_on_the_disk_is_told_from_others(string code, bool isOne) => Assert.Equal(isOne, Act().IsMatch(code));

    [GeneratedRegex(
        @"(?<![\w])(File\.(Write|Append|Create|OpenWrite|Move|Copy|Delete|Replace|Set)\w*\(|Directory\.(Create|Move|Delete)\w*\("
        + @"|FileMode\.(?!Open\b)\w+|FileAccess\.(Read)?Write|new StreamWriter\((?!stream\b|\w*[sS]tream,)\w*[pP]ath|\.(MoveTo|CopyTo|CreateSubdirectory)\(""?[pP]ath)")]
    private static partial Regex Act();
}
