using Espalier.Tests;

namespace Espalier.Files.Tests.Writing;

/// <summary>What only one command needs goes with it, and what a killed one left with the next.</summary>
public sealed class ScratchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_scratch_folder_is_there_while_it_is_used_and_for_this_user_alone()
    {
        string path;
        using (var scratch = ScratchFolder.Begin())
        {
            path = scratch.Path;
            File.WriteAllText(Path.Combine(path, "a"), "a");
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
        }
        Assert.False(Path.Exists(path));
    }

    [Fact]
    public void Only_what_nobody_holds_any_more_is_swept_away()
    {
        string[] kept = ["espalier.tmp-abc12", "espalier.tmp-abc1234", "espalier.tmp-abc-12",
            "my-espalier.tmp-abc123", "espalier-tokens-abc123", "espalier.tmp-inUse1"];
        foreach (var name in kept.Append("espalier.tmp-Left12"))
        {
            Directory.CreateDirectory(_folder.Of(name));
            File.WriteAllText(_folder.Of(name, "tokens.bin"), "half");
        }
        Directory.CreateDirectory(_folder.Of("precious"));
        Directory.CreateSymbolicLink(_folder.Of("espalier.tmp-Link12"), _folder.Of("precious"));
        File.WriteAllText(_folder.Of("espalier.tmp-File12"), "a file");
        using var held = DurableFiles.Hold(_folder.Of("espalier.tmp-inUse1"));

        // Just made: its maker may not hold it yet.
        ScratchFolder.Sweep(DurableFiles.OnDisk, _folder.Path, DateTime.UtcNow);
        Assert.True(Directory.Exists(_folder.Of("espalier.tmp-Left12")));

        ScratchFolder.Sweep(DurableFiles.OnDisk, _folder.Path, DateTime.UtcNow.AddMinutes(2));
        Assert.Equal(
            kept.Concat(["precious", "espalier.tmp-Link12", "espalier.tmp-File12"]).Order(StringComparer.Ordinal),
            Directory.GetFileSystemEntries(_folder.Path).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_scratch_file_has_no_name_and_reads_what_was_written()
    {
        using var scratch = new ScratchFile(_folder.Path, "streams");
        Assert.Empty(_folder.Files());
        scratch.Stream.Write("abc"u8);
        scratch.Stream.Position = 1;
        Assert.Equal('b', scratch.Stream.ReadByte());
    }

    [Fact]
    public void A_new_file_takes_no_ones_place()
    {
        DurableOutput.WriteText(_folder.Of("x"), "mine", replace: false);
        var error = Assert.Throws<EspalierException>(() => DurableOutput.WriteText(_folder.Of("x"), "other", replace: false));
        Assert.Contains(_folder.Of("x"), error.Message, StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(_folder.Of("x")));
        Assert.Equal(["x"], _folder.Files());
    }

    public void Dispose() => _folder.Dispose();
}
