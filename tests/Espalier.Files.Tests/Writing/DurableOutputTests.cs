using Espalier.Tests;

namespace Espalier.Files.Tests.Writing;

/// <summary>
/// The one way in which commands and library hosts write, with every act failing in turn, and what a killed writer leaves.
/// </summary>
public sealed class DurableOutputTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_file_is_flushed_before_it_is_renamed_and_its_folder_afterwards()
    {
        var layer = new FaultyLayer(int.MaxValue, Fault.Error);
        layer.During(() => DurableOutput.WriteFile(_folder.Of("x"), 3, stream => stream.Write("new"u8)));
        Assert.Equal(["create", "write", "sync", "rename", "sync-folder"], layer.Acts.Select(act => act.Split(' ')[0]));
    }

    [Fact]
    public void A_folder_is_flushed_with_all_that_is_in_it_before_it_is_renamed()
    {
        var layer = new FaultyLayer(int.MaxValue, Fault.Error);
        layer.During(() => DurableOutput.WriteFolder(_folder.Of("x"), 3, place => File.WriteAllText(Path.Combine(place, "a"), "new")));
        Assert.Equal(["create-folder", "sync", "sync-folder", "rename", "sync-folder"], layer.Acts.Select(act => act.Split(' ')[0]));
    }

    [Fact]
    public void A_full_disk_at_any_act_is_one_line_and_the_old_file_stays()
    {
        File.WriteAllText(_folder.Of("x"), "old");
        for (var act = 0; act < 4; act++)
        {
            var error = Assert.Throws<EspalierException>(() =>
                new FaultyLayer(act,
                    Fault.Full).During(() => DurableOutput.WriteFile(_folder.Of("x"), 3, stream => stream.Write("new"u8))));
            Assert.Equal(1, error.ExitCode);
            Assert.Contains("the disk is full", error.Message);
            Assert.Equal("old", File.ReadAllText(_folder.Of("x")));
            Assert.Equal(["x"], _folder.Files());
        }
    }

    [Fact]
    public void What_a_killed_writer_left_goes_at_the_next_write_of_that_name_and_nothing_else_does()
    {
        var (dead, other) = (Leftovers.NameFor(_folder.Of("student")), Leftovers.NameFor(_folder.Of("teacher")));
        var (deadFile, linked) = (Leftovers.NameFor(_folder.Of("student")), Leftovers.NameFor(_folder.Of("student")));
        Directory.CreateDirectory(dead);
        File.WriteAllText(Path.Combine(dead, "model.safetensors"), "half");
        File.WriteAllText(deadFile, "half");
        string[] kept = [other, linked, _folder.Of("student.tmp-notes"), _folder.Of("student.tmp-deadbeef"),
            _folder.Of("student.tmp-0000000"), _folder.Of("my-student" + Path.GetFileName(deadFile)["student".Length..])];
        Directory.CreateDirectory(_folder.Of("mine"));
        File.WriteAllText(_folder.Of("mine/thesis"), "years");
        Directory.CreateSymbolicLink(linked, _folder.Of("mine"));
        foreach (var name in kept.Where(name => name != linked))
            File.WriteAllText(name, "mine");

        DurableOutput.WriteFolder(_folder.Of("student"), 0, place => File.WriteAllText(Path.Combine(place, "a"), ""));

        Assert.False(Path.Exists(dead));
        Assert.False(Path.Exists(deadFile));
        Assert.All(kept, name => Assert.True(Path.Exists(name), name));
        Assert.True(File.Exists(_folder.Of("mine/thesis")));
    }

    [Fact]
    public void What_killed_writers_of_other_outputs_left_beside_it_goes_a_minute_later()
    {
        var other = Leftovers.NameFor(_folder.Of("merged"));
        Directory.CreateDirectory(Path.Combine(other, "stages"));
        var foreign = _folder.Of("thesis.tmp-12345678");
        File.WriteAllText(foreign, "years");
        var files = DurableFiles.OnDisk;
        files.Sweep(_folder.Of("student"));
        Assert.True(Directory.Exists(other));
        using (DurableFiles.Hold(other))
            files.Sweep(_folder.Of("student"), DateTime.UtcNow.AddMinutes(2));
        Assert.True(Directory.Exists(other));
        files.Sweep(_folder.Of("student"), DateTime.UtcNow.AddMinutes(2));
        Assert.False(Directory.Exists(other));
        Assert.True(File.Exists(foreign));
    }

    [Fact]
    public void What_a_living_writer_is_at_work_on_is_not_swept_away()
    {
        var files = DurableFiles.OnDisk;
        DurableOutput.WriteFolder(_folder.Of("student"), 0, place =>
        {
            File.WriteAllText(Path.Combine(place, "a"), "");
            files.Sweep(_folder.Of("student"));
            DurableOutput.WriteFile(_folder.Of("file"), 0, stream =>
            {
                files.Sweep(_folder.Of("file"));
                stream.Write("b"u8);
            });
        });
        Assert.Equal(["file", "student/a"], _folder.Files());
    }

    [Fact]
    public async Task A_hold_is_had_though_somebody_looks_at_that_instant()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var place = _folder.Of("place");
        Directory.CreateDirectory(place);
        var claimed = LibC.Claim(place)!;
        var holding = Task.Run(() => DurableFiles.Hold(place));
        // Without waiting for it, a hold would be over by then and nobody's.
        await Task.WhenAny(holding, Task.Delay(300));
        claimed.Dispose();
        using var held = await holding;
        Assert.Null(LibC.Claim(place));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whoever_sweeps_at_any_instant_takes_nothing_from_a_living_writer(bool isFolder)
    {
        var (files, place, ended) = (DurableFiles.OnDisk, _folder.Of("student"), false);
        var sweeper = Task.Run(() =>
        {
            while (!Volatile.Read(ref ended))
                files.Sweep(place);
        });
        try
        {
            for (var round = 0; round < 100; round++)
                if (isFolder)
                {
                    files.WriteFolder(place, made => File.WriteAllText(Path.Combine(made, "a"), "whole"));
                    Assert.Equal("whole", Read(Path.Combine(place, "a")));
                    files.DeleteTree(place);
                }
                else
                {
                    files.WriteFile(place, stream => stream.Write("whole"u8));
                    Assert.Equal("whole", Read(place));
                }
        }
        finally
        {
            Volatile.Write(ref ended, true);
            await sweeper;
        }

        // As the program reads, without .NET's lock, which who sweeps may have for an instant.
        static string Read(string path)
        {
            using var text = new StreamReader(File.Open(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            return text.ReadToEnd();
        }
    }

    [Fact]
    public void A_folder_that_fills_up_meanwhile_is_not_deleted()
    {
        Directory.CreateDirectory(_folder.Of("x"));
        Assert.Throws<EspalierException>(() =>
            DurableOutput.WriteFolder(_folder.Of("x"), 0, _ => File.WriteAllText(_folder.Of("x/mine"), "years")));
        Assert.Equal(["x/mine"], _folder.Files());
    }

    public void Dispose() => _folder.Dispose();
}
