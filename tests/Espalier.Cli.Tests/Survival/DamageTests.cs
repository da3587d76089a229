using Espalier.Tests;

namespace Espalier.Cli.Tests.Survival;

/// <summary>Promise R5 on the real program: damage is found before a step is done on it, said, and made good.</summary>
[Collection(SharedSmallRun.Name)]
public sealed class DamageTests(SmallRun small)
{
    [Fact]
    public void A_damaged_checkpoint_is_passed_over_with_a_word_and_the_end_has_the_same_bits()
    {
        var killed = small.At("killed");
        using (var program = small.Start(killed))
        {
            program.Until(() => SmallRun.Checkpoints(killed) is { Length: >= 2 });
            program.Kill();
        }
        var random = new Random(5);
        string[] ways = ["flipped", "missing", "exchanged", "cut"];
        for (var i = 0; i < LongRun.Times(2, 60); i++)
        {
            var run = small.At($"damaged-{i}");
            Copy(killed, run);
            var newest = SmallRun.Checkpoints(run)[^1];
            var way = ways[i % ways.Length];
            Damage(newest, way, random);
            using var program = small.Start(run);
            Assert.True(program.Wait() == 0, program.Error);
            Assert.Contains($"{newest} is damaged, so it is skipped: ", program.Error, StringComparison.Ordinal);
            small.AssertUndisturbed(run);
            Directory.Delete(run, recursive: true);
        }
    }

    [Fact]
    public void A_flipped_bit_in_what_a_finished_stage_made_is_found_and_the_stage_done_again()
    {
        const string stage = "correct", name = "model/model.safetensors";
        var run = small.At("flipped");
        Copy(small.Undisturbed, run);
        var folder = Directory.GetDirectories(Path.Combine(run, "stages"), $"{stage}-*").Single();
        Flip(Path.Combine(folder, name), new Random(9));
        using var program = small.Start(run);
        Assert.True(program.Wait() == 0, program.Error);
        Assert.Contains($"is run again: {name} has the hash ", program.Error, StringComparison.Ordinal);
        small.AssertUndisturbed(run);
    }

    private static void Damage(string checkpoint, string way, Random random)
    {
        var files = Directory.GetFiles(checkpoint).Order(StringComparer.Ordinal).ToArray();
        var file = files[random.Next(files.Length)];
        switch (way)
        {
            case "flipped":
                Flip(file, random);
                break;
            case "cut":
                File.WriteAllBytes(file, File.ReadAllBytes(file)[..random.Next((int)new FileInfo(file).Length)]);
                break;
            case "missing":
                File.Delete(file);
                break;
            default:
                var other = files[(Array.IndexOf(files, file) + 1) % files.Length];
                (var kept, _) = (File.ReadAllBytes(file), 0);
                File.Move(other, file, overwrite: true);
                File.WriteAllBytes(other, kept);
                break;
        }
    }

    private static void Flip(string file, Random random)
    {
        var bytes = File.ReadAllBytes(file);
        var bit = random.Next(bytes.Length * 8);
        bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        File.WriteAllBytes(file, bytes);
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
