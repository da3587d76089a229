using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Gguf;
using Espalier.Models.Gguf.Export;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Folders;

/// <summary>What the stored type cannot hold, by command; and what GGUF files of a run are made from.</summary>
public sealed class ExportRangeTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    private string At(string name) => Path.Combine(_folder.Path, name);

    [Theory]
    [InlineData("export M --type hf --dtype f16 --output OUT", "model.layers.1.mlp.up_proj.weight: element 50 is 100000")]
    [InlineData("export M --type f16 --output OUT.gguf", "blk.1.ffn_up.weight: row 1, column 2 is 100000")]
    [InlineData("prune M --random --hidden 48 --ffn 96 --multiple 1 --dtype f16 --output OUT",
        "model.layers.1.mlp.up_proj.weight: element 50 is 100000")]
    public void A_weight_beyond_the_type_is_refused_by_name_or_clamped_when_told(string line, string named)
    {
        using (var tiny = Checkpoint.Open(Verb.Tiny))
            CheckpointWriter.Write(At("large"), tiny.Config, tiny, ElementType.F32, new OneLarge(tiny));
        line = line.Replace("OUT", At("out"), StringComparison.Ordinal).Replace(" M ", $" {At("large")} ", StringComparison.Ordinal);
        var (code, _, error) = TestCommand.Launch(line);
        Assert.Equal(2, code);
        Assert.Contains(named, error);
        Assert.Equal(["large"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));
        Verb.Json(line + " --clamp");
        if (!Directory.Exists(At("out")))
            return;
        using var written = Checkpoint.Open(At("out"));
        Assert.Equal(65504, written.ReadFloat32("model.layers.1.mlp.up_proj.weight")[50]);
    }

    [Fact]
    public void Gguf_files_of_a_run_are_made_from_what_was_trained_and_not_from_the_rounded_folder()
    {
        Verb.Json($"export {Verb.Tiny} --type hf --dtype f16 --output {At("teacher")}");
        var ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 2000).Select(i => i * i % 127));
        File.WriteAllText(At("r.yaml"),
            $"teacher: {At("teacher")}\ndata: {{ train: {ids}, held-out: 10%, sequence: 16 }}\nprune: {{ ffn: 64 }}\nscore: {{ samples: 4 "
                + $"}}\ndistill: {{ steps: 2, batch: 2 }}\nexport: [ hf, gguf-f32 ]\n");
        Verb.Json($"compress {At("r.yaml")} --output {At("run")}");
        var trained = Directory.GetDirectories(At("run/stages"), "distill-*").Select(stage => Path.Combine(stage, "model")).Single();
        using (var student = Checkpoint.Open(At("run/student")))
            Assert.Equal(ElementType.F16, student.StoredType);

        GgufExporter.Export(trained, At("trained.gguf"), GgufFormat.F32, name: "student");
        GgufExporter.Export(At("run/student"), At("rounded.gguf"), GgufFormat.F32, name: "student");
        Assert.Equal(ContentHash.OfFile(At("trained.gguf")), ContentHash.OfFile(At("run/student-f32.gguf")));
        Assert.NotEqual(ContentHash.OfFile(At("rounded.gguf")), ContentHash.OfFile(At("run/student-f32.gguf")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("clamp: true\n")]
    public void Merged_heads_beyond_the_teachers_type_are_refused_or_clamped_as_the_recipe_says(string clamp)
    {
        using (var tiny = Checkpoint.Open(Verb.Tiny))
            CheckpointWriter.Write(At("teacher"), tiny.Config, tiny, ElementType.F16, new LargeQueries(tiny));
        var ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 2000).Select(i => i * i % 127));
        File.WriteAllText(At("r.yaml"),
            $"teacher: {At("teacher")}\ndata: {{ train: {ids}, held-out: 10%, sequence: 16 }}\nscore: {{ samples: 4 }}\nprune: {{ heads: "
                + $"4, merge-heads: true }}\n{clamp}");
        var (code, _, error) = TestCommand.Launch($"compress {At("r.yaml")} --output {At("run")}");
        Assert.Equal((clamp.Length > 0 ? 0 : 2, true),
            (code, error.Contains(clamp.Length > 0 ? "were clamped" : "which F16 cannot hold", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("export M --type f32 --output OUT")]
    [InlineData("export M --type hf --output OUT")]
    [InlineData("prune M --random --ffn 64 --multiple 1 --output OUT")]
    [InlineData("score M --method magnitude --output OUT")]
    public void What_a_killed_start_left_beside_its_output_is_gone_after_the_next(string line)
    {
        var left = LeftBy(At("out"));
        var others = LeftBy(At("other"));
        // Version 0.1's names, of a process that cannot live, of one that does, and of no process.
        var guid = Guid.NewGuid().ToString("N");
        var old = Directory.CreateDirectory(At($"out.tmp-999999999-{guid}")).FullName;
        string[] kept = [At($"out.tmp-{Environment.ProcessId}-{guid}"), At($"out.tmp-999999999-{guid}0"),
            At($"my-out.tmp-999999999-{guid}")];
        foreach (var path in kept)
            File.WriteAllText(path, "mine");
        File.WriteAllText(At("out.tmp-notes"), "mine");
        Verb.Json(line.Replace("OUT", At("out"), StringComparison.Ordinal).Replace(" M ", $" {Verb.Tiny} ", StringComparison.Ordinal));
        Assert.False(Path.Exists(left));
        Assert.False(Path.Exists(old));
        Assert.Equal(kept.Concat([others, At("out"), At("out.tmp-notes")]).Order(), Directory.GetFileSystemEntries(_folder.Path).Order());
    }

    /// <summary>
    /// What a writer of this output leaves when it is killed: its folder is put aside before it can clear away, and put back.
    /// </summary>
    private string LeftBy(string output)
    {
        var place = "";
        Assert.Throws<InvalidOperationException>(() => DurableFiles.OnDisk.WriteFolder(output, folder =>
        {
            File.WriteAllText(Path.Combine(place = folder, "model.safetensors"), "half");
            Directory.Move(folder, At("aside"));
            throw new InvalidOperationException("killed");
        }));
        Directory.Move(At("aside"), place);
        return place;
    }

    private sealed class OneLarge(ITensorSource source) : ITensorSource
    {
        public void Fill(string name, long firstElement, Span<float> destination)
        {
            source.Fill(name, firstElement, destination);
            if (name == "model.layers.1.mlp.up_proj.weight" && firstElement <= 50 && 50 < firstElement + destination.Length)
                destination[(int)(50 - firstElement)] = 100_000;
        }
    }

    /// <summary>
    /// Queries near the largest number of F16, the signs of no two heads alike: what a kept head gets of another's is beyond it somewhere.
    /// </summary>
    private sealed class LargeQueries(ITensorSource source) : ITensorSource
    {
        private const int Head = 8 * 48;

        public void Fill(string name, long firstElement, Span<float> destination)
        {
            source.Fill(name, firstElement, destination);
            if (!name.Contains("q_proj", StringComparison.Ordinal))
                return;
            for (var i = 0; i < destination.Length; i++)
                destination[i] = (((firstElement + i) % Head >> (int)((firstElement + i) / Head)) & 1) == 0 ? 60_000 : -60_000;
        }
    }

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }
}
