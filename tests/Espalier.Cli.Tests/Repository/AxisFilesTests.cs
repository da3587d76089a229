using System.Diagnostics;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Repository;

/// <summary>An axis is declared once: what lists sizes one by one is known, and the list may only become shorter.</summary>
public sealed class AxisFilesTests
{
    private const string Known = "tests/Espalier.Cli.Tests/Repository/axis-files.txt";

    [Fact]
    public void No_further_file_lists_the_axes_one_by_one()
    {
        var known = RepositoryFiles.Read(Known).Split('\n').Where(line => line.Length > 0 && line[0] != '#').ToArray();
        using var script = Process.Start(new ProcessStartInfo(Path.Combine(Fixtures.Root, "tests/axis-files"))
        {
            RedirectStandardOutput = true,
            WorkingDirectory = Fixtures.Root,
        })!;
        var found = script.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        script.WaitForExit();
        Assert.Equal(0, script.ExitCode);
        Assert.True(!found.Except(known).Any(),
            "walk Axis.All or Axis.Asked instead of naming sizes one by one:\n" + string.Join('\n', found.Except(known)));
        Assert.True(!known.Except(found).Any(), $"these no longer do; take them out of {Known}:\n" + string.Join('\n', known.Except(found)));
    }
}
