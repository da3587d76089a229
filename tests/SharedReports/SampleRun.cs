using System.Text;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Residuals;
using Espalier.Compression.Pruning;
using Espalier.Models;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Results;
using Espalier.Reports;

namespace Espalier.Tests;

/// <summary>A run folder with plausible numbers in it, without a run.</summary>
internal sealed class SampleRun : IDisposable
{
    private const int Hidden = 256, Ffn = 768, Layers = 8, Heads = 8, KeptHidden = 192, KeptFfn = 512, KeptHeads = 4;
    private static readonly int[] s_keptLayers = [0, 1, 2, 3, 6, 7];
    private readonly TemporaryFolder _folder = new();
    private readonly Random _random = new(7);

    internal string Path => _folder.Path;

    internal RunManifest Manifest { get; set; } = new()
    {
        ProgramVersion = "0.1.0",
        RecipeHash = new('a', 64),
        Seeds = new Dictionary<string, long> { ["run"] = 1 },
        Machine = new("Some CPU @ 2.5 GHz", 2, 2, new Dictionary<string, string> { ["libtorch"] = "2.6.0", ["dotnet"] = "10.0.0" }),
        Warnings = ["distill: step 120 skipped: its loss is NaN and its gradient norm NaN"],
    };

    internal string Recipe { get; set; } =
        "teacher: models/quickstart-teacher\ndata: { train: dotnet-docs, sequence: 256 }\nprune: { hidden: 192, ffn: 512, heads: 4, "
            + "layers: 6 }\n";

    /// <summary>The report of these arms.</summary>
    internal string Report(params CompressResult[] results)
    {
        using var text = new StringWriter();
        ReportWriter.Write(text, results, Manifest, Recipe);
        return text.ToString();
    }

    /// <summary>An arm; <paramref name="worse"/> is how many nats it loses against the first.</summary>
    internal CompressResult Arm(string arm, double worse = 0, long steps = 400)
    {
        var (teacher, corrected) =
            (Model("teacher", Hidden, Ffn, Layers, Heads), Model("stages/correct-0123456789ab/model", Hidden, Ffn, Layers, Heads));
        var (pruned, student) =
            (Model($"stages/prune-{Hash(arm)}/model", KeptHidden, KeptFfn, s_keptLayers.Length, KeptHeads),
                Model($"{arm}/student", KeptHidden, KeptFfn, s_keptLayers.Length, KeptHeads));
        return new()
        {
            Arm = arm,
            Output = Path,
            Student = student,
            Gguf = [System.IO.Path.Combine(Path, arm, "student-q8_0.gguf")],
            Rows =
            [
                Row(arm, "teacher", teacher, 7_475_456, 4.105, 1.302, 212),
                Row(arm, "corrected teacher", corrected, 7_475_456, 2.871, 1.644, 214),
                Row(arm, "pruned", pruned, 3_393_216, 5.402 + worse, 4.212 + worse, 371),
                Row(arm, "student", student, 3_393_216, 3.108 + worse, 1.905 + worse, 374),
            ],
            Stages =
            [
                new(arm, "data", "data-00aa11bb22cc", 14.2, false), new(arm, "correct", "correct-0123456789ab", 481.7, false),
                new(arm, "score", "score-ba9876543210", 22.3, true),
                new(arm, "prune", $"prune-{Hash(arm)}", 0.8, false), new(arm, "distill", $"distill-{Hash(arm)}", 1322.4, false),
                new(arm, "export", $"export-{Hash(arm)}", 1.1, false), new(arm, "evaluate", $"evaluate-{Hash(arm)}", 31.5, false),
            ],
            Scores = Scores(),
            Plan = Plan(arm),
            Metrics = new Dictionary<string, string>
            {
                ["correct"] = Metrics("stages/correct-0123456789ab", 120, 3.9, 2.9, 2.95, 0),
                ["distill"] = Metrics($"stages/distill-{Hash(arm)}", steps, 2.6, 0.42 + worse / 2, 3.2, worse),
            },
        };
    }

    /// <summary>A metrics.jsonl with these lines.</summary>
    internal string Lines(string name, params string[] lines)
    {
        var path = System.IO.Path.Combine(Path, name);
        File.WriteAllText(path, string.Concat(lines.Select(line => line + "\n")));
        return path;
    }

    public void Dispose() => _folder.Dispose();

