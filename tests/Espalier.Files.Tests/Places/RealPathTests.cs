using System.Diagnostics;
using Espalier.Tests;

namespace Espalier.Files.Tests.Places;

/// <summary>What is said of the file that a path leads to, and not of the link.</summary>
public sealed class RealPathTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_length_is_that_of_the_file_that_links_lead_to()
    {
        File.WriteAllBytes(_folder.Of("file"), new byte[1000]);
        File.CreateSymbolicLink(_folder.Of("a"), "file");
        File.CreateSymbolicLink(_folder.Of("b"), _folder.Of("a"));
        Assert.Equal([1000, 1000, 1000], new[] { "file", "a", "b" }.Select(name => RealPath.LengthOf(_folder.Of(name))));
    }

    [Fact]
    public void A_pipe_has_none_behind_a_link_either_and_a_link_to_nothing_is_missing()
    {
        using (var made = Process.Start("mkfifo", [_folder.Of("pipe")]))
            made.WaitForExit();
        File.CreateSymbolicLink(_folder.Of("a"), "pipe");
        File.CreateSymbolicLink(_folder.Of("b"), "nothing");
        Assert.Equal([0, 0], new[] { "pipe", "a" }.Select(name => RealPath.LengthOf(_folder.Of(name))));
        foreach (var name in new[] { "b", "c" })
            Assert.Throws<FileNotFoundException>(() => RealPath.LengthOf(_folder.Of(name)));
    }
}
