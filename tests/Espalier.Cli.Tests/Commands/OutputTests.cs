using System.CommandLine;
using System.Diagnostics;
using Espalier.Cli.Commands;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands;

/// <summary>
/// Promise R20, for every option of every command that names an output: what is read is not written over, by whatever name it is reached,
/// nor is a file that the command did not write.
/// </summary>
public sealed class OutputTests : TorchTest
{
    /// <summary>
    /// A command line for every output; M is a model, I its ids, R a recipe, K a benchmark, C one of programs, D conversations, OUT the
    /// output and N a place that is free.
    /// </summary>
    private static readonly Dictionary<string, string> s_lines = new()
    {
        ["init --output"] = "init M I --output OUT",
        ["compress --output"] = "compress R --output OUT",
        ["search --output"] = "search R --output OUT",
        ["search --write"] = "search R --enumerate --output N --write OUT",
        ["search --picture"] = "search R --output N --picture OUT",
        ["score --output"] = "score M --ids I --seq 16 --samples 4 --output OUT",
        ["depth --output"] = "depth M --ids I --seq 16 --samples 4 --metrics lm-loss --output OUT",
        ["depth --picture"] = "depth M --ids I --seq 16 --samples 4 --metrics lm-loss --picture OUT",
        ["merge --output"] = "merge M M --output OUT",
        ["prune --output"] = "prune M --random --ffn 64 --multiple 1 --output OUT",
        ["prune --write-plan"] = "prune M --random --ffn 64 --multiple 1 --output N --write-plan OUT",
        ["correct --output"] = "correct M --ids I --seq 16 --steps 1 --output OUT",
        ["distill --output"] = "distill M --teacher T --ids I --seq 16 --steps 1 --output OUT",
        ["pretrain --output"] = "pretrain M --ids I --seq 16 --steps 1 --output OUT",
        ["synthesize --output"] = "synthesize M --count 1 --max-tokens 2 --output OUT",
        ["align --output"] = "align M --data D --output OUT",
        ["cache --output"] = "cache M --ids I --seq 16 --k 4 --output OUT",
        ["evaluate --per-token"] = "evaluate M --ids I --seq 16 --windows 2 --per-token OUT",
        ["evaluate --per-document"] = "evaluate M --tasks K --per-document OUT",
        ["evaluate --samples"] = "evaluate M --tasks C --samples OUT",
        ["export --output"] = "export M --type f32 --output OUT",
    };

    /// <summary>Options that name something to read, or a folder to measure in.</summary>
    private static readonly HashSet<string> s_reads =
    [
        "--ids", "--teacher", "--cache", "--scores", "--like", "--depth-scores", "--plan", "--task", "--order", "--reference", "--train",
        "--folder", "--compare", "--data", "--chat-template", "--tasks", "--benchmarks", "--judge", "--contamination", "--prompts",
        "--decontaminate", "--api-key-file", "--replay-data",
    ];

    /// <summary>What needs a finished run, or a file that is no model's folder, and is tested where there is one.</summary>
    private static readonly HashSet<string> s_elsewhere = ["report --output", "import --output"];

    private readonly TemporaryFolder _folder = new();
    private readonly string _model, _ids;

