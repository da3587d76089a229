using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs.Results;

namespace Espalier.Cli.Tests.Commands.Runs;

/// <summary>A real run of two recipes with two seeds each on the tiny teacher, made once.</summary>
public sealed class StudyRun : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Lazy<JsonElement> _printed;

    public StudyRun() => _printed = new(Make);

    /// <summary>The run folder.</summary>
    internal string Folder => Path.Combine(_folder.Path, "run");

    /// <summary>What compress printed.</summary>
    internal JsonElement Printed => _printed.Value;

    /// <summary>What lies in the folder.</summary>
    internal IReadOnlyList<CompressResult> Results
    {
        get
        {
            _ = Printed;
            return RunResults.Read(Folder);
        }
    }

    /// <summary>The command line once more, which finds everything done.</summary>
    internal string Line => $"compress {Recipe("kl")} {Recipe("ce")} --seeds 1,2 --output {Folder} --threads 1";

    public void Dispose() => _folder.Dispose();

    private JsonElement Make()
    {
        var ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 4000).Select(i => i * i % 127));
        foreach (var (name, loss) in new[] { ("kl", "forward-kl"), ("ce", "cross-entropy") })
            File.WriteAllText(Recipe(name), $$"""
                teacher: {{Verb.Tiny}}
                data: { train: {{ids}}, held-out: 10%, sequence: 32 }
                score: { samples: 8 }
                prune: { ffn: 64, multiple: 1 }
                distill: { loss: {{loss}}, steps: 6, batch: 2, warm-up: 0, evaluate-every: 3 }
                """);
        return Verb.Json(Line);
    }

    private string Recipe(string name) => Path.Combine(_folder.Path, $"{name}.yaml");
}
