using System.CommandLine;
using System.Text.RegularExpressions;
using Espalier.Cli.Commands;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Recipes;

/// <summary>A recipe and the options of commands say the same by the same names, and leave the same unsaid.</summary>
public sealed partial class RecipeAndOptionsTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    private static CommandBase Command(string name) => CommandList.All().Single(command => command.Name == name);

    private static Option Option(string command, string name) => Command(command).Options.Single(option => option.Name == name);

    /// <summary>
    /// Section of the recipe, command, keys that a command says otherwise: by arguments, by a command of their own or by a longer name.
    /// </summary>
    [Theory]
    [InlineData("distill", "distill", "hidden")]
    [InlineData("correct", "correct", "when mode threshold reference teacher-learning-rate")]
    [InlineData("correct", "pretrain", "when mode threshold reference teacher-learning-rate lora-rank lora-alpha lora-targets")]
    [InlineData("data", "distill", "train near-duplicates language max-repetition disk calibration")]
    [InlineData("data", "cache", "train near-duplicates language max-repetition disk calibration")]
    [InlineData("cache", "cache", "")]
    [InlineData("prune", "prune", "sparsity")]
    [InlineData("score", "score", "batch sequence rounds depth depth-samples task")]
    public void Every_key_is_an_option_of_that_name(string section, string command, string otherwise)
    {
        var page = File.ReadAllText(Path.Combine(Fixtures.Root, "docs", "recipe.md"));
        var text = page[page.IndexOf($"\n## {section}\n", StringComparison.Ordinal)..];
        var end = text.IndexOf("\n## ", 4, StringComparison.Ordinal);
        text = (end < 0 ? text : text[..end]).Split("\n| loss |")[0];
        var keys = Key().Matches(text).Select(match => match.Groups["key"].Value).Except(otherwise.Split(' ')).ToArray();
        Assert.NotEmpty(keys);
        var options = Command(command).Options.Select(option => option.Name).ToHashSet();
        Assert.All(keys, key => Assert.Contains($"--{key}", options));
    }

    [Theory]
    [InlineData("correct", "--learning-rate", "--lr")]
    [InlineData("correct", "--min-learning-rate", "--min-lr")]
    [InlineData("pretrain", "--warm-up", "--warmup")]
    [InlineData("distill", "--sequence", "--seq")]
    [InlineData("evaluate", "--sequence", "--seq")]
    [InlineData("score", "--sequence", "--seq")]
    [InlineData("depth", "--sequence", "--seq")]
    [InlineData("cache", "--sequence", "--seq")]
    [InlineData("need", "--sequence", "--seq")]
    public void Older_names_are_understood(string command, string name, string older) =>
    Assert.Contains(older, Option(command, name).Aliases);

    [Fact]
    public void Every_default_that_help_shows_is_accepted()
    {
        var seen = 0;
        foreach (var command in CommandList.All())
            foreach (var option in command.Options.Where(option => option.ValueType != typeof(bool)))
            {
                var said = Default().Match(option.Description ?? "");
                var shown = option.HasDefaultValue
                    ? Convert.ToString(option.GetDefaultValue(), System.Globalization.CultureInfo.InvariantCulture) : said.Success
                    ? said.Groups["value"].Value : null;
                // A sentence says what happens where nothing is given.
                if (shown is null or "" || shown.Contains(' '))
                    continue;
                seen++;
                Assert.True(
                    command.Parse([option.Name, shown]).Errors.All(error => !error.Message.Contains(option.Name, StringComparison.Ordinal)
                        || error.Message.Contains("missing", StringComparison.OrdinalIgnoreCase)
                        || error.Message.Contains("required", StringComparison.OrdinalIgnoreCase)),
                    $"{command.Name} shows {option.Name} with the default {shown} and refuses it");
            }
        Assert.True(seen > 60, $"{seen} defaults");
        Assert.Contains("[default: cosine]", TestCommand.Launch("correct --help").Output.ReplaceLineEndings(" "));
    }

    [Theory]
    [InlineData("score", "--samples")]
    [InlineData("depth", "--samples")]
    [InlineData("cache", "--k")]
    [InlineData("cache", "--samples")]
    [InlineData("cache", "--seed")]
    [InlineData("score", "--seed")]
    [InlineData("prune", "--seed")]
    [InlineData("distill", "--seed")]
    [InlineData("distill", "--sequence")]
    [InlineData("cache", "--sequence")]
    [InlineData("distill", "--temperature")]
    [InlineData("distill", "--loss")]
    [InlineData("need", "--threshold")]
    public void Defaults_are_those_of_the_recipe(string command, string option)
    {
        var (score, cache, training) = (new ScoreSection(), new CacheSection(), new TrainingSection());
        object expected = (command, option) switch
        {
            ("score", "--samples") => score.Samples,
            ("depth", "--samples") => score.DepthSamples,
            ("cache", "--k") => cache.K,
            ("cache", "--samples") => cache.Samples,
            (_, "--sequence") => new DataSection { Train = [] }.Sequence,
            (_, "--temperature") => training.Temperature,
            (_, "--loss") => training.Loss,
            (_, "--threshold") => CorrectionSection.DefaultThreshold,
            _ => 1,
        };
        Assert.Equal($"{expected}", $"{Option(command, option).GetDefaultValue()}");
    }

    public static TheoryData<string, string, string> SameTrainings => new()
    {
        { "correct", "steps: 3, batch: 2", "--steps 3 --batch 2" },
        { "correct", "steps: 3, batch: 2, learning-rate: 3e-4, clip: none", "--steps 3 --batch 2 --lr 3e-4 --clip 0" },
        { "correct", "steps: 3, batch: 2, learning-rate: 7e-5, clip: 0", "--tokens 96 --batch 2 --learning-rate 7e-5 --clip none" },
        { "correct", "steps: 3, batch: 2, adam-epsilon: 1e-6", "--steps 3 --batch 2 --adam-epsilon 0.000001" },
        { "distill", "steps: 3, batch: 2", "--steps 3 --batch 2" },
        { "distill", "steps: 3, batch: 2, learning-rate: 3e-4, temperature: 2, hidden: { final: true, weight: dynamic }",
            "--steps 3 --batch 2 --lr 3e-4 --temperature 2 --hidden-final --hidden-weight dynamic" },
        { "correct", "steps: 3, batch: 2, lora-rank: 2, lora-alpha: 4, lora-targets: [mlp, q_proj]",
            "--steps 3 --batch 2 --lora-rank 2 --lora-alpha 4 --lora-targets q_proj,mlp" },
        { "pretrain", "steps: 3, batch: 2, learning-rate: 3e-4, loss: cross-entropy", "--steps 3 --batch 2 --lr 3e-4" },
    };

    [Theory]
    [MemberData(nameof(SameTrainings))]
    public void The_same_training_by_command_and_by_recipe_has_the_same_options_in_its_key(string command, string section, string options)
    {
        // Short positions, for every model's speed is measured over them.
        var teacher = Verb.Copy(Verb.Tiny, At("teacher"));
        var config = File.ReadAllText(At("teacher/config.json"));
        File.WriteAllText(At("teacher/config.json"),
            config.Replace("\"max_position_embeddings\": 256", "\"max_position_embeddings\": 32", StringComparison.Ordinal));
        var ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 1000).Select(i => i * i % 127));
        var training = command == "correct" ? $"correct: {{ {section} }}" : $"distill: {{ {section} }}";
        File.WriteAllText(At("recipe.yaml"),
            $"teacher: {teacher}\ndata: {{ train: {ids}, held-out: 10%, sequence: 16 }}\nprune: {{ method: "
                + $"{(command == "pretrain" ? "random-init" : "random")}, layers: 5 }}\n{training}\n");
        _ = Verb.Json($"compress {At("recipe.yaml")} --output {At("run")} --threads 1");
        var model = command switch { "correct" => teacher, "distill" => $"{teacher} --teacher {teacher}", _ => teacher };
        // The recipe of seed 1 corrects with the next one.
        var seed = command == "correct" ? CorrectionSection.SeedOf(1) : 1;
        _ = Verb.Json(
            $"{command} {model} --ids {ids} --held-out 10% --sequence 16 --seed {seed} {options} --output {At("trained")} --threads 1");

        var (ofRecipe, ofCommand) = (Stage("run", command == "pretrain" ? "distill" : command), Stage("trained.run", command));
        Assert.Equal(OptionsOf(ofRecipe), OptionsOf(ofCommand));
        // What begins from the same model is the same stage.
        if (command == "correct")
            Assert.Equal(Path.GetFileName(ofRecipe), Path.GetFileName(ofCommand));
    }

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    private string At(string name) => Path.Combine(_folder.Path, name);

    private string Stage(string run, string name) => Assert.Single(Directory.GetDirectories(At($"{run}/stages"), $"{name}-*"));

    private static string OptionsOf(string stage) =>
        string.Join('\n',
            StageRecord.Read(stage)!.Options!.AsObject().OrderBy(field => field.Key, StringComparer.Ordinal)
                .Select(field => $"{field.Key} {field.Value?.ToJsonString()}"));

    [GeneratedRegex(@"^\| `(?<key>[a-z-]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Key();

    [GeneratedRegex(@"\[default: (?<value>[^\]]+)\]")]
    private static partial Regex Default();
}