    public OutputTests()
    {
        _model = Verb.Copy(Verb.Tiny, At("model"));
        Verb.Copy(Verb.Tiny, At("teacher"));
        _ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 2000).Select(i => i * i % 127));
        File.WriteAllText(At("recipe.yaml"),
            $"teacher: {_model}\ndata: {{ train: {_ids}, held-out: 10%, sequence: 16 }}\nsearch: {{ hidden: [32, 48], ffn: [64, 96] "
                + $"}}\nscore: {{ samples: 4 }}\ndistill: {{ steps: 3, batch: 2 }}\n");
        File.WriteAllText(At("programs.jsonl"), "{\"task_id\": \"1\", \"q\": \"a\"}\n");
        File.WriteAllText(At("programs.yaml"),
            "kind: code\ntest: programs.jsonl\nprompt: \"{q}\"\ntarget: x\nmax-tokens: 4\nprogram: \"{completion}\"\n");
        Directory.CreateSymbolicLink(At("link-to-model"), _model);
        File.CreateSymbolicLink(At("link-to-weights"), Path.Combine(_model, "model.safetensors"));
        File.CreateSymbolicLink(At("link-to-ids"), _ids);
        Directory.CreateDirectory(At("deep"));
        using var ln = Process.Start("ln", [Path.Combine(_model, "model.safetensors"), At("twin")]);
        ln.WaitForExit();
    }

    [Fact]
    public void Every_option_that_names_an_output_is_in_the_table()
    {
        var paths = CommandList.All()
            .SelectMany(command => command.Options.Where(IsPath).Select(option => (Name: $"{command.Name} {option.Name}", Option: option)))
            .ToArray();
        Assert.All(paths, path => Assert.True(
            path.Option is OutputOption ? s_lines.ContainsKey(path.Name) || s_elsewhere.Contains(path.Name)
                : s_reads.Contains(path.Option.Name),
            $"{path.Name} names a path: make it an {nameof(OutputOption)} and add a row here, or say above that it is read"));
        Assert.Equal(s_lines.Keys.Order(),
            paths.Where(path => path.Option is OutputOption).Select(path => path.Name).Except(s_elsewhere).Order());
    }

    public static TheoryData<string> Outputs => [.. s_lines.Keys];

    [Theory]
    [MemberData(nameof(Outputs))]
    public void No_command_writes_over_what_it_reads(string output)
    {
        string[] places = ["model", "model/model.safetensors", "model/new", "model/new/x", "deep/../model/new", "link-to-model",
            "link-to-model/new", "link-to-weights", "twin", "ids.i32", "link-to-ids"];
        var before = Everything();
        foreach (var place in places)
        {
            Verb.Refused(Line(output, At(place)));
            Assert.Equal(before, Everything());
        }
    }

    [Theory]
    [MemberData(nameof(Outputs))]
    public void No_command_replaces_what_it_did_not_write(string output)
    {
        Directory.CreateDirectory(At("mine"));
        File.WriteAllText(At("mine/thesis.txt"), "years of work");
        File.WriteAllText(At("thesis.json"), "{\"years\": \"of work\"}");
        File.CreateSymbolicLink(At("nowhere"), At("deep/nothing"));
        var before = Everything();
        foreach (var place in (string[])[.. IsRunFolder(output) ? []
            : (string[])["mine", "deep/../mine"], "mine/thesis.txt", "thesis.json", .. IsFile(output) ? ["nowhere"]
            : Array.Empty<string>()])
        {
            Verb.Refused(Line(output, At(place)));
            Assert.Equal(before, Everything());
        }
    }

    [Theory]
    [InlineData("score --output")]
    [InlineData("depth --output")]
    [InlineData("depth --picture")]
    [InlineData("search --write")]
    [InlineData("evaluate --per-token")]
    [InlineData("export --output")]
    public void An_earlier_output_of_the_same_command_is_replaced_and_so_is_an_empty_file(string output)
    {
        File.WriteAllText(At("out.gguf"), "");
        Verb.Json(Line(output, At("out.gguf")));
        var first = File.ReadAllBytes(At("out.gguf"));
        Assert.NotEmpty(first);
        Verb.Json(Line(output, At("out.gguf")));
        Assert.Equal(first.Length, new FileInfo(At("out.gguf")).Length);
    }

    [Fact]
    public void A_plan_is_not_written_over_the_scores_nor_over_the_new_model()
    {
        Verb.Json($"score {_model} --ids {_ids} --seq 16 --samples 4 --output {At("scores.json")}");
        var line = $"prune {_model} --scores {At("scores.json")} --ffn 64 --multiple 1 --output {At("pruned")} --write-plan ";
        Assert.Contains("the scores", Verb.Refused(line + At("scores.json")));
        Assert.Contains("is also --output", Verb.Refused(line + At("pruned")));
        Assert.False(Path.Exists(At("pruned")));
    }

    private static bool IsPath(Option option) =>
        option.HelpName is { } form && (form.Contains("FILE", StringComparison.Ordinal) || form.Contains("FOLDER", StringComparison.Ordinal)
        || form.Contains('.', StringComparison.Ordinal) || option.Name is "--ids" or "--train" or "--reference");

    private static bool IsRunFolder(string output) => output is "compress --output" or "search --output";

    private static bool IsFile(string output) => output.Contains("--write", StringComparison.Ordinal)
        || output is "init --output" or "score --output" or "depth --output" or "depth --picture" or "search --picture"
        or "evaluate --per-token" or "evaluate --per-document" or "evaluate --samples" or "synthesize --output";

    private string At(string name) => Path.Combine(_folder.Path, name);

    private string Line(string output, string place) => string.Join(' ', s_lines[output].Split(' ').Select(word => word switch
    {
        "M" => _model,
        "T" => At("teacher"),
        "I" => _ids,
        "K" => Path.Combine(Fixtures.Root, "tasks", "endings", "endings.yaml"),
        "C" => At("programs.yaml"),
        "D" => Path.Combine(Fixtures.Root, "samples", "letters.jsonl"),
        "R" => At("recipe.yaml"),
        "N" => At("free"),
        "OUT" => place,
        _ => word,
    }));

    private string[] Everything() =>
    [
        .. Directory.GetFileSystemEntries(_folder.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(path => $"{path} {new FileInfo(path).LinkTarget ?? (File.Exists(path) ? ContentHash.OfFile(path) : "folder")}"),
    ];

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }
}
