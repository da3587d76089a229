using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Machine;

/// <summary>--profile of commands that train.</summary>
public sealed class ProfileTests : TorchTest
{
    [Fact]
    public void The_profile_is_in_the_json_where_it_was_asked_for_and_training_was_done()
    {
        using var folder = new TemporaryFolder();
        var ids = Verb.WriteIds(folder.Path, "ids.i32", Enumerable.Range(0, 4000).Select(i => i * i % 127));
        var line =
            $"distill {Fixtures.Golden("pruning", "width")} --teacher {Verb.Tiny} --ids {ids} --batch 4 --seq 32 --steps 3 --output "
                + $"{folder.Path}";
        var profile = Verb.Json($"{line}/one --profile").GetProperty("profile");
        Assert.Equal(1, profile.GetArrayLength());
        Verb.HasFields(profile[0], "stage steps tokens seconds gflops share_of_product product_gflops page_faults managed_bytes phases");
        Assert.Equal(["data", "teacher", "forward", "head", "backward", "optimizer", "other"],
            profile[0].GetProperty("phases").EnumerateArray().Select(phase => phase.GetProperty("phase").GetString()));
        Verb.HasFields(profile[0].GetProperty("phases")[3], "phase seconds share gflops share_of_product page_faults managed_bytes");
        Assert.Equal(2, profile[0].GetProperty("steps").GetInt64());
        // Done before: nothing was measured.
        Assert.Equal(0, Verb.Json($"{line}/one --profile").GetProperty("profile").GetArrayLength());
        Assert.False(Verb.Json($"{line}/two").TryGetProperty("profile", out _));
    }
}