    private static string Hash(string arm) => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(arm.PadLeft(6))[^6..]);

    private static ModelRow Row(string arm, string model, string path, long parameters, double heldOut, double domain, double speed) => new(
        arm, model, path, parameters, parameters - 1_000_000, parameters * 2,
        [new("held-out", heldOut, 0.021, Math.Exp(heldOut), heldOut / 2.9, 51_200),
            new("teacher-domain", domain, 0.034, Math.Exp(domain), null, 12_800)],
        new(speed, 0.95 * speed, 1.03 * speed, 5, 96));

    private string Model(string place, int hidden, int ffn, int layers, int heads)
    {
        var folder = Directory.CreateDirectory(System.IO.Path.Combine(Path, place)).FullName;
        var config =
            JsonNode.Parse(
                File.ReadAllText(System.IO.Path.Combine(Fixtures.Root, "models", "quickstart-teacher", "config.json")))!.AsObject();
        (config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"], config["num_attention_heads"]) =
            (hidden, ffn, layers, heads);
        File.WriteAllText(System.IO.Path.Combine(folder, "config.json"), config.ToJsonString());
        return folder;
    }

    private string Metrics(string place, long steps, double first, double last, double heldOut, double worse)
    {
        var path = System.IO.Path.Combine(Directory.CreateDirectory(System.IO.Path.Combine(Path, place)).FullName, "metrics.jsonl");
        var text = new StringBuilder();
        for (var step = 1L; step <= steps; step++)
        {
            var decay = Math.Exp(-6.0 * step / steps);
            var loss = last + (first - last) * decay + 0.08 * (_random.NextDouble() - 0.5) * (1 + decay);
            var rate = step < 20 ? 1e-3 * step / 20 : 1e-4 + 0.9e-3 * 0.5 * (1 + Math.Cos(Math.PI * step / steps));
            var skipped = step == 120 && steps > 120;
            text.Append(CultureInfo.InvariantCulture,
                $$"""{"step":{{step}},"loss":{{(skipped ? "\"NaN\"" : loss)}},"gradient_norm":{{(skipped ? "\"NaN\"" : 0.6 + 3 * decay + 0.3 * _random.NextDouble())}},"learning_rate":{{rate}},"tokens":{{step * 2048}},"skipped":{{(skipped ? "true" : "false")}}}""").Append('\n');
            if (step % Math.Max(1, steps / 8) == 0)
                text.Append(CultureInfo.InvariantCulture,
                    $$"""{"step":{{step}},"held_out_nll":{{heldOut + worse + 1.4 * decay}},"held_out_nll_se":0.021}""").Append('\n');
        }
        File.WriteAllText(path, text.ToString());
        return path;
    }

    private string Scores()
    {
        var path =
            System.IO.Path.Combine(Directory.CreateDirectory(System.IO.Path.Combine(Path, "stages", "score-ba9876543210")).FullName,
                "scores.json");
        if (File.Exists(path))
            return path;
        var (neurons, heads, norms) = (Rows(Layers, Ffn, 2), Rows(Layers, Heads, 0.7), Rows(2 * Layers + 1, Hidden, 1));
        ScoresFile.Write(path, new()
        {
            Batch = "l2",
            Sequence = "mean",
            Samples = 256,
            SampleLength = 256,
            Teacher = new('b', 64),
            Calibration = new('c', 64),
            ChannelsPerNorm = norms,
            Units = new() { [Axis.Ffn] = neurons, [Axis.Heads] = heads, [Axis.Hidden] = Rows(1, Hidden, 1) },
            BlockInfluence = new Dictionary<int,
                double[]>
            { [1] = [0.61, 0.32, 0.24, 0.19, 0.11, 0.12, 0.22, 0.48], [2] = [0.7, 0.41, 0.33, 0.24, 0.18, 0.26, 0.52] },
        });
        return path;
    }

    private double[][] Rows(int rows, int columns, double steep) =>
        [.. Enumerable.Range(0, rows)
            .Select(row => Enumerable.Range(0, columns)
                .Select(_ => (1 + row) * Math.Exp(-steep * (1 + row / 8.0) * _random.NextDouble() - 0.3 * _random.NextDouble()))
                .ToArray())];

    private string Plan(string arm)
    {
        var path =
            System.IO.Path.Combine(Directory.CreateDirectory(System.IO.Path.Combine(Path, "stages", $"prune-{Hash(arm)}")).FullName,
                "plan.json");
        PlanFile.Write(path, new()
        {
            Method = "importance",
            Kept = new()
            {
                [Axis.Layers] = [s_keptLayers],
                [Axis.Hidden] = [[.. Enumerable.Range(0, KeptHidden)]],
                [Axis.Heads] = [.. s_keptLayers.Select(layer => layer % 2 == 0 ? new[] { 0, 2, 4, 6 } : [1, 3, 5, 7])],
                [Axis.Ffn] = [.. s_keptLayers.Select(_ => Enumerable.Range(0, KeptFfn).ToArray())],
            },
        });
        return path;
    }
}
