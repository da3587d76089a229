using Espalier.Tests;

namespace Espalier.Cli.Tests.Survival;

/// <summary>kill -9 while a model is written: the next start of the same leaves nothing of it, which is as large as a model.</summary>
[Collection(SharedSmallRun.Name)]
public sealed class ExportKillTests(SmallRun small)
{
    [Theory]
    [InlineData("out", "--type", "hf")]
    [InlineData("out.gguf", "--type", "f32")]
    public void A_killed_export_leaves_nothing_once_it_is_given_again(string name, params string[] options)
    {
        var folder = Directory.CreateDirectory(small.At($"export-{name}")).FullName;
        string[] line = ["export", Path.Combine(Fixtures.Root, "models", "quickstart-teacher"), "--output", Path.Combine(folder, name),
            .. options];
        var killed = 0;
        for (var attempt = 0; attempt < 20 && killed < 3; attempt++)
        {
            using var program = new RealProgram(line);
            program.Spin(() => Unfinished(folder).Length > 0);
            if (program.HasExited)
            {
                Remove(Path.Combine(folder, name));
                continue;
            }
            program.Kill();
            if (Unfinished(folder).Length > 0)
                killed++;
            Remove(Path.Combine(folder, name));
        }
        Assert.True(killed > 0, "no export was met while it wrote");
        using (var program = new RealProgram(line))
            Assert.True(program.Wait() == 0, program.Error);
        Assert.Equal([Path.Combine(folder, name)], Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void A_run_that_is_killed_while_it_exports_leaves_nothing()
    {
        var run = small.At("killed-export");
        var killed = false;
        for (var attempt = 0; attempt < 20 && !killed; attempt++)
        {
            using var program = small.Start(run);
            program.Spin(() => Directory.Exists(run) && Unfinished(run).Any(Directory.Exists));
            if (!program.HasExited)
                program.Kill();
            killed = Unfinished(run).Any(Directory.Exists);
            if (!killed && program.HasExited)
                Remove(run);
        }
        Assert.True(killed, "no run was met while it exported");
        small.AssertUndisturbed(small.Finish(run));
        Assert.Empty(Unfinished(run));
    }

    private static string[] Unfinished(string folder) => Directory.GetFileSystemEntries(folder, "*.tmp-*");

    private static void Remove(string path)
    {
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        else
            File.Delete(path);
    }
}
