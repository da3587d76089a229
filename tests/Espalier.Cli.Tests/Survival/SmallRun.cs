using Espalier.Pipeline.Runs.Comparison;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Survival;

/// <summary>
/// A run of the real program that is over in seconds: the tiny golden teacher on ids that a formula gives, correction and distillation of
/// 20 steps each, a checkpoint every fourth. One that nothing disturbed is made once, for all to be compared with.
/// </summary>
public sealed class SmallRun : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-survival-").FullName;
    private readonly Lazy<string> _undisturbed;

    public SmallRun()
    {
        // Short positions, for every model's speed is measured over them.
        Directory.CreateDirectory(At("teacher"));
        foreach (var file in Directory.GetFiles(Fixtures.Golden("pruning", "teacher")))
            File.WriteAllBytes(At("teacher", Path.GetFileName(file)), File.ReadAllBytes(file));
        var config = File.ReadAllText(At("teacher", "config.json"));
        File.WriteAllText(At("teacher", "config.json"),
            config.Replace("\"max_position_embeddings\": 256", "\"max_position_embeddings\": 32", StringComparison.Ordinal));
        File.WriteAllBytes(At("ids.u16"), [.. Enumerable.Range(0, 20_000).SelectMany(i => BitConverter.GetBytes((ushort)(i * i % 127)))]);
        Recipe = WriteRecipe("recipe", "3e-3 to 3e-4");
        _undisturbed = new(() => Finish(At("undisturbed")));
    }

    /// <summary>The run that nothing disturbed.</summary>
    internal string Undisturbed => _undisturbed.Value;

    internal string Recipe { get; }

    /// <summary>A path in the folder of these tests.</summary>
    internal string At(params string[] parts) => Path.Combine([_folder, .. parts]);

    /// <summary>Starts the program on a run folder.</summary>
    internal RealProgram Start(string run, string? recipe = null) => new("compress", recipe ?? Recipe, "--output", run, "--threads", "1");

    /// <summary>Runs to the end.</summary>
    internal string Finish(string run)
    {
        // Those of a stage that is done are only waiting to be deleted.
        var newest = Checkpoints(run) is [.., var last] && !File.Exists(Path.Combine(last, "..", "..", "stage.json"))
            ? Path.GetFileName(last)["step-".Length..] : null;
        using var program = Start(run);
        var code = program.Wait();
        Assert.True(code == 0, program.Error);
        Assert.Empty(Checkpoints(run));
        Assert.Empty(Checkpoints(run, ".tmp"));
        // Lost is at most what came after the newest checkpoint.
        if (newest is not null)
            Assert.Contains($"resuming from step {newest}\n", program.Error, StringComparison.Ordinal);
        return run;
    }

    /// <summary>
    /// Asserts that a finished run has the bits of the undisturbed one: weights, data, scores, results and every line of metrics.
    /// </summary>
    internal void AssertUndisturbed(string run)
    {
        var result = RunComparison.Run(Undisturbed, run, new(Exact: true));
        Assert.True(result.First is null, $"{result.First}");
        foreach (var name in new[] { Path.Combine("student", "model.safetensors"), Path.Combine("student", "README.md"),
            "student-f32.gguf" })
            Assert.Equal(ContentHash.OfFile(Path.Combine(Undisturbed, name)), ContentHash.OfFile(Path.Combine(run, name)));
        Assert.Equal(Logs(Undisturbed), Logs(run));
    }

    /// <summary>Every metrics.jsonl of a run with its text.</summary>
    internal static string[] Logs(string run) => !Directory.Exists(run) ? [] :
        [.. Directory.EnumerateFiles(run, "metrics.jsonl", SearchOption.AllDirectories).Order()
            .Select(file => $"{Path.GetRelativePath(run, file)}\n{File.ReadAllText(file)}")];

    /// <summary>Folders of checkpoints of a run, newest last; those half written with <paramref name="suffix"/> .tmp.</summary>
    internal static string[] Checkpoints(string run, string suffix = "")
    {
        try
        {
            return !Directory.Exists(run) ? [] :
                [.. Directory.EnumerateDirectories(run, "step-*", SearchOption.AllDirectories)
                    .Where(path => int.TryParse(Path.GetFileName(path).AsSpan(5).TrimEnd(suffix), out _)
                        && path.EndsWith(suffix, StringComparison.Ordinal))
                    .OrderBy(path =>
                        int.Parse(Path.GetFileName(path).AsSpan(5).TrimEnd(suffix), System.Globalization.CultureInfo.InvariantCulture))];
        }
        catch (DirectoryNotFoundException)
        {
            // A folder that was there a moment ago: the program works beside us.
            return [];
        }
    }

    /// <summary>Writes the recipe, with a search in place of sizes where there is one.</summary>
    internal string WriteRecipe(string name, string learningRate, string shape = "prune: { hidden: 32, ffn: 64, heads: 4 }")
    {
        File.WriteAllText(At($"{name}.yaml"), $$"""
            teacher: {{At("teacher")}}
            data: { train: {{At("ids.u16")}}, held-out: 5%, sequence: 32 }
            correct: { steps: 20, batch: 4, learning-rate: {{learningRate}}, warm-up: 2, checkpoint-every: 4, evaluate-every: 8 }
            score: { samples: 32 }
            {{shape}}
            distill: { steps: 20, batch: 4, learning-rate: 1e-2 to 1e-3, warm-up: 2, checkpoint-every: 4, evaluate-every: 8 }
            evaluate: [ held-out ]
            export: [ hf, gguf-f32 ]
            """);
        return At($"{name}.yaml");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

/// <summary>The tests that share <see cref="SmallRun"/>.</summary>
[CollectionDefinition(Name)]
public sealed class SharedSmallRun : ICollectionFixture<SmallRun>
{
    /// <summary>Its name.</summary>
    public const string Name = "survival";
}
