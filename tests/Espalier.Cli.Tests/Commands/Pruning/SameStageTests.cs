using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Pruning;

/// <summary>A command and a recipe with the same settings mean the same stage: what comes out is the same to the byte.</summary>
public sealed class SameStageTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    [Fact]
    public void Scores_layers_and_cuts_of_commands_are_those_of_a_recipe()
    {
        var ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 33 * 12).Select(i => (i * 37 + i / 5) % 128));
        File.WriteAllText(At("small.yaml"), $$"""
            teacher: {{Verb.Tiny}}
            data: { train: {{ids}}, held-out: 10%, sequence: 32 }
            score: { samples: 4, depth: lm-loss, depth-samples: 5 }
            prune: { ffn: 64, layers: 4 }
            evaluate: [ own: {{ids}} ]
            """);
        _ = Verb.Json($"compress {At("small.yaml")} --output {At("run")} --threads 1");
        var text = $"--ids {ids} --sequence 32 --threads 1";
        _ = Verb.Json($"score {Verb.Tiny} {text} --samples 4 --spans 1,2 --output {At("scores.json")}");
        _ = Verb.Json($"depth {Verb.Tiny} {text} --samples 5 --metrics lm-loss --spans 2 --output {At("depth.json")}");
        _ = Verb.Json(
            $"prune {Verb.Tiny} --scores {At("scores.json")} --depth-scores {At("depth.json")} --ffn 64 --layers 4 --output "
                + $"{At("pruned")} --write-plan {At("plan.json")}");

        Same("score", "scores.json", "scores.json");
        Same("depth", "depth.json", "depth.json");
        Same("prune", "plan.json", "plan.json");
        Same("prune", "model/model.safetensors", "pruned/model.safetensors");
        Same("prune", "model/config.json", "pruned/config.json");
    }

    private string At(string name) => Path.Combine(_folder.Path, name);

    private void Same(string stage, string artefact, string output) => Assert.Equal(
        File.ReadAllText(Path.Combine(Assert.Single(Directory.GetDirectories(At("run/stages"), $"{stage}-*")), artefact),
            System.Text.Encoding.Latin1),
        File.ReadAllText(At(output), System.Text.Encoding.Latin1));
}
