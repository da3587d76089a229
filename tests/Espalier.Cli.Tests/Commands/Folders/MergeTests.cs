using Espalier.Cli.Tests.Survival;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Folders;

/// <summary>Means of weights: of models, and of checkpoints of a training.</summary>
public sealed class MergeTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    [Fact]
    public void A_model_merged_with_itself_is_itself_bit_for_bit_in_its_type()
    {
        _ = Verb.Json($"merge {Verb.Teacher} {Verb.Teacher} {Verb.Teacher} --weights 1,0.3,7 --output {At("merged")}");
        foreach (var file in new[] { "model.safetensors", "tokenizer.json" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(Verb.Teacher, file)), File.ReadAllBytes(Path.Combine(At("merged"), file)));
    }

    public static TheoryData<string> Families =>
        [.. Directory.GetDirectories(Fixtures.Golden("families")).Order().Select(static folder => Path.GetFileName(folder))];

    [Theory]
    [MemberData(nameof(Families))]
    public void A_model_of_any_family_can_be_merged(string family)
    {
        var model = Fixtures.Golden("families", family);
        _ = Verb.Json($"merge {model} {model} --output {At("merged")}");
        using var merged = Checkpoint.Open(At("merged"));
        using var before = Checkpoint.Open(model);
        Assert.Equal(before.Entries.Keys.Order(), merged.Entries.Keys.Order());
        foreach (var name in merged.Entries.Keys)
            Assert.Equal(before.ReadFloat32(name), merged.ReadFloat32(name));
    }

    [Fact]
    public void A_weight_of_minus_zero_stays_one()
    {
        _ = Verb.Json($"import {Fixtures.Golden("quantized", "mxfp4")} --output {At("model")}");
        _ = Verb.Json($"merge {At("model")} {At("model")} --output {At("merged")}");
        Assert.Equal(File.ReadAllBytes(At("model/model.safetensors")), File.ReadAllBytes(At("merged/model.safetensors")));
    }

    [Theory]
    [InlineData("f32")]
    [InlineData("bf16")]
    public void A_mean_is_that_of_a_plain_loop_over_all_elements(string type)
    {
        var models = new[] { Random(1), Random(2), Random(3) };
        double[] shares = [2, 1, 0.5];
        var json = Verb.Json($"merge {string.Join(' ', models)} --weights 2,1,0.5 --dtype {type} --output {At("merged")}");
        Verb.HasFields(json, "output sources type parameters bytes checks");
        Assert.Equal([2 / 3.5, 1 / 3.5, 0.5 / 3.5],
            json.GetProperty("sources").EnumerateArray().Select(source => source.GetProperty("share").GetDouble()));
        Assert.Contains(json.GetProperty("checks").EnumerateArray(),
            check => check.GetString()!.StartsWith("16 elements of each tensor are the mean", StringComparison.Ordinal));

        using var merged = Checkpoint.Open(At("merged"));
        var open = models.Select(model => Checkpoint.Open(model)).ToArray();
        foreach (var name in merged.Entries.Keys)
        {
            var (values, found) = (open.Select(model => model.ReadFloat32(name)).ToArray(), merged.ReadFloat32(name));
            for (var i = 0; i < found.Length; i++)
            {
                var mean = (float)((shares[0] * values[0][i] + shares[1] * values[1][i] + shares[2] * values[2][i]) / 3.5);
                Assert.Equal(BitConverter.SingleToInt32Bits(type == "bf16" ? Bfloat16(mean) : mean),
                    BitConverter.SingleToInt32Bits(found[i]));
            }
        }
        foreach (var model in open)
            model.Dispose();
    }

    [Fact]
    public void Checkpoints_of_an_interrupted_training_are_merged_with_what_it_left_frozen()
    {
        using (var training = new RealProgram(
            "correct", Verb.Teacher, "--ids", Verb.TeacherIds, "--sequence", "32", "--batch", "2", "--freeze", "mlp", "--checkpoint-every",
            "1", "--steps", "2000",
            "--output", At("trained")))
        {
            training.Until(() => Steps().Length >= 2);
            training.Signal("TERM");
            Assert.True(training.Wait() == 130, training.Error);
        }
        var steps = Steps();
        Assert.True(steps.Length >= 2);
        _ = Verb.Json($"merge {string.Join(' ', steps)} --like {Verb.Teacher} --output {At("merged")}");

        using var merged = Checkpoint.Open(At("merged"));
        using var teacher = Checkpoint.Open(Verb.Teacher);
        Assert.Equal(ElementType.F32, merged.StoredType);
        var states = steps.Select(step => SafetensorsFile.Open(Path.Combine(step, "state.safetensors"))).ToArray();
        var frozen = 0;
        foreach (var name in merged.Entries.Keys)
            if (states[0].Entries.ContainsKey($"weight.{name}"))
            {
                var values = states.Select(state => state.ReadFloat32($"weight.{name}")).ToArray();
                Assert.Equal(Enumerable.Range(0, values[0].Length).Select(i => (float)(values.Sum(of => (double)of[i]) / values.Length)),
                    merged.ReadFloat32(name));
            }
            else
            {
                frozen++;
                Assert.Equal(teacher.ReadFloat32(name), merged.ReadFloat32(name));
            }
        Assert.True(frozen > 0);
        foreach (var state in states)
            state.Dispose();

        Assert.Contains("--like", Verb.Refused($"merge {string.Join(' ', steps)} --output {At("again")}"), StringComparison.Ordinal);
        Assert.Contains("of one training",
            Verb.Refused($"merge {string.Join(' ', steps)} --like {Random(1, "--hidden 192")} --output {At("again")}"),
            StringComparison.Ordinal);
        // A byte that is not the one that was saved.
        var damaged = Path.Combine(steps[0], "state.safetensors");
        var bytes = File.ReadAllBytes(damaged);
        bytes[^1] ^= 1;
        File.WriteAllBytes(damaged, bytes);
        Assert.Contains("is damaged or incomplete:",
            Verb.Refused($"merge {string.Join(' ', steps)} --like {Verb.Teacher} --output {At("again")}"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TEACHER SMALLER", "intermediate_size is 768 in")]
    [InlineData("TEACHER OTHER", "tokenizer.json differ")]
    [InlineData("TEACHER WITHOUT", "only models with the same tokenizer can be merged")]
    [InlineData("TEACHER TEACHER --weights 1,2,3", "--weights has 3 numbers, but there are 2 sources")]
    [InlineData("TEACHER TEACHER --weights 1,-1", "'-1' is not a number from 0")]
    [InlineData("TEACHER TEACHER --weights 0,0", "whose sum is 0")]
    [InlineData("TEACHER TEACHER --weights 1e308,1e308", "give numbers from 1e-6 to 1e6, or 0")]
    [InlineData("TEACHER TEACHER --weights 1,1e-300", "give numbers from 1e-6 to 1e6, or 0")]
    [InlineData("TEACHER", "was given: give at least two models")]
    [InlineData("TEACHER gone", "gone: not found")]
    [InlineData("TEACHER TEACHER --like TEACHER", "is a model itself")]
    public void What_cannot_be_merged_is_refused_by_name_and_leaves_nothing(string arguments, string named)
    {
        var (other, without) = (Verb.Copy(Verb.Teacher, At("other")), Verb.Copy(Verb.Teacher, At("without")));
        File.AppendAllText(Path.Combine(other, "tokenizer.json"), "\n");
        File.Delete(Path.Combine(without, "tokenizer.json"));
        arguments = arguments.Replace("TEACHER", Verb.Teacher, StringComparison.Ordinal).Replace("OTHER", other, StringComparison.Ordinal)
            .Replace("WITHOUT", without, StringComparison.Ordinal).Replace("SMALLER", Random(1, "--ffn 512"), StringComparison.Ordinal);
        Assert.Contains(named, Verb.Refused($"merge {arguments} --output {At("out")}"), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path, "out*"));
    }

    [Fact]
    public void A_killed_merge_leaves_nothing_once_it_is_given_again()
    {
        var place = Directory.CreateDirectory(At("place")).FullName;
        string[] line = ["merge", Verb.Teacher, Verb.Teacher, "--output", Path.Combine(place, "merged")];
        var isKilled = false;
        for (var attempt = 0; attempt < 20 && !isKilled; attempt++)
        {
            using var program = new RealProgram(line);
            program.Spin(() => Directory.GetDirectories(place, "merged.tmp-*").Length > 0);
            if (!program.HasExited)
                program.Kill();
            isKilled = Directory.GetDirectories(place, "merged.tmp-*").Length > 0;
            if (Directory.Exists(Path.Combine(place, "merged")))
                Directory.Delete(Path.Combine(place, "merged"), recursive: true);
        }
        Assert.True(isKilled, "no merge was met while it wrote");
        using (var program = new RealProgram(line))
            Assert.True(program.Wait() == 0, program.Error);
        Assert.Equal([Path.Combine(place, "merged")], Directory.GetFileSystemEntries(place));
    }

    private string At(string name) => Path.Combine(_folder.Path, name);

    private string[] Steps() =>
        !Directory.Exists(At("trained.run/stages")) ? [] : [.. Directory.GetDirectories(At("trained.run/stages"), "correct-*")
        .Select(stage => Path.Combine(stage, "checkpoints")).Where(Directory.Exists)
        .SelectMany(checkpoints => Directory.GetDirectories(checkpoints, "step-*"))
        .Where(step => !step.EndsWith(".tmp", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    private string Random(int seed, string sizes = "--ffn 640")
    {
        var model = At($"random-{seed}-{sizes.Length}");
        _ = Verb.Json($"prune {Verb.Teacher} --random --seed {seed} {sizes} --output {model}");
        return model;
    }

    private static float Bfloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return BitConverter.UInt32BitsToSingle((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000);
    }
}
